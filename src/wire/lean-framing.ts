/** What each request of a session carries beside its own words, as the revision wants it. */
import type { ProtocolVersion } from "../history/protocol.ts";
import { isObject, type JsonObject } from "./lean-rpc.ts";

export interface Framing {
  /** Absent: none has been agreed on yet. */
  readonly revision?: ProtocolVersion;
  readonly sessionId?: string;
  /** Where there is no session, each request tells in its `_meta` who asks, and over HTTP in its headers what. */
  readonly meta?: JsonObject;
}

export function sessionlessFraming(
  revision: ProtocolVersion,
  clientName: string,
  capabilities: JsonObject = {},
): Framing {
  return {
    revision,
    meta: {
      "io.modelcontextprotocol/protocolVersion": revision,
      "io.modelcontextprotocol/clientInfo": { name: clientName, version: "1" },
      "io.modelcontextprotocol/clientCapabilities": capabilities,
    },
  };
}

/** The params of a request with what the framing puts into them. */
export function framedParams(params: unknown, { meta }: Framing): unknown {
  if (meta === undefined) return params;
  const own = isObject(params) ? params : {};
  return { ...own, _meta: { ...(isObject(own["_meta"]) ? own["_meta"] : {}), ...meta } };
}

/** What names a request: over HTTP whoever passes it on need not read its body. */
export interface Named {
  readonly method: string;
  readonly name?: string | undefined;
}

type Header = readonly [name: string, value: string];

/** Of every message over HTTP. The revision's header came with 2025-06-18. */
export function sessionHeaders({ revision, sessionId }: Framing): readonly Header[] {
  return [
    ...(revision === undefined || revision < "2025-06-18" ? [] : [["mcp-protocol-version", revision] as const]),
    ...(sessionId === undefined ? [] : [["mcp-session-id", sessionId] as const]),
  ];
}

/** Of one request over HTTP. */
export function requestHeaders({ method, name }: Named, { meta }: Framing): readonly Header[] {
  if (meta === undefined) return [];
  return [["mcp-method", method], ...(name === undefined ? [] : [["mcp-name", headerValueOf(name)] as const])];
}

/** As the specification has it for what a header cannot hold, or would not hold unchanged. */
function headerValueOf(text: string): string {
  const isPlain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

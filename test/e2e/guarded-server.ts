/** An MCP server that lets in only whom it knows, and an authorization server whose tokens live for two seconds. */
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createSecure, type ServerOptions } from "node:https";
import { once } from "node:events";
import type { Server } from "node:net";
import { text } from "node:stream/consumers";

export interface Serving {
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Guarded extends Serving {
  /** What each call of a tool had in its head. */
  readonly calls: { readonly agent: string; readonly headers: IncomingMessage["headers"] }[];
  refused: number;
}

export interface Guard {
  /** Whether this header lets its bearer in. */
  readonly lets: (authorization: string | undefined) => boolean;
  /** Sent with a refusal. */
  readonly challenge?: string;
  /** What the tool answers; it may repeat what it should not. */
  readonly answer?: (request: IncomingMessage, body: string) => unknown;
  /** What it says with everything. */
  readonly headers?: (request: IncomingMessage) => Record<string, string>;
  readonly secure?: ServerOptions;
}

interface Asked {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly clientInfo?: { readonly name?: string }; readonly protocolVersion?: string };
}

export async function guardedServer(guard: Guard): Promise<Guarded> {
  const { lets, challenge, answer = () => ({ content: [{ type: "text", text: "hello" }] }), secure } = guard;
  const agents = new Map<string, string>();
  const calls: Guarded["calls"] = [];
  const found = { refused: 0 };
  const results: Record<string, (asked: Asked, request: IncomingMessage, body: string) => unknown> = {
    initialize: ({ params }) => ({
      protocolVersion: params?.protocolVersion ?? "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "guarded", version: "1" },
    }),
    "tools/list": () => ({
      tools: [{ name: "Hello", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }],
    }),
    "tools/call": (_, request, body) => {
      calls.push({ agent: agents.get(String(request.headers["mcp-session-id"])) ?? "", headers: request.headers });
      return answer(request, body);
    },
  };
  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const said = guard.headers?.(request) ?? {};
    if (!lets(request.headers.authorization)) {
      // Whether it answers at all is asked by nobody in particular.
      if (request.method === "POST") found.refused += 1;
      const why = challenge === undefined ? {} : { "www-authenticate": challenge };
      response.writeHead(401, { ...said, ...why }).end(`not you: ${request.headers.authorization}`);
      return;
    }
    if (request.method !== "POST") return void response.writeHead(request.method === "DELETE" ? 200 : 405, said).end();
    const asked = JSON.parse(body) as Asked;
    if (asked.id === undefined) return void response.writeHead(202, said).end();
    const make = results[asked.method ?? ""];
    const json = { ...said, "content-type": "application/json" };
    if (make === undefined) {
      const error = { code: -32601, message: "unknown method" };
      response.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id: asked.id, error }));
      return;
    }
    const session = asked.method === "initialize" ? `s${agents.size}` : undefined;
    if (session !== undefined) agents.set(session, asked.params?.clientInfo?.name ?? "");
    const result = make(asked, request, body);
    response
      .writeHead(200, { ...json, ...(session === undefined ? {} : { "mcp-session-id": session }) })
      .end(JSON.stringify({ jsonrpc: "2.0", id: asked.id, result }));
  };
  const serving = await serve((request, response) => void onRequest(request, response), { path: "/mcp", secure });
  return {
    ...serving,
    calls,
    get refused() {
      return found.refused;
    },
  };
}

export interface TokenServer extends Serving {
  readonly grants: { readonly form: URLSearchParams; readonly authorization: string | undefined }[];
  /** Whether a server that trusts this one lets in who shows this. */
  readonly lets: (authorization: string | undefined) => boolean;
  /** How it refuses everybody from now on. */
  refuse?: { readonly status: number; readonly error: string };
}

export async function tokenServer({
  lastsS = 2,
  secure,
  token = (n) => `granted-token-${n}`,
}: {
  readonly lastsS?: number;
  readonly secure?: ServerOptions;
  readonly token?: (number: number) => string;
} = {}): Promise<TokenServer> {
  const grants: TokenServer["grants"] = [];
  const goodUntil = new Map<string, number>();
  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const json = (status: number, value: unknown): void =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const base = own.url.replace(/\/token$/, "");
    if (request.url?.startsWith("/.well-known/oauth-protected-resource") === true) {
      return json(200, { resource: `${base}/mcp`, authorization_servers: [base] });
    }
    if (request.url?.startsWith("/.well-known/") === true) {
      const endpoints = { issuer: base, authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token` };
      return json(200, { ...endpoints, response_types_supported: ["code"] });
    }
    grants.push({ form: new URLSearchParams(body), authorization: request.headers.authorization });
    if (own.refuse !== undefined) return json(own.refuse.status, { error: own.refuse.error });
    const granted = token(grants.length);
    goodUntil.set(`Bearer ${granted}`, performance.now() + lastsS * 1000);
    json(200, { access_token: granted, token_type: "Bearer", expires_in: lastsS });
  };
  const serving = await serve((request, response) => void onRequest(request, response), { path: "/token", secure });
  const own: TokenServer = {
    ...serving,
    grants,
    lets: (authorization = "") => (goodUntil.get(authorization) ?? 0) > performance.now(),
  };
  return own;
}

async function serve(
  onRequest: RequestListener,
  { path, secure }: { readonly path: string; readonly secure: ServerOptions | undefined },
): Promise<Serving> {
  const server = secure === undefined ? createPlain(onRequest) : createSecure(secure, onRequest);
  listen(server);
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("it listens");
  const host = secure === undefined ? "127.0.0.1" : "localhost";
  return {
    url: `${secure === undefined ? "http" : "https"}://${host}:${address.port}${path}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function listen(server: Server): void {
  server.listen({ host: "127.0.0.1", port: 0 });
}

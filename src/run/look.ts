/**
 * One look at an address with which no session could be opened, for a person to know why: what it answers to MCP's
 * greeting, and whether an MCP server is at one of the usual paths beside it. Nothing but greetings is sent.
 */
import { request as requestHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { connect as connectSecurely } from "node:tls";
import { tlsOptionsOf, type Trust } from "../certificates.ts";
import { codeOf, messageOf } from "../errors.ts";
import type { BodyKind, Elsewhere, Seen } from "../first-contact.ts";
import { parsedJson } from "../history/shape.ts";
import { isObject } from "../wire/lean-rpc.ts";
import type { World } from "../world.ts";

export interface LookOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly trust?: Trust;
  readonly world: World;
}

export interface Looked {
  readonly seen: Seen;
  /** Seen from the address that was looked at. */
  readonly elsewhere?: Omit<Elsewhere, "url"> & { readonly path: string };
}

const patienceMs = 2000;
const bodyBytesMax = 4096;
const usualPaths = ["/mcp", "/sse", "/"];

export async function look(options: LookOptions): Promise<Looked> {
  const seen = await ask(options, greeting);
  if (seen.is === "silence" && options.url.protocol === "http:" && mayBeTls.test(seen.code)) {
    return { seen: { ...seen, speaksTls: await speaksTls(options) } };
  }
  if (seen.is !== "answer" || !mayBeElsewhere(seen)) return { seen };
  const elsewhere = await findElsewhere(options);
  return elsewhere === undefined ? { seen } : { seen, elsewhere };
}

const mayBeTls = /^(?:ECONNRESET|EPIPE)$|^socket hang up$|^connected, but no answer$/;

/** Where what answers is surely no MCP server. */
function mayBeElsewhere({ status, body }: Extract<Seen, { readonly is: "answer" }>): boolean {
  if (status >= 200 && status <= 299) return body !== "json-rpc" && body !== "event-stream";
  return status === 404 || status === 405 || body === "web-page";
}

async function findElsewhere(options: LookOptions): Promise<Looked["elsewhere"]> {
  const { pathname } = options.url;
  for (const path of [pathname, ...usualPaths.filter((usual) => usual !== pathname)]) {
    const there = { ...options, url: new URL(path, options.url) };
    const greeted = path === pathname ? undefined : await ask(there, greeting);
    const isMcp = greeted?.is === "answer" && (greeted.body === "json-rpc" || greeted.body === "event-stream");
    if (isMcp && greeted.status < 500 && greeted.status !== 404) return { path, speaks: "streamable-http" };
    const stream = await ask(there, { method: "GET", accept: "text/event-stream", body: "" });
    const isOlder =
      stream.is === "answer" && stream.body === "event-stream" && /^event: ?endpoint/m.test(stream.words ?? "");
    if (isOlder) return { path, speaks: "http-sse" };
  }
  return undefined;
}

interface Asking {
  readonly method: "GET" | "POST";
  readonly accept: string;
  readonly body: string;
}

const greeting: Asking = {
  method: "POST",
  accept: "application/json, text/event-stream",
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "squall", version: "1" } },
  }),
};

function ask({ url, headers, trust, world }: LookOptions, { method, accept, body }: Asking): Promise<Seen> {
  return new Promise((resolve) => {
    const sent = { ...headers, accept, ...(body === "" ? {} : { "content-type": "application/json" }) };
    const options = { method, agent: false as const, headers: sent };
    const asked: ClientRequest =
      url.protocol === "https:"
        ? requestHttps(url, { ...options, ...(trust === undefined ? {} : tlsOptionsOf(trust)) })
        : requestHttp(url, options);
    let came: Seen = { is: "silence", code: "connected, but no answer" };
    const settle = (seen: Seen): void => {
      limit.cancel();
      resolve(seen);
      // An event stream would go on for ever.
      asked.destroy();
    };
    const limit = world.timer(patienceMs, () => settle(came));
    asked.on("response", (answer) => {
      came = answered(answer, "");
      readSome(answer, (text, isOver) => {
        came = answered(answer, text);
        if (isOver) settle(came);
      });
    });
    asked.on("upgrade", (answer, socket) => {
      socket.destroy();
      settle(answered(answer, ""));
    });
    asked.on("error", (error) => settle(came.is === "answer" ? came : broken(error)));
    asked.end(body);
  });
}

/** As much of it as is needed to tell what it is; an event stream tells that with its first event. */
function readSome(answer: IncomingMessage, tell: (text: string, isOver: boolean) => void): void {
  let text = "";
  answer.setEncoding("utf8");
  answer.on("data", (more: string) => {
    text = (text + more).slice(0, bodyBytesMax);
    const isEvent = mediaTypeOf(answer) === "text/event-stream" && text.includes("\n\n");
    tell(text, isEvent || text.length >= bodyBytesMax);
  });
  for (const end of ["end", "error"]) answer.on(end, () => tell(text, true));
}

function answered(answer: IncomingMessage, text: string): Seen {
  const { statusCode: status = 0, headers } = answer;
  const body = kindOf(mediaTypeOf(answer), text.trim());
  const scheme = headers["www-authenticate"]?.trim().split(/[\s,]/, 1)[0]?.toLowerCase();
  const { location, upgrade } = headers;
  const words = body === "web-page" ? undefined : wordsIn(text);
  return {
    is: "answer",
    status,
    body,
    ...(words === undefined || words === "" ? {} : { words }),
    ...(scheme === undefined || scheme === "" ? {} : { asksFor: scheme }),
    ...(location === undefined ? {} : { leadsTo: location }),
    ...(upgrade === undefined ? {} : { upgrade }),
  };
}

const mediaTypeOf = ({ headers }: IncomingMessage): string =>
  headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";

function kindOf(mediaType: string, text: string): BodyKind {
  if (mediaType === "text/event-stream") return "event-stream";
  if (text === "") return "empty";
  if (mediaType === "text/html" || /^<(?:!doctype|html|head|body)\b/i.test(text)) return "web-page";
  if (/^[{[]/.test(text)) return /"jsonrpc"\s*:/.test(text) ? "json-rpc" : "json";
  return "text";
}

/** What JSON says in the usual places, else the text itself. */
function wordsIn(text: string): string {
  const value = parsedJson(text);
  if (!isObject(value)) return text;
  const { error, message } = value;
  const said = isObject(error) ? error["message"] : (error ?? message);
  return typeof said === "string" ? said : text;
}

function broken(error: Error): Seen {
  const code = codeOf(error) ?? messageOf(error);
  if (!code.startsWith("HPE_"))
    return { is: "silence", code: messageOf(error) === "socket hang up" ? "socket hang up" : code };
  const packet =
    "rawPacket" in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString("latin1", 0, 200) : "";
  return { is: "not-http", ...(packet === "" ? {} : { words: packet }) };
}

function speaksTls({ url, world }: LookOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    // Whom one would speak to is no matter: nothing is said.
    const socket = connectSecurely({ host, port: Number(url.port === "" ? 80 : url.port), rejectUnauthorized: false });
    const settle = (does: boolean): void => {
      limit.cancel();
      resolve(does);
      socket.destroy();
    };
    const limit = world.timer(patienceMs, () => settle(false));
    socket.once("secureConnect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}

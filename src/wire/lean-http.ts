/**
 * One HTTP request of the lean wire, straight on node:http: nothing is retried, redirected or hidden. It tells once
 * what came of it, and stays at hand for as long as its connection is in use.
 */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { codeOf, messageOf } from "../errors.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import { retryAfterMs } from "../units.ts";
import type { World } from "../world.ts";
import { bodyReader, type BodyReader, type Found, type Waiting } from "./lean-body.ts";
import { lingerMs, type OpenRequest, type Reply, type Seen } from "./lean-channel.ts";

/** A hostile server must not fill our memory; real answers are far smaller. */
export const answerBytesMax = 8 * 1024 * 1024;

/** The far end: one keep-alive pool of connections to one URL. */
export interface Peer {
  readonly host: string;
  send(method: string, headers: readonly string[]): ClientRequest;
  close(): void;
}

export function openPeer(url: URL): Peer {
  const secure = url.protocol === "https:";
  const pool = { keepAlive: true, noDelay: true, maxSockets: Infinity };
  const agent = secure ? new HttpsAgent(pool) : new HttpAgent(pool);
  const request = secure ? httpsRequest : httpRequest;
  const to = {
    agent,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
  };
  return {
    host: url.host,
    // Headers as a flat list of names and values go out as they are: a quarter cheaper than an object.
    send: (method, headers) => request({ ...to, method, headers }),
    close: () => agent.destroy(),
  };
}

export interface RequestOptions extends Waiting {
  readonly method: "POST" | "DELETE";
  /** All but content-length: names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly world: World;
  /** Called once, unless the request is destroyed before. */
  readonly tell: (reply: Reply) => void;
  /** The connection is free again, or gone. */
  readonly onClosed: () => void;
}

export function openRequest(peer: Peer, options: RequestOptions): OpenRequest {
  const { world, tell, onClosed } = options;
  const seen: Seen = {};
  let told = false;
  let closed = false;
  let stopLingering: (() => void) | undefined;
  let reader: BodyReader | undefined;
  let headers: IncomingHttpHeaders | undefined;

  const request = peer.send(options.method, [
    ...options.headers,
    "content-length",
    String(Buffer.byteLength(options.body)),
  ]);

  const seenNow = (): Seen => {
    // The flag tells nothing before the request has got its connection.
    if (seen.reusedSocket === undefined && request.socket !== null) seen.reusedSocket = request.reusedSocket;
    return seen;
  };
  const settle = (found: Found): void => {
    if (told) return;
    told = true;
    tell({ ...found, seen: seenNow(), ...(headers === undefined ? {} : { headers }) });
  };
  const destroy = (): void => {
    told = true;
    request.destroy();
  };
  const linger = (): void => {
    if (closed || stopLingering !== undefined) return;
    const timer = world.timer(lingerMs, destroy);
    stopLingering = () => timer.cancel();
  };

  const onResponse = (response: IncomingMessage): void => {
    headers = response.headers;
    const status = response.statusCode ?? 0;
    const body = bodyReader(status, headers, options);
    reader = body;
    seen.status = status;
    seen.bytes = 0;
    const waitMs = retryAfterMs(headers["retry-after"], world.date());
    if (waitMs !== undefined) seen.retryAfterMs = waitMs;

    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      seen.bytes = bytes;
      if (bytes > answerBytesMax) {
        settle(body.cut("oversized"));
        destroy();
        return;
      }
      const found = body.feed(chunk);
      if (found === undefined || told) return;
      settle(found);
      linger();
    });
    response.on("end", () => settle(body.end()));
    response.on("error", () => settle(body.cut("truncated")));
  };

  request.on("response", onResponse);
  request.on("error", (error) => settle(reader?.cut("truncated") ?? brokenBy(error)));
  request.on("close", () => {
    closed = true;
    stopLingering?.();
    // Node drops a connection that wants to be upgraded without a word.
    settle(reader?.cut("truncated") ?? { is: "failure", class: "closed" });
    onClosed();
  });
  request.end(options.body);

  return { seen: seenNow, linger, destroy };
}

function brokenBy(error: Error): Found {
  const text = "rawPacket" in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString() : undefined;
  return { is: "failure", class: classOfError(error), cause: error, ...(text === undefined ? {} : { text }) };
}

const unreachableCodes: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "EHOSTDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
]);

// A certificate is judged before the first byte of the request goes out.
const certificateCodes = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

/** What an error before the first byte of an answer means. */
export function classOfError(error: Error): OutcomeClass {
  const code = codeOf(error) ?? "";
  const syscall = "syscall" in error ? error.syscall : undefined;
  // Once bytes have flowed, the same codes no longer mean that nothing was sent. A FIN comes as ECONNRESET too, but
  // as Node's own "socket hang up" that no system call reported: only a real RST names one.
  if (syscall === "read" || syscall === "write") return code === "ECONNRESET" || code === "EPIPE" ? "reset" : "closed";
  if (code === "ECONNREFUSED") return "refused";
  if (syscall === "connect" || syscall === "getaddrinfo" || unreachableCodes.has(code)) return "unreachable";
  if (certificateCodes.test(code)) return "unreachable";
  if (code === "HPE_HEADER_OVERFLOW") return "oversized";
  return code.startsWith("HPE_") || messageOf(error).startsWith("Parse Error") ? "malformed-answer" : "closed";
}

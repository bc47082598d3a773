/**
 * The open line of one lean session over HTTP: its headers, its numbering of requests, and what is still under way on
 * it. It knows JSON-RPC over HTTP; what the methods mean is for others.
 */
import { validateHeaderName, validateHeaderValue } from "node:http";
import { outcomeClasses } from "../history/outcomes.ts";
import type { World } from "../world.ts";
import { replyWithin, type Channel, type Failure, type OpenRequest, type Reply } from "./lean-channel.ts";
import { Peer } from "./http-peer.ts";
import { openRequest } from "./lean-http.ts";
import { answerTo, textOf, type Message } from "./lean-rpc.ts";
import { createStops, type Stops } from "./lean-stops.ts";
import { createWords, type Words } from "./mcp-result.ts";

/** What is said beside the calls (cancellations, answers to pings, the farewell) may not hold anything up. */
const asideTimeoutMs = 2000;
/** Pings and requests of the server that are answered while one request is open; more are left alone. */
const serverRequestsMax = 32;

export interface LineOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly world: World;
}

interface Sending {
  readonly body: string;
  readonly id?: number;
  readonly traceparent?: string;
  readonly method?: "POST" | "DELETE";
  readonly tell: (reply: Reply) => void;
}

export class Line implements Channel {
  /** The URL as messages name it: without login and query, which may hold secrets. */
  readonly name: string;
  readonly world: World;
  readonly stops: Stops = createStops();
  readonly words: Words;
  /** True once the server answered 404 to this session. */
  lost = false;
  closed = false;
  readonly isShared = false;
  readonly #peer: Peer;
  readonly #path: string;
  readonly #common: readonly Header[];
  readonly #open = new Set<OpenRequest>();
  readonly #asides = new Set<Promise<unknown>>();
  /** What every request of this session has in its head. */
  #lines: string | undefined;
  /** What names the session, beside what every request of anybody has. */
  #entered: readonly Header[] = [];
  #sessionId: string | undefined;
  #lastId = 0;

  constructor({ url, headers, world }: LineOptions) {
    this.name = url.origin + url.pathname;
    this.world = world;
    this.words = createWords([...Object.values(headers), decodeURIComponent(url.password)]);
    this.#path = url.pathname + url.search;
    this.#common = [...callerHeaders(url, headers), ...contentHeaders];
    const keepsAlive = !this.#common.some(([name, value]) => name === "connection" && /\bclose\b/i.test(value));
    this.#peer = new Peer(url, { keepsAlive, nowUs: world.nowUs });
  }

  get hasId(): boolean {
    return this.#sessionId !== undefined;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** From now on every request names the session and, where its revision asks for that, the revision. */
  enter(revision: string, { sessionId }: Reply): void {
    this.#sessionId = sessionId;
    this.#entered = [
      // The header came with 2025-06-18.
      ...(revision === "2025-03-26" ? [] : [["mcp-protocol-version", revision] as const]),
      ...(sessionId === undefined ? [] : [["mcp-session-id", sessionId] as const]),
    ];
    this.#lines = linesOf([...this.#common, ...this.#entered]);
  }

  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#common, ...this.#entered]);
  }

  post(id: number, traceparent: string, text: string, tell: (reply: Reply) => void): OpenRequest {
    const request: OpenRequest = this.#send({ id, traceparent, body: text, tell }, () => this.#open.delete(request));
    this.#open.add(request);
    return request;
  }

  ask(message: Message, timeoutMs: number): Promise<Reply> {
    const id = this.nextId();
    return this.#within(timeoutMs, { id, body: textOf({ id, ...message }) });
  }

  async notify(message: Message, timeoutMs: number): Promise<Failure | undefined> {
    const reply = await this.#within(timeoutMs, { body: textOf(message) });
    return reply.is === "answer" || wasTaken(reply) ? undefined : reply;
  }

  mention(message: Message): void {
    this.#aside({ body: textOf(message) });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.stops.stopAll();
    for (const request of this.#open) request.destroy();
    if (this.#sessionId !== undefined && !this.lost) this.#aside({ body: "", method: "DELETE" });
    // A cancellation that was just sent should still arrive; its time is short.
    await Promise.all(this.#asides);
    this.#peer.close();
  }

  #send({ id, body, traceparent, method = "POST", tell }: Sending, onClosed: () => void): OpenRequest {
    let serverRequests = 0;
    this.#lines ??= linesOf(this.#common);
    const trace = traceparent === undefined ? "" : `traceparent: ${traceparent}\r\n`;
    return openRequest(this.#peer, {
      id,
      head: `${method} ${this.#path} HTTP/1.1\r\n${this.#lines}${trace}`,
      body,
      inSession: this.#sessionId !== undefined,
      world: this.world,
      tell: (reply) => {
        if (reply.is === "failure" && reply.class === "session-lost") this.lost = true;
        tell(reply);
      },
      onServerRequest: (request) => {
        serverRequests += 1;
        if (serverRequests <= serverRequestsMax && !this.closed) this.#aside({ body: answerTo(request) });
      },
      onClosed,
    });
  }

  #within(timeoutMs: number, sending: Omit<Sending, "tell">): Promise<Reply> {
    return replyWithin(timeoutMs, this.world, (tell) => this.#send({ ...sending, tell }, () => undefined));
  }

  #aside(sending: Omit<Sending, "tell">): void {
    const said = this.#within(asideTimeoutMs, sending).finally(() => this.#asides.delete(said));
    this.#asides.add(said);
  }
}

/** A notification has no answer: any 2xx will do. */
function wasTaken({ class: is, seen: { status = 0 } }: Failure): boolean {
  return status >= 200 && status <= 299 && outcomeClasses[is].rung === "protocol";
}

type Header = readonly [name: string, value: string];

/** Throws where one cannot be sent. */
function linesOf(headers: readonly Header[]): string {
  return headers
    .map(([name, value]) => {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      return `${name}: ${value}\r\n`;
    })
    .join("");
}

const contentHeaders: readonly Header[] = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
];

/** These are ours to say: a second value would break the message or the measurement. */
const ownHeaders: ReadonlySet<string> = new Set([
  "content-type",
  "accept",
  "content-length",
  "transfer-encoding",
  "mcp-protocol-version",
  "mcp-session-id",
  "traceparent",
]);

function callerHeaders(url: URL, headers: Readonly<Record<string, string>>): Header[] {
  const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const all = new Map([
    ["host", url.host],
    ["connection", "keep-alive"],
    ...(login === ":" ? [] : [["authorization", `Basic ${Buffer.from(login).toString("base64")}`] as const]),
    ...given,
  ]);
  return [...all].filter(([name]) => !ownHeaders.has(name));
}

/**
 * The open line of one lean session over HTTP: its headers, its numbering of requests, and what is still under way on
 * it. It knows JSON-RPC over HTTP; what the methods mean is for others.
 */
import { Bag } from "../bag.ts";
import type { AskMethod } from "../history/asked-events.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import { disconnectCancels } from "../history/protocol.ts";
import { parsedJson } from "../history/shape.ts";
import type { World } from "../world.ts";
import { AskDesk, type Answering } from "./asked-back.ts";
import { Ear, endsCall, type Hears } from "./ear.ts";
import { replyWithin, type Channel, type Failure, type OpenRequest, type Posted, type Reply } from "./lean-channel.ts";
import { Peer } from "./http-peer.ts";
import { framedParams, requestHeaders, sessionHeaders, type Framing, type Named } from "./lean-framing.ts";
import { callerHeaders, contentHeaders, linesOf, type Header } from "./lean-headers.ts";
import { openRequest } from "./lean-http.ts";
import { Resumable } from "./lean-resume.ts";
import { OwnStream } from "./lean-stream.ts";
import { isObject, readMessage, textOf, type Message, type ServerRequest } from "./lean-rpc.ts";
import { createStops, type Stops } from "./lean-stops.ts";
import { createWords, type Words } from "./mcp-result.ts";
import type { Resuming } from "./session.ts";
import { StreamDesk, StreamWatch } from "./stream-watch.ts";

/** What is said beside the calls (cancellations, answers to pings, the farewell) may not hold anything up. */
const asideTimeoutMs = 2000;
const eventsWanted: Header = ["accept", "text/event-stream"];
/** Pings and requests of the server that are answered while one request is open; more are left alone. */
const serverRequestsMax = 32;

export interface LineOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization?: () => string;
  readonly answered?: readonly AskMethod[];
  readonly takesTasks?: boolean;
  readonly hears?: Hears;
  readonly mask?: (text: string) => string;
  readonly world: World;
  readonly resuming?: Resuming;
}

interface Sending {
  readonly body: string;
  readonly id?: number;
  readonly traceparent?: string | undefined;
  readonly progressToken?: string | undefined;
  readonly answering?: Answering | undefined;
  /** Of a request. */
  readonly named?: Named;
  readonly method?: "POST" | "DELETE";
  /** A GET of what is missing behind this event, in place of a message. */
  readonly behind?: string;
  readonly stream?: StreamWatch;
  readonly tell: (reply: Reply) => void;
}

export class Line implements Channel {
  /** The URL as messages name it: without login and query, which may hold secrets. */
  readonly name: string;
  readonly world: World;
  readonly stops: Stops = createStops();
  readonly words: Words;
  readonly asks: AskDesk;
  readonly ear: Ear;
  /** True once the server answered 404 to this session. */
  lost = false;
  closed = false;
  readonly isShared = false;
  readonly #authorization: LineOptions["authorization"];
  readonly #peer: Peer;
  readonly #path: string;
  readonly #caller: readonly Header[];
  readonly #common: readonly Header[];
  #own: OwnStream | undefined;
  readonly #open = new Bag<OpenRequest>();
  readonly #asides = new Set<Promise<unknown>>();
  /** What every request of this session has in its head. */
  #lines: string | undefined;
  #framing: Framing = {};
  #lastId = 0;
  readonly #resuming: Resuming | undefined;
  readonly #streams = new StreamDesk();

  constructor({ url, headers, authorization, mask, ...about }: LineOptions) {
    const { world, resuming } = about;
    this.#resuming = resuming;
    this.asks = new AskDesk(about);
    this.ear = new Ear(about.hears);
    this.name = url.origin + url.pathname;
    this.world = world;
    this.words = createWords([...Object.values(headers), decodeURIComponent(url.password)], mask);
    this.#authorization = authorization;
    this.#path = url.pathname + url.search;
    const isOurs = ([name]: Header): boolean => authorization === undefined || name !== "authorization";
    this.#caller = callerHeaders(url, headers).filter(isOurs);
    this.#common = [...this.#caller, ...contentHeaders];
    const keepsAlive = !this.#common.some(([name, value]) => name === "connection" && /\bclose\b/i.test(value));
    this.#peer = new Peer(url, { keepsAlive, nowUs: world.nowUs });
  }

  get hasId(): boolean {
    return this.#framing.sessionId !== undefined;
  }

  get framing(): Framing {
    return this.#framing;
  }

  set framing(framing: Framing) {
    this.#framing = framing;
    this.#lines = undefined;
  }

  get closingCancels(): boolean {
    const { revision } = this.#framing;
    return revision !== undefined && disconnectCancels(revision, "http");
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  posted({ name, ...message }: Message & Named): { headers: Record<string, string>; body: string } {
    const params = framedParams(message.params, this.#framing);
    const own = requestHeaders({ name, method: message.method }, this.#framing);
    return {
      headers: Object.fromEntries([...this.#common, ...this.#authorized(), ...sessionHeaders(this.#framing), ...own]),
      body: textOf({ ...message, params }),
    };
  }

  post(posted: Posted, tell: (reply: Reply) => void): OpenRequest {
    const { id, traceparent, progressToken, answering, text: body } = posted;
    const sending = { id, traceparent, progressToken, answering, named: posted, body, tell };
    const onClosed = (): void => this.#open.delete(place);
    const resuming = this.#framing.meta === undefined ? this.#resuming : undefined;
    const request: OpenRequest =
      resuming === undefined ? this.#send(sending, onClosed) : this.#resumable(sending, { resuming, onClosed });
    const place = this.#open.add(request);
    return request;
  }

  #resumable(
    sending: Sending & { readonly id: number },
    { resuming, onClosed }: { resuming: Resuming; onClosed: () => void },
  ): OpenRequest {
    const { world, words } = this;
    const stream = new StreamWatch(this.#streams, sending.id);
    return new Resumable({
      world,
      words,
      watch: stream,
      resuming,
      begin: (told, closed) => this.#send({ ...sending, stream, tell: told }, closed),
      resume: (behind, told, closed) => this.#send({ ...sending, body: "", stream, behind, tell: told }, closed),
      tell: sending.tell,
      onClosed,
    });
  }

  ask(message: Message, timeoutMs: number): Promise<Reply> {
    const id = this.nextId();
    const params = framedParams(message.params, this.#framing);
    return this.#within(timeoutMs, { id, named: message, body: textOf({ id, ...message, params }) });
  }

  async notify(message: Message, timeoutMs: number): Promise<Failure | undefined> {
    const reply = await this.#within(timeoutMs, { body: textOf(message) });
    return reply.is === "answer" || wasTaken(reply) ? undefined : reply;
  }

  mention(message: Message): void {
    this.#aside({ body: textOf(message) });
  }

  /** Opens the stream on which the server says what belongs to no answer, where this revision and the server have one. */
  async listen(): Promise<boolean> {
    if (this.#framing.meta !== undefined) return false;
    this.#own = new OwnStream({
      peer: this.#peer,
      world: this.world,
      head: () => this.#headOfGet([]),
      onText: (text) => this.#hear(text),
    });
    const known = new AbortController();
    const late = this.world.sleep(asideTimeoutMs, known.signal).then(() => false);
    const isThere = await Promise.race([this.#own.known, late]);
    known.abort();
    return isThere;
  }

  async close({ farewell = true }: { readonly farewell?: boolean } = {}): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.#own?.close();
    this.stops.stopAll();
    for (const request of this.#open) request.destroy();
    if (farewell && this.hasId && !this.lost) this.#aside({ body: "", method: "DELETE" });
    // A cancellation that was just sent should still arrive; its time is short.
    await Promise.all(this.#asides);
    this.#peer.close();
  }

  #send(
    { id, body, traceparent, progressToken: token, named, answering, method = "POST", behind, stream, tell }: Sending,
    onClosed: () => void,
  ): OpenRequest {
    let serverRequests = 0;
    this.#lines ??= linesOf([...this.#common, ...sessionHeaders(this.#framing)]);
    const own =
      named === undefined && this.#authorization === undefined
        ? ""
        : linesOf([...this.#authorized(), ...(named === undefined ? [] : requestHeaders(named, this.#framing))]);
    const trace = traceparent === undefined ? "" : `traceparent: ${traceparent}\r\n`;
    return openRequest(this.#peer, {
      id,
      head:
        behind === undefined
          ? `${method} ${this.#path} HTTP/1.1\r\n${this.#lines}${own}${trace}`
          : // A head is written in latin1, and an id may be any text.
            this.#headOfGet([["last-event-id", Buffer.from(behind).toString("latin1")]]),
      body,
      stream,
      inSession: this.hasId,
      world: this.world,
      tell: (reply) => {
        if (reply.is === "failure" && reply.class === "session-lost") this.lost = true;
        tell(reply);
      },
      onServerRequest: (request) => {
        serverRequests += 1;
        // What is said in return for an answer of ours is not gone into: that might go on for ever.
        if (id !== undefined && serverRequests <= serverRequestsMax) void this.#answer(request, answering);
      },
      onNotification: (notification, answer) => {
        if (token !== undefined && answer !== undefined && endsCall(answer)) this.ear.end(token, "answered");
        // Where a stream goes on, what had come already may be told again.
        this.ear.hear(notification, behind === undefined ? { is: "answer", token } : { is: "aside" });
      },
      onClosed,
    });
  }

  async #answer(request: ServerRequest, by?: Answering): Promise<void> {
    const said = await this.asks.said(request, by);
    if (said !== undefined && !this.closed) this.#aside({ body: textOf({ id: request.id, ...said }) });
  }

  /** On its own stream a server says no word of which call it is about. */
  #hear(text: string): void {
    const value = parsedJson(text);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (!isObject(one)) continue;
      const message = readMessage(one, undefined);
      if (message.is === "request") void this.#answer(message.request);
      else if (message.is === "notification") this.ear.hear(message.notification, { is: "aside" });
    }
  }

  #headOfGet(more: readonly Header[]): string {
    const own: readonly Header[] = [...this.#authorized(), ...sessionHeaders(this.#framing), eventsWanted, ...more];
    return `GET ${this.#path} HTTP/1.1\r\n${linesOf([...this.#caller, ...own])}`;
  }

  #authorized(): readonly Header[] {
    return this.#authorization === undefined ? [] : [["authorization", this.#authorization()]];
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
export function wasTaken({ class: is, seen: { status = 0 } }: Failure): boolean {
  return status >= 200 && status <= 299 && outcomeClasses[is].rung === "protocol";
}

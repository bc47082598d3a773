/** A request on its way through a tap, from its head until it has ended; what is known of it then becomes an Exchange. */
import type { Exchange } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import { retryAfterMs } from "../units.ts";
import type { World } from "../world.ts";
import type { AskedFor, Eater } from "./answer-rules.ts";
import { readAnswerShape, type AnswerShape } from "./answer-shape.ts";
import { balancerHeader } from "./balanced-answer.ts";
import { joinedBy } from "./canary.ts";
import { headerOf, type AnswerHead, type RequestHead } from "./http-head.ts";
import { KeptBody } from "./kept-body.ts";
import { Sameness } from "./sameness.ts";
import type { LinkProtocol } from "./traffic.ts";
import { toolCallIn, watchForAnswer } from "./tool-call.ts";

/** What all exchanges of one connection share. */
export interface Place {
  readonly link: string;
  readonly connection: number;
  readonly protocol: LinkProtocol;
  readonly tracer: Tracer;
  readonly world: Pick<World, "date">;
}

export interface Beginning {
  readonly head: RequestHead;
  readonly startedUs: number;
  readonly reusedSocket: boolean;
}

type Joined = Pick<Exchange, "ops" | "attempt" | "tool"> & { readonly id?: string | number };
type Written<T> = { -readonly [Key in keyof T]: T[Key] };

export class OpenExchange {
  readonly method: string;
  /** The listening stream of an MCP client: nobody waits for an answer to it. */
  readonly standing: boolean;
  readonly lastOfCaller: boolean;
  sentUs: number | undefined;
  leftUs: number | undefined;
  firstByteUs: number | undefined;
  bytesUp = 0;
  bytesDown = 0;
  /** The rule that wants this answer. */
  eater: Eater | undefined;
  eating = false;
  /** Bytes of the answer have gone to the caller, so it is too late to eat it. */
  passing = false;
  /** The answer stands in the event stream, though the stream has not ended. */
  answerSeen = false;

  readonly #place: Place;
  readonly #begun: Beginning;
  readonly #path: string;
  #requestBody: KeptBody | undefined;
  /** MCP requests are told apart by their tool. */
  #sameness: Sameness | undefined;
  #asks: string | undefined;
  #joined: Joined | undefined;
  #status: number | undefined;
  #ofBalancer = false;
  #retryAfterMs: number | undefined;
  #shape: AnswerShape | undefined;
  #watch: ((bytes: Buffer) => boolean) | undefined;

  constructor(place: Place, begun: Beginning) {
    const { method, url, keepAlive } = begun.head;
    this.#place = place;
    this.#begun = begun;
    this.method = method;
    this.standing = place.protocol === "mcp" && method === "GET";
    this.lastOfCaller = !keepAlive;
    this.#path = pathOf(url);
    this.#sameness = place.protocol === "http" ? new Sameness(url) : undefined;
  }

  addToRequest(bytes: Buffer): void {
    if (this.#joined === undefined) {
      this.#requestBody ??= new KeptBody();
      this.#requestBody.add(bytes);
    }
    this.#sameness?.add(bytes);
  }

  requestSent(nowUs: number): void {
    this.sentUs = nowUs;
    // A request may wait long for its answer; what it said is not needed again.
    this.#join();
    this.#asks = this.#sameness?.digest();
    this.#sameness = undefined;
  }

  askedFor(): AskedFor {
    const { tool } = this.#join();
    return tool === undefined
      ? { method: this.method, path: this.#path }
      : { method: this.method, path: this.#path, tool };
  }

  answerBegan(head: AnswerHead, firstByteUs: number): void {
    const { protocol, world } = this.#place;
    this.#status = head.status;
    this.#ofBalancer = head.status === 502 && headerOf(head.headers, balancerHeader) !== undefined;
    this.firstByteUs = firstByteUs;
    const wait = headerOf(head.headers, "retry-after");
    if (wait !== undefined) this.#retryAfterMs = retryAfterMs(wait, world.date());
    const hasBody = this.method !== "HEAD" && head.status !== 304;
    if (protocol === "http" && hasBody) this.#shape = readAnswerShape(head);
    if (!this.eating || !isEventStream(head)) return;
    const { id } = this.#join();
    if (id !== undefined) this.#watch = watchForAnswer(id);
  }

  addToAnswer(bytes: Buffer): void {
    this.#shape?.add(bytes);
    if (this.#watch?.(bytes) === true) this.answerSeen = true;
  }

  event(ended: Exchange["ended"]): Exchange {
    const { link, connection } = this.#place;
    const { startedUs, reusedSocket } = this.#begun;
    const { method, bytesUp, bytesDown } = this;
    const { ops, attempt, tool } = this.#join();
    const path = this.#path;
    const event: Written<Exchange> = {
      type: "exchange",
      link,
      connection,
      ops,
      method,
      path,
      startedUs,
      ended,
      bytesUp,
      bytesDown,
    };
    const asks = this.#asks ?? this.#sameness?.digest();
    const shape = ended === "answered" || ended === "eaten" ? this.#shape?.shape() : undefined;
    // One by one: this is written for every request, and a spread of each would cost more than all the rest of it.
    if (reusedSocket) event.reusedSocket = true;
    if (attempt !== undefined) event.attempt = attempt;
    if (asks !== undefined) event.asks = asks;
    if (tool !== undefined) event.tool = tool;
    if (this.sentUs !== undefined) event.sentUs = this.sentUs;
    if (this.firstByteUs !== undefined) event.firstByteUs = this.firstByteUs;
    if (this.leftUs !== undefined) event.leftUs = this.leftUs;
    if (this.#status !== undefined) event.status = this.#status;
    if (this.#ofBalancer) event.answeredBy = "balancer";
    if (this.#retryAfterMs !== undefined) event.retryAfterMs = this.#retryAfterMs;
    if (shape !== undefined) event.answer = shape;
    return event;
  }

  #join(): Joined {
    this.#joined ??= join(this.#place, this.#begun.head, this.#requestBody?.bytes().toString() ?? "");
    this.#requestBody = undefined;
    return this.#joined;
  }
}

function join({ protocol, tracer }: Place, { url, headers }: RequestHead, body: string): Joined {
  const joined = joinedBy(tracer, url, ...headers, body);
  const call = protocol === "mcp" ? toolCallIn(body) : undefined;
  return call === undefined ? joined : { ...joined, ...call };
}

function isEventStream({ headers }: AnswerHead): boolean {
  return /^\s*text\/event-stream\b/i.test(headerOf(headers, "content-type") ?? "");
}

/** Without the query; an absolute URL, as proxies get it, may even hold a password. */
function pathOf(url: string): string {
  const absolute = /^https?:/i.test(url) ? URL.parse(url) : null;
  if (absolute !== null) return absolute.pathname;
  const queryAt = url.indexOf("?");
  return queryAt === -1 ? url : url.slice(0, queryAt);
}

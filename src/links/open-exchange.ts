/** A request on its way through a tap, from its head until it has ended; what is known of it then becomes an Exchange. */
import type { GivenAnswer, MadeAnswer, Question, Sign } from "../faults/handles.ts";
import type { Exchange } from "../history/events.ts";
import type { Meddled } from "../history/meddled.ts";
import type { Tracer } from "../history/ids.ts";
import { retryAfterMs } from "../units.ts";
import type { World } from "../world.ts";
import { decoded, readAnswerShape, type AnswerShape } from "./answer-shape.ts";
import { balancerHeader } from "./balanced-answer.ts";
import { joinedBy } from "./canary.ts";
import { headerOf, type AnswerHead, type RawHeaders, type RequestHead } from "./http-head.ts";
import { HeldBytes, heldBytesMax } from "./held-bytes.ts";
import { bodyKeptBytesMax, KeptBody } from "./kept-body.ts";
import type { Work } from "./rules.ts";
import { Sameness } from "./sameness.ts";
import type { AnswerStream, StreamedAnswers } from "./streamed-answers.ts";
import type { LinkProtocol } from "./traffic.ts";
import { askedIn, watchForAnswer } from "./tool-call.ts";

/** What all exchanges of one connection share. */
export interface Place {
  readonly link: string;
  readonly connection: number;
  readonly protocol: LinkProtocol;
  readonly tracer: Tracer;
  readonly sign: (sign: Sign) => void;
  readonly streamed: Pick<StreamedAnswers, "open">;
  readonly world: Pick<World, "date">;
}

export interface Beginning {
  readonly head: RequestHead;
  readonly startedUs: number;
  readonly reusedSocket: boolean;
}

type Joined = Pick<Exchange, "ops" | "attempt"> & Pick<Question, "rpc" | "tool" | "id">;
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
  /** The rule that wants it. */
  work: Work | undefined;
  /** The whole request, until it is decided what becomes of it. */
  held: Buffer | undefined;
  /** The rule has done its deed. */
  did = false;
  /** It is being seen to. */
  inHand = false;
  /** The answer is kept from the caller. */
  keeping = false;
  /** Bytes of the answer have gone to the caller, so it is too late to keep it. */
  passing = false;
  /** The answer stands in the event stream, though the stream has not ended. */
  answerSeen = false;
  delivered: Meddled["delivered"] = 0;
  tooLarge = false;
  /** Of a listening caller: on which it may get the answers to what it posts. */
  stream: AnswerStream | undefined;

  readonly #place: Place;
  /** The tool of a call that has been told of. */
  #called: string | undefined;
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
  #watch: ReturnType<typeof watchForAnswer> | undefined;
  #givenHead: AnswerHead | undefined;
  #made: Meddled["made"];
  #givenBody: KeptBody | undefined;
  #givenEvent: string | undefined;
  readonly #kept = new HeldBytes();

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

  addToRequest(bytes: Buffer, { held }: { readonly held: boolean }): void {
    if (this.#joined === undefined) {
      this.#requestBody ??= new KeptBody(held ? heldBytesMax : bodyKeptBytesMax);
      this.#requestBody.add(bytes);
    }
    this.#sameness?.add(bytes);
  }

  requestWhole(): void {
    // A request may wait long for its answer; what it said is not needed again.
    const { tool } = this.#join();
    this.#called = tool;
    if (tool !== undefined) this.#place.sign({ is: "called", tool });
    this.#asks = this.#sameness?.digest();
    this.#sameness = undefined;
  }

  asked(): Question {
    const { rpc, tool, id } = this.#join();
    const question: Written<Question> = { method: this.method, path: this.#path };
    if (rpc !== undefined) question.rpc = rpc;
    if (tool !== undefined) question.tool = tool;
    if (id !== undefined) question.id = id;
    return question;
  }

  answerBegan(head: AnswerHead, firstByteUs: number): void {
    const { protocol } = this.#place;
    this.#noteAnswer(head);
    this.#ofBalancer = head.status === 502 && headerOf(head.headers, balancerHeader) !== undefined;
    this.firstByteUs = firstByteUs;
    if (this.standing && head.status === 200 && isEventStream(head)) this.stream = this.#place.streamed.open(this.url);
    const hasBody = this.method !== "HEAD" && head.status !== 304;
    if (protocol === "http" && hasBody) this.#shape = readAnswerShape(head);
    if (!this.keeping) return;
    this.#givenHead = head;
    const does = this.work?.rule.deed.does;
    if (does === "replace-answer" || does === "cross-answers") this.#givenBody = new KeptBody(heldBytesMax);
    if (!isEventStream(head)) return;
    const { id } = this.#join();
    if (id !== undefined) this.#watch = watchForAnswer(id);
  }

  addToAnswer(bytes: Buffer): void {
    this.stream?.feed(bytes);
    this.#shape?.add(bytes);
    this.#givenBody?.add(bytes);
    this.#givenEvent ??= this.#watch?.(bytes);
    if (this.#givenEvent !== undefined) this.answerSeen = true;
  }

  /** Keeps bytes of the answer as they came; answers whether there was room. */
  keep(bytes: Buffer): boolean {
    return this.#kept.add(bytes);
  }

  /** All that was kept of the answer, which is no longer kept. */
  letGo(): Buffer {
    this.#givenBody = undefined;
    this.keeping = false;
    this.passing = true;
    return this.#kept.take();
  }

  get url(): string {
    return this.#begun.head.url;
  }

  /** It was taken (202), and that is no answer to it. */
  get wasTaken(): boolean {
    return this.#place.protocol === "mcp" && this.#status === 202 && this.#made === undefined;
  }

  get givenHeaders(): RawHeaders {
    return this.#givenHead?.headers ?? [];
  }

  given(): GivenAnswer {
    const { status, headers = [] } = this.#givenHead ?? {};
    const contentType = headerOf(headers, "content-type");
    const body = decoded(this.#givenBody?.bytes() ?? Buffer.alloc(0), headers, heldBytesMax) ?? "";
    return {
      ...(status === undefined ? {} : { status }),
      ...(contentType === undefined ? {} : { contentType }),
      ...(this.#givenEvent === undefined ? { text: body } : { text: this.#givenEvent, stream: body }),
    };
  }

  /** The caller gets this, of so many bytes, in place of an answer of its callee. */
  madeAnswer(made: MadeAnswer, { bytes, nowUs }: { bytes: number; nowUs: number }): void {
    const { status = 200, headers = {}, body, holds } = made;
    this.#made = holds;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    this.#noteAnswer({ status, headers: lines });
    this.firstByteUs = nowUs;
    this.bytesDown = bytes;
    if (this.#place.protocol !== "http" || this.method === "HEAD") return;
    this.#shape = readAnswerShape({ headers: lines });
    if (body !== "") this.#shape.add(Buffer.from(body));
  }

  #noteAnswer({ status, headers }: Pick<AnswerHead, "status" | "headers">): void {
    this.#status = status;
    const wait = headerOf(headers, "retry-after");
    this.#retryAfterMs = wait === undefined ? undefined : retryAfterMs(wait, this.#place.world.date());
  }

  /** What became of it; with this it is over. */
  event(ended: Exchange["ended"]): Exchange {
    if (this.#called !== undefined) this.#place.sign({ is: "returned", tool: this.#called });
    const { link, connection } = this.#place;
    const { startedUs, reusedSocket } = this.#begun;
    const { method, bytesUp, bytesDown } = this;
    const { ops, attempt, tool } = this.#join();
    const path = this.#path;
    const meddled = this.#meddled();
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
    if (meddled !== undefined) event.meddled = meddled;
    if (this.tooLarge) event.tooLarge = true;
    return event;
  }

  #meddled(): Meddled | undefined {
    if (this.work === undefined || !this.did) return undefined;
    const meddled: Written<Meddled> = { did: this.work.rule.deed.does, delivered: this.delivered };
    const status = this.#givenHead?.status;
    if (this.#made !== undefined) meddled.made = this.#made;
    if (status !== undefined) meddled.status = status;
    return meddled;
  }

  #join(): Joined {
    this.#joined ??= join(this.#place, this.#begun.head, this.#requestBody?.bytes().toString() ?? "");
    this.#requestBody = undefined;
    return this.#joined;
  }
}

function join({ protocol, tracer }: Place, { url, headers }: RequestHead, body: string): Joined {
  const joined = joinedBy(tracer, url, ...headers, body);
  const asked = protocol === "mcp" ? askedIn(body) : undefined;
  if (asked === undefined) return joined;
  const { id, method: rpc, tool } = asked;
  return tool === undefined ? { ...joined, id, rpc } : { ...joined, id, rpc, tool };
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

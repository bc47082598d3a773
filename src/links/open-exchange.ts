/** A request on its way through a tap, from its head until it has ended; what is known of it then becomes an Exchange. */
import type { Exchange } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import { retryAfterMs } from "../units.ts";
import type { World } from "../world.ts";
import type { AskedFor, Eater } from "./answer-rules.ts";
import { readAnswerShape, type AnswerShape } from "./answer-shape.ts";
import { joinedBy } from "./canary.ts";
import { headerOf, type AnswerHead, type RequestHead } from "./http-reader.ts";
import { keepBody, type KeptBody } from "./kept-body.ts";
import { watchSameness, type Sameness } from "./sameness.ts";
import type { LinkProtocol } from "./traffic.ts";
import { toolCallIn, watchForAnswer } from "./tool-call.ts";

export interface OpenExchangeOptions {
  readonly link: string;
  readonly connection: number;
  readonly protocol: LinkProtocol;
  readonly tracer: Tracer;
  readonly world: Pick<World, "date">;
  readonly head: RequestHead;
  readonly startedUs: number;
  readonly reusedSocket: boolean;
}

type Joined = Pick<Exchange, "ops" | "attempt" | "tool"> & { readonly id?: string | number };

export class OpenExchange {
  /** The listening stream of an MCP client: nobody waits for an answer to it. */
  readonly standing: boolean;
  readonly lastOfCaller: boolean;
  sentUs: number | undefined;
  leftUs: number | undefined;
  bytesUp = 0;
  bytesDown = 0;
  /** The rule that wants this answer. */
  eater: Eater | undefined;
  eating = false;
  /** Bytes of the answer have gone to the caller, so it is too late to eat it. */
  passing = false;
  /** The answer stands in the event stream, though the stream has not ended. */
  answerSeen = false;

  readonly #options: OpenExchangeOptions;
  #requestBody: KeptBody | undefined = keepBody();
  /** MCP requests are told apart by their tool. */
  readonly #sameness: Sameness | undefined;
  #joined: Joined | undefined;
  #answer: (Pick<Exchange, "status" | "retryAfterMs"> & { readonly firstByteUs: number }) | undefined;
  #shape: AnswerShape | undefined;
  #watch: ((bytes: Buffer) => boolean) | undefined;

  constructor(options: OpenExchangeOptions) {
    this.#options = options;
    this.standing = options.protocol === "mcp" && options.head.method === "GET";
    this.lastOfCaller = !options.head.keepAlive;
    this.#sameness = options.protocol === "http" ? watchSameness(options.head.url) : undefined;
  }

  get method(): string {
    return this.#options.head.method;
  }

  get firstByteUs(): number | undefined {
    return this.#answer?.firstByteUs;
  }

  addToRequest(bytes: Buffer): void {
    this.#requestBody?.add(bytes);
    this.#sameness?.add(bytes);
  }

  requestSent(nowUs: number): void {
    this.sentUs = nowUs;
    this.#join();
  }

  askedFor(): AskedFor {
    const { tool } = this.#join();
    return { method: this.method, path: pathOf(this.#options.head.url), ...(tool === undefined ? {} : { tool }) };
  }

  answerBegan(head: AnswerHead, firstByteUs: number): void {
    const { protocol, world } = this.#options;
    const waitMs = retryAfterMs(headerOf(head.headers, "retry-after"), world.date());
    this.#answer = { status: head.status, firstByteUs, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
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
    const { link, connection, startedUs, reusedSocket } = this.#options;
    const { ops, attempt, tool } = this.#join();
    const asks = this.#sameness?.digest();
    const shape = ended === "answered" || ended === "eaten" ? this.#shape?.shape() : undefined;
    return {
      type: "exchange",
      link,
      connection,
      ...(reusedSocket ? { reusedSocket } : {}),
      ops,
      ...(attempt === undefined ? {} : { attempt }),
      method: this.method,
      path: pathOf(this.#options.head.url),
      ...(asks === undefined ? {} : { asks }),
      ...(tool === undefined ? {} : { tool }),
      startedUs,
      ...(this.sentUs === undefined ? {} : { sentUs: this.sentUs }),
      ...this.#answer,
      ...(this.leftUs === undefined ? {} : { leftUs: this.leftUs }),
      ended,
      ...(shape === undefined ? {} : { answer: shape }),
      bytesUp: this.bytesUp,
      bytesDown: this.bytesDown,
    };
  }

  #join(): Joined {
    this.#joined ??= join(this.#options, this.#requestBody?.bytes().toString() ?? "");
    // A request may wait long for its answer; what it said is not needed again.
    this.#requestBody = undefined;
    return this.#joined;
  }
}

function join({ protocol, tracer, head }: OpenExchangeOptions, body: string): Joined {
  const text = `${head.method} ${head.url}\n${head.headers.join("\n")}\n\n${body}`;
  return { ...joinedBy(tracer, text), ...(protocol === "mcp" ? toolCallIn(body) : undefined) };
}

function isEventStream({ headers }: AnswerHead): boolean {
  return /^\s*text\/event-stream\b/i.test(headerOf(headers, "content-type") ?? "");
}

/** Without the query; an absolute URL, as proxies get it, may even hold a password. */
function pathOf(url: string): string {
  const absolute = /^https?:/i.test(url) ? URL.parse(url) : null;
  return absolute === null ? (url.split("?", 1)[0] ?? url) : absolute.pathname;
}

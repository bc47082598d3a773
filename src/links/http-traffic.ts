/**
 * The traffic of an HTTP/1.1 connection: requests as they are sent, each joined with the answer that comes in its turn.
 *
 *   caller ──up──▶ requests ──▶ queue of open exchanges ◀── answers ◀──down── callee
 */
import type { Exchange } from "../history/events.ts";
import type { World } from "../world.ts";
import type { Eater } from "./answer-rules.ts";
import type { AnswerHead, RequestHead } from "./http-head.ts";
import { readAnswers, readRequests, type Follows } from "./http-reader.ts";
import { OpenExchange, type Place } from "./open-exchange.ts";
import type { LinkContext, Passage, Traffic } from "./traffic.ts";
import { msBetween, type Waits } from "./waits.ts";

const noBytes: Buffer = Buffer.alloc(0);

export class HttpTraffic implements Traffic {
  readonly #context: LinkContext;
  readonly #place: Place;
  /** Answers come in the order of requests, so the first is the one being answered. */
  readonly #queue: OpenExchange[] = [];
  #closeForetold = false;

  readonly #requests = readRequests({
    head: (head, startedUs) => this.#requestBegan(head, startedUs),
    body: (bytes) => this.#sending?.addToRequest(bytes),
    end: (offset) => this.#requestSent(offset),
  });
  #sending: OpenExchange | undefined;
  #sentWhole = 0;
  /** Bytes of the request that is now passing, without those of the chunk at hand. */
  #upBytes = 0;
  #upFrom = 0;

  readonly #answers = readAnswers({
    head: (head, startedUs) => this.#answerBegan(head, startedUs),
    body: (bytes) => this.#answering?.addToAnswer(bytes),
    end: (offset) => this.#messageEnded(offset),
  });
  /** Whose answer is passing; none where the callee speaks unasked. */
  #answering: OpenExchange | undefined;
  #interim = false;
  #switching = false;
  #down: Buffer = noBytes;
  #downFrom = 0;
  #pass: Buffer[] = [];
  #eatenBy: Eater | undefined;

  constructor(context: LinkContext, connection: number, world: Pick<World, "date">) {
    this.#context = context;
    const { link, protocol, tracer } = context;
    this.#place = { link, connection, protocol, tracer, world };
  }

  up(chunk: Buffer): void {
    this.#upFrom = 0;
    this.#requests.feed(chunk, this.#context.recorder.nowUs());
    this.#upBytes += chunk.length - this.#upFrom;
  }

  down(chunk: Buffer): Passage {
    this.#down = chunk;
    this.#downFrom = 0;
    this.#answers.feed(chunk, this.#context.recorder.nowUs());
    this.#allot(chunk.length);
    if (this.#queue[0]?.answerSeen === true) this.#finishAnswer();
    return this.#passage();
  }

  downEnded(): Passage {
    this.#down = noBytes;
    this.#downFrom = 0;
    this.#answers.finish();
    return this.#passage();
  }

  upEnded(): void {
    const leftUs = this.#context.recorder.nowUs();
    for (const exchange of this.#queue) exchange.leftUs ??= leftUs;
  }

  openCount(): number {
    return this.#queue.filter(({ standing }) => !standing).length;
  }

  get closeForetold(): boolean {
    return this.#closeForetold && this.openCount() === 0;
  }

  get requestKnown(): boolean {
    return this.#sentWhole > 0 || !this.#requests.reading;
  }

  reportSilence(): void {
    const { recorder, waits, sign } = this.#context;
    for (const exchange of this.#queue) {
      const { sentUs, firstByteUs, standing } = exchange;
      if (sentUs === undefined || standing) continue;
      if (firstByteUs !== undefined) this.#reportExchange(exchange);
      else sign({ is: "silent", waitedMs: msBetween(sentUs, recorder.nowUs()), usualMs: waits.usualMs() });
    }
  }

  end(ended: Exchange["ended"]): void {
    this.#stop();
    for (const exchange of this.#queue.splice(0)) {
      exchange.eater?.giveBack();
      this.#record(exchange, ended);
    }
  }

  #stop(): void {
    this.#requests.stop();
    this.#answers.stop();
  }

  #requestBegan(head: RequestHead, startedUs: number): Follows {
    this.#sending = new OpenExchange(this.#place, { head, startedUs, reusedSocket: this.#sentWhole > 0 });
    this.#queue.push(this.#sending);
    return "body";
  }

  #requestSent(offset: number): void {
    const exchange = this.#sending;
    const bytes = this.#upBytes + offset - this.#upFrom;
    this.#upBytes = 0;
    this.#upFrom = offset;
    this.#sentWhole += 1;
    this.#sending = undefined;
    if (exchange === undefined) return;
    exchange.bytesUp = bytes;
    exchange.requestSent(this.#context.recorder.nowUs());
    const asked = exchange.askedFor();
    // On MCP links only tool calls act; a session whose opening is eaten could not be called at all.
    const eatable = this.#context.protocol === "http" || asked.tool !== undefined;
    if (eatable && !exchange.passing) exchange.eater = this.#context.rules.take(asked);
    exchange.called = asked.tool;
    if (asked.tool !== undefined) this.#context.sign({ is: "called", tool: asked.tool });
  }

  #answerBegan(head: AnswerHead, startedUs: number): Follows {
    const { status } = head;
    this.#interim = status < 200 && status !== 101;
    if (this.#interim) return "nothing";
    const exchange = this.#queue[0];
    this.#answering = exchange;
    if (exchange === undefined) return "body";
    this.#decide(exchange);
    exchange.answerBegan(head, startedUs);
    this.#closeForetold ||= !head.keepAlive || exchange.lastOfCaller;
    this.#reportWait(exchange, startedUs);
    if (status === 101 || (exchange.method === "CONNECT" && status < 300)) {
      this.#switching = true;
      return "other-protocol";
    }
    return exchange.method === "HEAD" || status === 204 || status === 304 ? "nothing" : "body";
  }

  #reportWait({ sentUs, standing, eating }: OpenExchange, answeredUs: number): void {
    const { waits, sign } = this.#context;
    if (sentUs === undefined || standing) return;
    const waitedMs = msBetween(sentUs, answeredUs);
    // An answer that is eaten never reaches the caller, so it is no sign of how answers come.
    if (!eating) sign({ is: "answered", waitedMs, usualMs: waits.usualMs() });
    waits.add({ sentUs, answeredUs });
  }

  #messageEnded(offset: number): void {
    this.#allot(offset);
    const next = this.#queue[0];
    // An interim message (100, 103) is no part of the answer, so that can still be eaten.
    if (this.#interim && next !== undefined) next.passing = false;
    if (this.#answering !== undefined) this.#finishAnswer();
    if (this.#switching) this.#stop();
  }

  #finishAnswer(): void {
    const exchange = this.#queue.shift();
    this.#answering = undefined;
    if (exchange === undefined) return;
    if (!exchange.eating) {
      exchange.eater?.giveBack();
      this.#reportExchange(exchange, (wait) => this.#context.exchangeWaits.add(wait));
      this.#record(exchange, "answered");
      return;
    }
    this.#answers.stop();
    this.#eatenBy = exchange.eater;
    this.#record(exchange, "eaten");
    if (exchange.eater !== undefined) this.#context.sign({ is: "answer-eaten", rule: exchange.eater.rule });
  }

  /** What is whole is told to be usual or not for those that come. */
  #reportExchange({ sentUs, standing, bytesUp, bytesDown }: OpenExchange, whenWhole?: Waits["add"]): void {
    const { recorder, exchangeWaits, sign } = this.#context;
    if (sentUs === undefined || standing) return;
    const answeredUs = recorder.nowUs();
    const passed = { upstream: bytesUp, downstream: bytesDown };
    sign({ is: "exchanged", passed, tookMs: msBetween(sentUs, answeredUs), usualMs: exchangeWaits.usualMs() });
    whenWhole?.({ sentUs, answeredUs });
  }

  /** Gives the bytes up to this offset to the exchange in turn; they pass unless it is eaten. */
  #allot(to: number): void {
    const bytes = this.#down.subarray(this.#downFrom, to);
    this.#downFrom = to;
    if (bytes.length === 0 || this.#eatenBy !== undefined) return;
    const exchange = this.#queue[0];
    if (exchange !== undefined) {
      exchange.bytesDown += bytes.length;
      this.#decide(exchange);
      if (exchange.eating) return;
      exchange.passing = true;
    }
    this.#pass.push(bytes);
  }

  /** An answer is eaten from its first byte on or not at all. */
  #decide(exchange: OpenExchange): void {
    if (!exchange.passing && exchange.eater?.on === true) exchange.eating = true;
  }

  #passage(): Passage {
    const pass = this.#pass;
    this.#pass = [];
    return this.#eatenBy === undefined ? { pass } : { pass, eatenBy: this.#eatenBy };
  }

  #record(exchange: OpenExchange, ended: Exchange["ended"]): void {
    if (exchange === this.#sending) exchange.bytesUp = this.#upBytes;
    if (exchange.called !== undefined) this.#context.sign({ is: "returned", tool: exchange.called });
    this.#context.recorder.record(exchange.event(ended));
  }
}

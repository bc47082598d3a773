/**
 * The traffic of an HTTP/1.1 connection: requests as they are sent, each joined with the answer that comes in its turn.
 *
 *   caller ──up──▶ requests ──▶ queue of open exchanges ◀── answers ◀──down── callee
 */
import type { Exchange } from "../history/events.ts";
import type { World } from "../world.ts";
import { ExchangeSigns } from "./exchange-signs.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { AnswerHead, RequestHead } from "./http-head.ts";
import { readAnswers, readRequests, type Follows } from "./http-reader.ts";
import { Meddler } from "./meddler.ts";
import { OpenExchange, type Place } from "./open-exchange.ts";
import type { Work } from "./rules.ts";
import type { LinkContext, Outlet, Traffic } from "./traffic.ts";

const noBytes: Buffer = Buffer.alloc(0);

export class HttpTraffic implements Traffic {
  readonly #context: LinkContext;
  readonly #place: Place;
  readonly #outlet: Outlet;
  readonly #meddler: Meddler;
  readonly #signs: ExchangeSigns;
  /** Answers come in the order of requests, so the first is the one being answered. */
  readonly #queue: OpenExchange[] = [];
  #closeForetold = false;
  #over = false;

  readonly #requests = readRequests({
    head: (head, startedUs) => this.#requestBegan(head, startedUs),
    body: (bytes) => this.#sending?.addToRequest(bytes, { held: this.#holding }),
    end: (offset) => this.#requestSent(offset),
  });
  #sending: OpenExchange | undefined;
  #sentWhole = 0;
  /** Bytes of the request that is now passing, without those of the chunk at hand. */
  #upBytes = 0;
  /** The chunk at hand, unless it has gone to the callee as it came. */
  #up: Buffer | undefined;
  #upFrom = 0;
  /** The request that is now coming is held until it is whole. */
  #holding = false;
  readonly #held = new HeldBytes();

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

  constructor(context: LinkContext, connection: number, { world, outlet }: { world: World; outlet: Outlet }) {
    this.#context = context;
    const { link, protocol, tracer, sign, streamed } = context;
    this.#place = { link, connection, protocol, tracer, sign, streamed, world };
    this.#outlet = outlet;
    this.#signs = new ExchangeSigns(context);
    this.#meddler = new Meddler({
      context,
      outlet,
      world,
      onOver: (exchange, ended) => this.#ended(exchange, ended),
      onFree: () => this.#proceed(),
    });
  }

  up(chunk: Buffer): void {
    this.#upFrom = 0;
    const mustHold = this.#mustHold();
    if (this.#upBytes === 0) this.#holding = mustHold;
    this.#up = mustHold || this.#holding ? chunk : undefined;
    if (this.#up === undefined) this.#outlet.toCallee(chunk);
    this.#requests.feed(chunk, this.#context.recorder.nowUs());
    this.#forward(chunk.length);
    if (this.#holding && !this.#requests.reading) this.#holdNoMore();
    this.#upBytes += chunk.length - this.#upFrom;
  }

  down(chunk: Buffer): void {
    this.#down = chunk;
    this.#downFrom = 0;
    this.#answers.feed(chunk, this.#context.recorder.nowUs());
    this.#allot(chunk.length);
    const [first] = this.#queue;
    if (first?.answerSeen === true && !first.inHand) this.#meddler.onAnswerSeen(first);
  }

  downEnded(): void {
    this.#down = noBytes;
    this.#downFrom = 0;
    this.#answers.finish();
    const [first] = this.#queue;
    // What has come of an answer that will never be whole is passed on like any.
    if (first?.keeping === true && !first.inHand && first.work?.rule.deed.does !== "lose-answer") {
      this.#meddler.passNow(first);
    }
  }

  upEnded(): void {
    const leftUs = this.#context.recorder.nowUs();
    for (const exchange of this.#queue) exchange.leftUs ??= leftUs;
    if (this.#holding) this.#holdNoMore();
  }

  get holds(): boolean {
    return this.#meddler.holds || this.#queue.some(({ held }) => held !== undefined);
  }

  release(work: Work): void {
    this.#meddler.release(work);
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
    for (const exchange of this.#queue) this.#signs.waiting(exchange);
  }

  end(ended: Exchange["ended"]): void {
    this.#over = true;
    this.#stop();
    this.#meddler.stop();
    for (const exchange of this.#queue.splice(0)) {
      if (!exchange.did) exchange.work?.giveBack();
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
    this.#forward(offset);
    this.#upBytes = 0;
    this.#upFrom = offset;
    this.#sentWhole += 1;
    this.#sending = undefined;
    if (exchange !== undefined) this.#requestWhole(exchange, bytes);
    if (this.#up !== undefined) this.#holding = this.#mustHold();
  }

  #requestWhole(exchange: OpenExchange, bytes: number): void {
    const { rules, protocol, recorder } = this.#context;
    const held = this.#holding;
    exchange.bytesUp = bytes;
    if (held) exchange.held = this.#held.take();
    else {
      exchange.sentUs = recorder.nowUs();
      exchange.delivered = 1;
    }
    exchange.requestWhole();
    if (rules.any) {
      const asked = exchange.asked();
      // On MCP links there is nothing else to answer: notifications, answers, and the end of a session.
      const isRequest = protocol === "http" || asked.rpc !== undefined;
      if (isRequest && !exchange.passing) exchange.work = rules.take(asked, { held });
    }
    if (held) this.#proceed();
  }

  #mustHold(): boolean {
    return (this.#context.rules.holdRequests || this.holds) && this.#requests.reading && this.#outlet.open;
  }

  /** What of the chunk belongs to the request at hand goes on, or is held with it. */
  #forward(to: number): void {
    if (this.#up === undefined || this.#over) return;
    const bytes = this.#up.subarray(this.#upFrom, to);
    if (bytes.length === 0) return;
    if (!this.#holding) {
      this.#outlet.toCallee(bytes);
      return;
    }
    if (this.#held.add(bytes)) return;
    if (this.#sending !== undefined) this.#sending.tooLarge = true;
    this.#holdNoMore();
  }

  /** All that is held goes on as it came, in its order. */
  #holdNoMore(): void {
    this.#holding = false;
    for (const exchange of this.#queue) this.#meddler.deliverNow(exchange);
    this.#outlet.toCallee(this.#held.take());
  }

  /** Sees to the next in turn, if that is held. */
  #proceed(): void {
    if (this.#over) return;
    const [first] = this.#queue;
    if (first?.held !== undefined && !first.inHand) this.#meddler.onRequest(first);
    else if (!this.holds) this.#outlet.settled();
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
    this.#signs.answerBegan(exchange, startedUs);
    if (status === 101 || (exchange.method === "CONNECT" && status < 300)) {
      this.#switching = true;
      return "other-protocol";
    }
    return exchange.method === "HEAD" || status === 204 || status === 304 ? "nothing" : "body";
  }

  #messageEnded(offset: number): void {
    this.#allot(offset);
    const next = this.#queue[0];
    // An interim message (100, 103) is no part of the answer, so that can still be kept.
    if (this.#interim && next !== undefined) next.passing = false;
    if (this.#answering !== undefined) this.#answerWhole(this.#answering);
    if (this.#switching) this.#stop();
  }

  #answerWhole(exchange: OpenExchange): void {
    this.#answering = undefined;
    if (exchange.inHand) return;
    if (exchange.keeping) {
      this.#meddler.onAnswer(exchange, { ended: true, closes: this.#closeForetold });
      return;
    }
    if (!exchange.did) exchange.work?.giveBack();
    this.#signs.exchanged(exchange, { whole: true });
    this.#ended(exchange, "answered");
    if (this.#queue[0]?.held !== undefined) this.#proceed();
  }

  #ended(exchange: OpenExchange, ended: Exchange["ended"]): void {
    this.#queue.splice(this.#queue.indexOf(exchange), 1);
    if (this.#answering === exchange) this.#answering = undefined;
    this.#record(exchange, ended);
  }

  /** Gives the bytes up to this offset to the exchange in turn; they pass unless they are kept. */
  #allot(to: number): void {
    const bytes = this.#down.subarray(this.#downFrom, to);
    this.#downFrom = to;
    if (bytes.length === 0 || this.#over) return;
    const exchange = this.#queue[0];
    if (exchange !== undefined) {
      exchange.bytesDown += bytes.length;
      this.#decide(exchange);
      if (exchange.keeping) {
        this.#keep(exchange, bytes);
        return;
      }
      exchange.passing = true;
    }
    this.#outlet.toCaller(bytes);
  }

  #keep(exchange: OpenExchange, bytes: Buffer): void {
    if (exchange.work?.rule.deed.does === "lose-answer" || exchange.keep(bytes)) return;
    exchange.tooLarge = true;
    this.#meddler.passNow(exchange);
  }

  /** An answer is kept from its first byte on or not at all. */
  #decide(exchange: OpenExchange): void {
    if (!exchange.passing && !exchange.did && exchange.work?.on === true) exchange.keeping = true;
  }

  #record(exchange: OpenExchange, ended: Exchange["ended"]): void {
    if (exchange === this.#sending) exchange.bytesUp = this.#upBytes;
    this.#context.streamed.record(exchange, ended);
  }
}

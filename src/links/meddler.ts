/**
 * Does the deeds of rules on one HTTP connection: with a request that is held whole, or with an answer that is kept
 * whole. It has one exchange in hand at a time, the one whose turn it is; the others wait behind it.
 */
import type { Instead, MadeAnswer } from "../faults/handles.ts";
import type { Exchange } from "../history/events.ts";
import type { World } from "../world.ts";
import { bytesOf, chunkOf } from "./made-answer.ts";
import type { OpenExchange } from "./open-exchange.ts";
import { delayOf, type Work } from "./rules.ts";
import type { LinkContext, Outlet } from "./traffic.ts";

export interface MeddlerOptions {
  readonly context: Pick<LinkContext, "recorder" | "sign">;
  readonly outlet: Outlet;
  readonly world: Pick<World, "timer">;
  /** The exchange in hand has ended so. */
  readonly onOver: (exchange: OpenExchange, ended: Exchange["ended"]) => void;
  /** Nothing is in hand any more. */
  readonly onFree: () => void;
}

interface Pending {
  readonly work: Work;
  readonly goOn: () => void;
  readonly cancel: () => void;
}

/** How much longer an event stream may go on behind the answer in it. */
const streamEndMaxMs = 100;

export class Meddler {
  readonly #options: MeddlerOptions;
  #pending: Pending | undefined;

  constructor(options: MeddlerOptions) {
    this.#options = options;
  }

  get holds(): boolean {
    return this.#pending !== undefined;
  }

  release(work: Work): void {
    if (this.#pending?.work === work) this.#pending.goOn();
  }

  stop(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
  }

  /** What is held of it goes on at once, and nothing is done with it. */
  deliverNow(exchange: OpenExchange): void {
    const { held } = exchange;
    if (held === undefined) return;
    this.stop();
    this.#sent(exchange.did ? exchange : forgetting(exchange), held);
  }

  /** What is kept of its answer passes, and nothing is done with it. */
  passNow(exchange: OpenExchange): void {
    this.stop();
    this.#options.outlet.toCaller(forgetting(exchange).letGo());
  }

  /** A whole request that is held, and whose turn has come. */
  onRequest(exchange: OpenExchange): void {
    exchange.inHand = true;
    const { work } = exchange;
    const deed = work?.rule.deed;
    if (work === undefined || deed === undefined || !work.on) {
      this.#deliver(forgetting(exchange));
      return;
    }
    switch (deed.does) {
      case "lose-request":
        this.#end(exchange, work, "lost", deed.instead);
        break;
      case "answer-request":
        this.#give({ exchange, work, made: deed.make(exchange.asked()), closes: false });
        break;
      case "delay-request":
        this.#did(exchange, work);
        this.#wait(work, delayOf(deed, work), () => this.#deliver(exchange));
        break;
      case "deliver-twice":
        this.#deliverTwice(exchange, work);
        break;
      default:
        this.#deliver(exchange);
    }
  }

  /** The answer stands in a stream that may go on for ever. */
  onAnswerSeen(exchange: OpenExchange): void {
    const { work } = exchange;
    if (work === undefined || this.holds) return;
    const over = (): void => this.onAnswer(exchange, { ended: false, closes: true });
    if (work.rule.deed.does === "lose-answer") over();
    else this.#wait(work, streamEndMaxMs, over);
  }

  /** A kept answer; not ended, its stream may go on behind it. */
  onAnswer(exchange: OpenExchange, { ended, closes }: { readonly ended: boolean; readonly closes: boolean }): void {
    this.stop();
    exchange.inHand = true;
    const { work } = exchange;
    const deed = work?.rule.deed;
    if (work !== undefined && deed?.does === "lose-answer") this.#end(exchange, work, "eaten", deed.instead);
    else if (work === undefined || deed === undefined || !work.on) this.#letGo(forgetting(exchange), ended);
    else if (deed.does === "replace-answer") {
      const made = deed.make(exchange.asked(), exchange.given());
      this.#give({ exchange, work, made, closes, ...(ended ? {} : { severs: true }) });
    } else if (deed.does === "delay-answer") {
      this.#did(exchange, work);
      this.#wait(work, delayOf(deed, work), () => this.#letGo(exchange, ended));
    } else this.#letGo(exchange, ended);
  }

  #deliver(exchange: OpenExchange): void {
    const { held } = exchange;
    if (held !== undefined) this.#sent(exchange, held);
    this.#options.onFree();
  }

  #sent(exchange: OpenExchange, held: Buffer): void {
    const { outlet, context } = this.#options;
    exchange.held = undefined;
    exchange.inHand = false;
    exchange.delivered = exchange.delivered === 0 ? 1 : 2;
    outlet.toCallee(held);
    exchange.sentUs = context.recorder.nowUs();
  }

  #deliverTwice(exchange: OpenExchange, work: Work): void {
    const { outlet } = this.#options;
    const goOn = (sent: boolean): void => {
      this.stop();
      if (sent) {
        exchange.delivered = 1;
        this.#did(exchange, work);
        this.#deliver(exchange);
      } else this.#deliver(forgetting(exchange));
    };
    const request = { bytes: exchange.held ?? Buffer.alloc(0), bodiless: exchange.method === "HEAD" };
    const stop = outlet.aside(request, goOn);
    const cancel = (): void => {
      if (!stop()) return;
      // Its callee has it, whatever comes of the other.
      exchange.delivered = 1;
      this.#did(exchange, work);
    };
    // Once it has been sent, healing changes nothing any more: it will be answered.
    this.#pending = { work, goOn: () => {}, cancel };
  }

  #letGo(exchange: OpenExchange, ended: boolean): void {
    const { outlet, onOver, onFree } = this.#options;
    exchange.inHand = false;
    outlet.toCaller(exchange.letGo());
    if (ended) onOver(exchange, "answered");
    onFree();
  }

  #give(about: {
    readonly exchange: OpenExchange;
    readonly work: Work;
    readonly made: MadeAnswer;
    /** The callee has said that it closes the connection. */
    readonly closes: boolean;
    /** We must close it. */
    readonly severs?: true;
  }): void {
    const { exchange, work, made, closes, severs } = about;
    const { outlet, context, onOver, onFree } = this.#options;
    const last = exchange.lastOfCaller || closes;
    const { method, givenHeaders: given } = exchange;
    const bytes = bytesOf(made, { given, bodiless: method === "HEAD", last });
    exchange.madeAnswer(made, { bytes: bytes.length, nowUs: context.recorder.nowUs() });
    exchange.held = undefined;
    outlet.toCaller(bytes);
    this.#did(exchange, work);
    const { then } = made;
    onOver(exchange, then === undefined || then.answered ? "answered" : "eaten");
    if (then !== undefined) {
      const beat = then.everySecond === undefined ? undefined : chunkOf(Buffer.from(then.everySecond));
      outlet.sever(then.how === "cut" ? "close" : "hang", work, beat);
    } else if (severs === true || (last && exchange.delivered === 0)) outlet.sever("close", work);
    else onFree();
  }

  #end(exchange: OpenExchange, work: Work, ended: Exchange["ended"], instead: Instead): void {
    this.#did(exchange, work);
    this.#options.onOver(exchange, ended);
    this.#options.outlet.sever(instead, work);
  }

  #did(exchange: OpenExchange, { rule }: Work): void {
    exchange.did = true;
    this.#options.context.sign({ is: "meddled", rule });
  }

  #wait(work: Work, ms: number, call: () => void): void {
    const goOn = (): void => {
      this.stop();
      call();
    };
    const timer = this.#options.world.timer(ms, goOn);
    this.#pending = { work, goOn, cancel: () => timer.cancel() };
  }
}

/** The rule was taken away before its deed was done. */
function forgetting(exchange: OpenExchange): OpenExchange {
  exchange.work?.giveBack();
  exchange.work = undefined;
  return exchange;
}

/** What the exchanges of an HTTP connection show of how answers come on its link. */
import type { OpenExchange } from "./open-exchange.ts";
import type { LinkContext } from "./traffic.ts";
import { msBetween } from "./waits.ts";

export class ExchangeSigns {
  readonly #context: LinkContext;

  constructor(context: LinkContext) {
    this.#context = context;
  }

  answerBegan({ sentUs, standing, keeping }: OpenExchange, answeredUs: number): void {
    const { waits, sign } = this.#context;
    if (sentUs === undefined || standing) return;
    const waitedMs = msBetween(sentUs, answeredUs);
    // An answer that is kept does not reach the caller now, so it is no sign of how answers come.
    if (!keeping) sign({ is: "answered", waitedMs, usualMs: waits.usualMs() });
    waits.add({ sentUs, answeredUs });
  }

  /** What is whole is told to be usual or not for those that come. */
  exchanged({ sentUs, standing, bytesUp, bytesDown }: OpenExchange, { whole }: { readonly whole: boolean }): void {
    const { recorder, exchangeWaits, sign } = this.#context;
    if (sentUs === undefined || standing) return;
    const answeredUs = recorder.nowUs();
    const passed = { upstream: bytesUp, downstream: bytesDown };
    sign({ is: "exchanged", passed, tookMs: msBetween(sentUs, answeredUs), usualMs: exchangeWaits.usualMs() });
    if (whole) exchangeWaits.add({ sentUs, answeredUs });
  }

  /** It has had no answer yet, or not all of it. */
  waiting(exchange: OpenExchange): void {
    const { recorder, waits, sign } = this.#context;
    const { sentUs, firstByteUs, standing } = exchange;
    if (sentUs === undefined || standing) return;
    if (firstByteUs !== undefined) this.exchanged(exchange, { whole: false });
    else sign({ is: "silent", waitedMs: msBetween(sentUs, recorder.nowUs()), usualMs: waits.usualMs() });
  }
}

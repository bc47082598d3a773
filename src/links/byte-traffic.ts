/** The traffic of a protocol we cannot read: bytes up, then the bytes down until others go up, are taken for an exchange. */
import { msBetween } from "./waits.ts";
import type { LinkContext, Outlet, Traffic } from "./traffic.ts";

export function byteTraffic({ recorder, waits, exchangeWaits, sign }: LinkContext, outlet: Outlet): Traffic {
  /** Unanswered until the first byte comes down. */
  let sentUs: number | undefined;
  let exchange = { sentUs: 0, lastUs: 0, upstream: 0, downstream: 0 };

  const endExchange = (): void => {
    const { sentUs: fromUs, lastUs, upstream, downstream } = exchange;
    exchange = { sentUs: 0, lastUs: 0, upstream: 0, downstream: 0 };
    if (downstream === 0 || upstream === 0) return;
    const passed = { upstream, downstream };
    sign({ is: "exchanged", passed, tookMs: msBetween(fromUs, lastUs), usualMs: exchangeWaits.usualMs() });
    exchangeWaits.add({ sentUs: fromUs, answeredUs: lastUs });
  };

  return {
    up: (chunk) => {
      outlet.toCallee(chunk);
      if (exchange.downstream > 0) endExchange();
      sentUs = recorder.nowUs();
      exchange.sentUs = sentUs;
      exchange.upstream += chunk.length;
    },
    down: (chunk) => {
      exchange.lastUs = recorder.nowUs();
      exchange.downstream += chunk.length;
      if (sentUs !== undefined) {
        const wait = { sentUs, answeredUs: exchange.lastUs };
        sign({ is: "answered", waitedMs: msBetween(wait.sentUs, wait.answeredUs), usualMs: waits.usualMs() });
        waits.add(wait);
        sentUs = undefined;
      }
      outlet.toCaller(chunk);
    },
    downEnded: () => {},
    holds: false,
    release: () => {},
    upEnded: () => {},
    openCount: () => (sentUs === undefined ? 0 : 1),
    closeForetold: false,
    requestKnown: true,
    reportSilence: () => {
      if (sentUs === undefined) endExchange();
      else sign({ is: "silent", waitedMs: msBetween(sentUs, recorder.nowUs()), usualMs: waits.usualMs() });
    },
    end: () => {
      endExchange();
      sentUs = undefined;
    },
  };
}

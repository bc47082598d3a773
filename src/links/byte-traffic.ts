/** The traffic of a protocol we cannot read: bytes up, then the bytes down until others go up, are taken for an exchange. */
import { msBetween } from "./waits.ts";
import type { LinkContext, Outlet, Traffic } from "./traffic.ts";

export function byteTraffic(context: LinkContext, outlet: Outlet): Traffic {
  const { recorder, waits, exchangeWaits, habits, sign } = context;
  /** Unanswered until the first byte comes down. */
  let sentUs: number | undefined;
  let silentYet = true;
  let callerIsDone = false;
  let exchange = { sentUs: 0, lastUs: 0, upstream: 0, downstream: 0 };

  const endExchange = (): void => {
    const { sentUs: fromUs, lastUs, upstream, downstream } = exchange;
    exchange = { sentUs: 0, lastUs: 0, upstream: 0, downstream: 0 };
    if (downstream === 0 || upstream === 0) return;
    const passed = { upstream, downstream };
    sign({ is: "exchanged", passed, tookMs: msBetween(fromUs, lastUs), usualMs: exchangeWaits.usualMs() });
    exchangeWaits.add({ sentUs: fromUs, answeredUs: lastUs });
  };

  const noteFirst = (speaker: "caller" | "callee"): void => {
    if (silentYet) habits.noteFirst(speaker);
    silentYet = false;
  };

  return {
    opened: () => {
      // Its greeting is what the caller waits for.
      if (habits.calleeSpeaksFirst()) sentUs = recorder.nowUs();
    },
    up: (chunk) => {
      noteFirst("caller");
      outlet.toCallee(chunk);
      if (exchange.downstream > 0) endExchange();
      sentUs = recorder.nowUs();
      exchange.sentUs = sentUs;
      exchange.upstream += chunk.length;
    },
    down: (chunk) => {
      noteFirst("callee");
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
    downEnded: () => {
      if (!callerIsDone) habits.noteEnd("callee", sentUs !== undefined);
    },
    holds: false,
    release: () => {},
    upEnded: () => {
      callerIsDone = true;
      habits.noteEnd("caller", sentUs !== undefined);
    },
    openCount: () => (sentUs === undefined ? 0 : 1),
    closeForetold: false,
    get isHabit() {
      return habits.isUsualEnd(sentUs !== undefined);
    },
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

/** The traffic of a protocol we cannot read: bytes up, then the first bytes down, are taken for a wait. */
import { msBetween } from "./waits.ts";
import type { LinkContext, Traffic } from "./traffic.ts";

export function byteTraffic({ recorder, waits, sign }: LinkContext): Traffic {
  let sentUs: number | undefined;
  return {
    up: () => {
      sentUs = recorder.nowUs();
    },
    down: (chunk) => {
      if (sentUs !== undefined) {
        const wait = { sentUs, answeredUs: recorder.nowUs() };
        sign({ is: "answered", waitedMs: msBetween(wait.sentUs, wait.answeredUs), usualMs: waits.usualMs() });
        waits.add(wait);
        sentUs = undefined;
      }
      return { pass: [chunk] };
    },
    downEnded: () => ({ pass: [] }),
    upEnded: () => {},
    openCount: () => (sentUs === undefined ? 0 : 1),
    closeForetold: false,
    requestKnown: true,
    reportSilence: () => {
      if (sentUs === undefined) return;
      sign({ is: "silent", waitedMs: msBetween(sentUs, recorder.nowUs()), usualMs: waits.usualMs() });
    },
    end: () => {
      sentUs = undefined;
    },
  };
}

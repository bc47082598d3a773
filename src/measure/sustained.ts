/**
 * Whether a trouble holds, and for how long. Time is cut into windows that follow each other: each of a second or more,
 * until it has as many samples as its figure takes. A window without the trouble ends it. Time in which nothing ended
 * is no evidence, neither for it nor against it; of goodput it is, while something is under way.
 */
import { keeps } from "./bounded.ts";
import type { Live } from "./live.ts";
import { sliceUs, type Slice } from "./slices.ts";
import { addSums, figureOf, noSums, samplesOf, type Sums } from "./sums.ts";
import { metrics } from "./threshold.ts";

export interface Sustained {
  /** The next slice; whether a phase is on for the whole of it that the trouble is looked for in. */
  readonly take: (slice: Slice, fromUs: number, isOn: boolean) => void;
  readonly trouble: () => Trouble | undefined;
}

export interface Trouble {
  readonly sinceUs: number;
  /** How much of the time since then was seen to be in trouble. */
  readonly heldUs: number;
  readonly value: number;
  readonly samples: number;
}

const windowLeastUs = 1_000_000;
// Ops that come one by one hold a trouble up as well as many do, up to this far from one to the next.
const apartMostUs = 1_000_000;

/** Time that was looked at, and what was seen in it. */
interface Stretch extends Sums {
  lengthUs: number;
  /** Where its trouble began: behind the last slice that looks well by itself. */
  sinceUs: number;
  /** How long it is from there to the end. */
  heldUs: number;
  /** How long slices have looked well by themselves at its end. */
  wellUs: number;
}

export function openSustained(when: Live): Sustained {
  let underWay = 0;
  /** The end of the last slice that was evidence. */
  let seenUs: number | undefined;
  let window: Stretch | undefined;
  let streak: Stretch | undefined;

  const isEvidence = (slice: Slice, wasUnderWay: number): boolean =>
    samplesOf(when, slice) > 0 || (when.metric === "goodput" && (slice.begun > 0 || wasUnderWay > 0));

  const close = (closed: Stretch): void => {
    window = undefined;
    if (!isTrouble(when, closed)) streak = undefined;
    else if (streak === undefined) streak = { ...closed, wellUs: 0 };
    else {
      addSums(streak, closed);
      streak.lengthUs += closed.lengthUs;
      streak.heldUs += closed.lengthUs;
      streak.wellUs = closed.wellUs;
    }
  };

  const take = (slice: Slice, fromUs: number, isOn: boolean): void => {
    const wasUnderWay = underWay;
    underWay += slice.begun - slice.offered;
    if (!isOn) seenUs = undefined;
    if (!isOn || !isEvidence(slice, wasUnderWay)) return;
    const endUs = fromUs + sliceUs;
    const lengthUs = Math.min(apartMostUs, endUs - (seenUs ?? fromUs));
    seenUs = endUs;
    window ??= { ...noSums(), lengthUs: 0, sinceUs: fromUs, heldUs: 0, wellUs: 0 };
    addSums(window, slice);
    window.lengthUs += lengthUs;
    if (!isTrouble(when, { ...slice, lengthUs: sliceUs })) {
      window.sinceUs = endUs;
      window.heldUs = 0;
      window.wellUs += lengthUs;
    } else {
      if (window.heldUs === 0) window.sinceUs = fromUs;
      // How it was between the last that looked well and the first that does not, nobody has seen.
      window.heldUs += window.heldUs === 0 ? sliceUs : lengthUs;
      window.wellUs = 0;
    }
    if (isFull(when, window)) close(window);
  };

  const trouble = (): Trouble | undefined => {
    if (streak === undefined) return undefined;
    const { sinceUs, heldUs, wellUs, lengthUs } = streak;
    const value = figureOf(when, streak, lengthUs);
    return value === undefined
      ? undefined
      : { sinceUs, heldUs: heldUs - wellUs, value, samples: samplesOf(when, streak) };
  };

  return { take, trouble };
}

function isTrouble(when: Live, stretch: Sums & { readonly lengthUs: number }): boolean {
  const value = figureOf(when, stretch, stretch.lengthUs);
  return value !== undefined && keeps(value, when);
}

/** Goodput that is too low may have few ops to show for it: then so many that should have been there suffice. */
function isFull(when: Live, window: Stretch): boolean {
  if (window.lengthUs < windowLeastUs) return false;
  const { metric, bound, samplesMin = metrics[metric].samplesMin } = when;
  const wanted = metric === "goodput" ? (bound.value * window.lengthUs) / 1e6 : 0;
  return Math.max(samplesOf(when, window), wanted) >= samplesMin;
}

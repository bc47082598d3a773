/** What a bound that is looked at while the run goes on is figured from. */
import { errorRate, perSecond, timeUs } from "./bounded.ts";
import { emptyTiming, mergeTiming, type Timing } from "./histogram.ts";
import type { Live } from "./live.ts";

export interface Sums {
  /** Ops that ended, or could not be run. */
  offered: number;
  good: number;
  /** Of the ops that were ok. */
  readonly response: Timing;
}

export function noSums(): Sums {
  return { offered: 0, good: 0, response: emptyTiming() };
}

export function addSums(into: Sums, from: Sums): void {
  into.offered += from.offered;
  into.good += from.good;
  if (from.response.samples > 0) mergeTiming(into.response, from.response);
}

/** In the unit of the bound; undefined where there is nothing to tell it from. */
export function figureOf({ metric }: Live, sums: Sums, lengthUs: number): number | undefined {
  if (metric === "error-rate") return sums.offered === 0 ? undefined : errorRate(sums);
  if (metric === "goodput") return lengthUs <= 0 ? undefined : perSecond(sums.good, lengthUs);
  const us = timeUs(metric, sums.response);
  return us === undefined ? undefined : us / 1000;
}

export function samplesOf({ metric }: Live, { offered, response }: Sums): number {
  return metric === "error-rate" || metric === "goodput" ? offered : response.samples;
}

export function isTimed({ metric }: Live): boolean {
  return metric !== "error-rate" && metric !== "goodput";
}

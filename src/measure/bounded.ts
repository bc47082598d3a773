/** The figures that bounds are set on, and whether they keep to them: the same while a run lives as after it. */
import { meanUs, percentile, type Timing } from "./histogram.ts";
import type { Goodput } from "./recovery.ts";
import { figureDigits } from "./figure-words.ts";
import type { Comparator, Metric, Threshold } from "./threshold.ts";

export type TimeMetric = Extract<Metric, "p50" | "p90" | "p95" | "p99" | "max" | "mean">;

/** Undefined where there is no sample. */
export function timeUs(metric: TimeMetric, timing: Timing): number | undefined {
  if (timing.samples === 0) return undefined;
  if (metric === "max") return timing.maxUs;
  return metric === "mean" ? meanUs(timing) : percentile(timing, Number(metric.slice(1)) / 100);
}

export function errorRate({ offered, good }: Goodput): number {
  return (100 * (offered - good)) / offered;
}

export function perSecond(good: number, lengthUs: number): number {
  return (good * 1e6) / lengthUs;
}

/** As few digits as leave a figure on its side of the bound. */
export function shortened(value: number, threshold: Pick<Threshold, "comparator" | "bound">): number {
  const short = Number(value.toPrecision(6));
  return keeps(short, threshold) === keeps(value, threshold) ? short : Number(value.toPrecision(figureDigits));
}

/** With what arithmetic leaves over taken off. */
export function keeps(value: number, { comparator, bound }: Pick<Threshold, "comparator" | "bound">): boolean {
  const exact = Number(value.toPrecision(figureDigits));
  switch (comparator) {
    case "<":
      return exact < bound.value;
    case "<=":
      return exact <= bound.value;
    case ">":
      return exact > bound.value;
    case ">=":
      return exact >= bound.value;
    case "=":
      return Number(Math.abs(exact - bound.value).toPrecision(figureDigits)) <= (bound.tolerance ?? 0);
    default:
      return comparator satisfies never;
  }
}

export function isUpper(comparator: Comparator): boolean {
  return comparator === "<" || comparator === "<=";
}

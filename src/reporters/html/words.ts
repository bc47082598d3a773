/** Numbers, times and outcomes as the page words them. */
import type { Bucket, Figures, Latency } from "../../measure/figures.ts";
import type { OpOutcome } from "../../history/outcomes.ts";
import { formatDuration } from "../../units.ts";

/** The order in which outcomes stand everywhere: in stacks from below, in tables from the left. */
export const outcomes: readonly OpOutcome[] = ["ok", "failed", "unknown", "not-run"];

export const outcomesAbout: Readonly<Record<OpOutcome, string>> = {
  ok: "done",
  failed: "the server surely said no",
  unknown: "no answer: it may have happened all the same",
  "not-run": "never tried",
};

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function count(n: number): string {
  return grouped.format(n);
}

export function countOf(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export function took(us: number): string {
  return us < 0 ? `-${formatDuration(-us / 1000)}` : formatDuration(us / 1000);
}

/** A moment of the run, exact to the millisecond and no finer. */
export function moment(us: number): string {
  return us === 0 ? "0s" : took(Math.round(us / 1000) * 1000);
}

/** As it was written, only easier to read; anything else stays as it is. */
export function timeOfDay(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, "$1 $2 UTC");
}

export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (part / whole) * 100;
  // 99.96 % is not all, and 0.04 % is not none.
  if (percent > 99 && percent < 100) return `${(Math.floor(percent * 10) / 10).toFixed(1)}%`;
  if (percent > 0 && percent < 1) return `${(Math.ceil(percent * 10) / 10).toFixed(1)}%`;
  return `${Math.round(percent)}%`;
}

export function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

export function opsOf(bucket: Pick<Bucket, "ops">): number {
  return sumOf(outcomes, (outcome) => bucket.ops[outcome]);
}

/** Why a percentile is absent. */
export function noPercentile({ samples }: Latency): string {
  return samples === 0 ? "none ok" : "too few";
}

const endings: Readonly<Record<Exclude<Figures["ended"], "finished">, string>> = {
  "baseline-failed": "Aborted: the baseline did not hold, so no fault was injected.",
  "not-recovered": "Aborted: the system did not recover from a fault, so what was to follow was not played.",
  interrupted: "Interrupted by hand before its end. What was witnessed counts; what was not seen is unknown.",
  terminated: "Asked to stop before its end. What was witnessed counts; what was not seen is unknown.",
  unreachable: "Stopped: a target could not be reached.",
  "engine-lost": "Stopped: the engine was lost that links and faults are made of. What was not seen is unknown.",
  broken: "Stopped by a defect of Squall itself.",
  stopped: "Stopped early: a stop condition of the scenario held.",
  aborted: "Aborted: a threshold failed that ends the run.",
  cut: "The history is cut off: it has no end mark. What was witnessed counts; all else is unknown.",
};

/** Why the run is not whole; undefined where it is. */
export function endingOf(ended: Figures["ended"]): string | undefined {
  return ended === "finished" ? undefined : endings[ended];
}

/**
 * Time to recovery: from the off edge of a fault to the first moment from which goodput holds again. Goodput is taken
 * with the load out of it, ok ops of those offered, so that neither a lull nor a closed model's pace passes for one.
 */
import type { OpRecord } from "../history/records.ts";
import { formatDuration } from "../units.ts";
import { isCutShort } from "./cells.ts";

/** Ops that were offered, and those of them that were ok. */
export interface Goodput {
  readonly offered: number;
  readonly good: number;
}

/** As long as it was meant to be: marks of time come a few milliseconds late, and a rate must not pay for that. */
export function lengthBetween(fromUs: number, toUs: number): number {
  return Math.max(1, Math.round((toUs - fromUs) / binUs)) * binUs;
}

export interface Track {
  readonly on: (op: OpRecord) => void;
  readonly baseline: () => Goodput;
  /** Of the ops of an episode with an intended start in this span, and how much of it was counted: whole bins only. */
  readonly between: (episode: string, fromUs: number, toUs: number) => Goodput & { readonly lengthUs: number };
  readonly recovery: (episode: string, clearUs: number, untilUs: number) => Recovery;
}

export type Recovery = { readonly samples: number } & (
  | { readonly is: "recovered"; readonly us: number }
  /** Not within what was seen, so it takes longer than this. */
  | { readonly is: "not-seen"; readonly atLeastUs: number }
  | { readonly is: "untold"; readonly because: string }
);

export const opsMin = 20;
const binUs = 50_000;
const share = 0.95;
const windowMostUs = 5_000_000;
const windowLeastUs = 1_000_000;
const gapUs = 500_000;
const gapShare = 0.7;
/** Of fewer ops, one bad one would be a gap. */
const gapOpsMin = 5;

/** What a track must know of the phases: which belong to the baseline, and to which episode others belong. */
export interface Stretches {
  readonly isBaseline: (phase: string) => boolean;
  readonly episodeOf: (phase: string) => string | undefined;
  /** When an episode began; undefined before it has. */
  readonly startOf: (episode: string) => number | undefined;
}

export function openTrack({ isBaseline, episodeOf, startOf }: Stretches): Track {
  const baseline = { offered: 0, good: 0 };
  const episodes = new Map<string, Bins>();

  const on = (op: OpRecord): void => {
    if (isCutShort(op)) return;
    const good = op.outcome === "ok" ? 1 : 0;
    const { phase, intendedUs } = op.started;
    if (isBaseline(phase)) {
      baseline.offered += 1;
      baseline.good += good;
      return;
    }
    const episode = episodeOf(phase);
    const startUs = episode === undefined ? undefined : startOf(episode);
    if (episode === undefined || startUs === undefined) return;
    const bins = episodes.get(episode) ?? { startUs, offered: [], good: [] };
    episodes.set(episode, bins);
    const index = Math.max(0, Math.floor((intendedUs - startUs) / binUs));
    while (bins.offered.length <= index) {
      bins.offered.push(0);
      bins.good.push(0);
    }
    bins.offered[index] = (bins.offered[index] ?? 0) + 1;
    bins.good[index] = (bins.good[index] ?? 0) + good;
  };

  const binsOf = (episode: string): Bins => episodes.get(episode) ?? { startUs: 0, offered: [], good: [] };
  return {
    on,
    baseline: () => baseline,
    between: (episode, fromUs, toUs) => {
      const bins = binsOf(episode);
      const first = Math.ceil((fromUs - bins.startUs) / binUs);
      const end = Math.max(first, Math.round((toUs - bins.startUs) / binUs));
      return { ...summed(bins)(first, end), lengthUs: (end - first) * binUs };
    },
    recovery: (episode, clearUs, untilUs) => recoveryIn(binsOf(episode), baseline, { clearUs, untilUs }),
  };
}

interface Bins {
  readonly startUs: number;
  readonly offered: number[];
  readonly good: number[];
}

interface Seen {
  readonly clearUs: number;
  readonly untilUs: number;
}

function recoveryIn(bins: Bins, baseline: Goodput, { clearUs, untilUs }: Seen): Recovery {
  const seenUs = untilUs - clearUs;
  // What began before the edge was clear belongs to the fault, so the first bin is the first whole one.
  const first = Math.ceil((clearUs - bins.startUs) / binUs);
  const end = Math.round((untilUs - bins.startUs) / binUs);
  const sum = summed(bins);
  const { offered: samples } = sum(first, end);
  const untold = (because: string): Recovery => ({ is: "untold", because, samples });
  const brief = (): Recovery => untold(`only ${formatDuration(Math.max(0, seenUs) / 1000)} were seen after healing`);
  if (seenUs < windowLeastUs) return brief();
  if (baseline.offered < opsMin || baseline.good === 0) {
    return untold(`the baseline has ${baseline.good} ok of ${baseline.offered} ops to compare with`);
  }
  if (samples < opsMin) return untold(`only ${samples} ops began after healing, of at least ${opsMin}`);

  // Where little was seen, half of it is the window: a whole one would leave nothing to look for recovery in.
  const windowUs = Math.min(windowMostUs, Math.max(windowLeastUs, seenUs / 2));
  const width = Math.floor(windowUs / binUs);
  // Towards the end of what was seen, half a window still tells.
  const least = Math.max(Math.floor(windowLeastUs / binUs), Math.ceil(width / 2));
  const usual = baseline.good / baseline.offered;
  let at = first;
  for (; at + least <= end; at += 1) {
    const stop = wideEnough(sum, { at, to: Math.min(at + width, end), end });
    if (stop === undefined) break;
    const { offered, good } = sum(at, stop);
    if (good >= share * usual * offered && !hasGap(sum, { at, stop, usual })) {
      return { is: "recovered", us: Math.max(0, bins.startUs + at * binUs - clearUs), samples };
    }
  }
  if (at === first) return brief();
  return { is: "not-seen", atLeastUs: Math.max(0, bins.startUs + (at - 1) * binUs - clearUs), samples };
}

/** Where the window ends once it holds enough ops; undefined where there are no more. */
function wideEnough(sum: Sum, { at, to, end }: Record<"at" | "to" | "end", number>): number | undefined {
  let stop = to;
  while (stop < end && sum(at, stop).offered < opsMin) stop += 1;
  return sum(at, stop).offered < opsMin ? undefined : stop;
}

function hasGap(sum: Sum, { at, stop, usual }: Record<"at" | "stop" | "usual", number>): boolean {
  const isGap = ({ offered, good }: Goodput): boolean => good < gapShare * usual * offered;
  // What begins with what is bad has not begun to recover, however good the rest.
  let first = at + 1;
  while (first < stop && sum(at, first).offered === 0) first += 1;
  if (isGap(sum(at, first))) return true;
  const width = gapUs / binUs;
  for (let from = at; from + width <= stop; from += 1) {
    const part = sum(from, from + width);
    if (part.offered >= gapOpsMin && isGap(part)) return true;
  }
  return false;
}

type Sum = (from: number, to: number) => Goodput;

/** Sums over any bins, each in no time. */
function summed({ offered, good }: Bins): Sum {
  const upTo = { offered: [0], good: [0] };
  for (const [index, some] of offered.entries()) {
    upTo.offered.push((upTo.offered[index] ?? 0) + some);
    upTo.good.push((upTo.good[index] ?? 0) + (good[index] ?? 0));
  }
  const at = (sums: readonly number[], index: number): number =>
    sums[Math.min(Math.max(0, index), sums.length - 1)] ?? 0;
  return (from, to) => ({
    offered: at(upTo.offered, to) - at(upTo.offered, from),
    good: at(upTo.good, to) - at(upTo.good, from),
  });
}

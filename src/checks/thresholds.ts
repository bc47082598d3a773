/**
 * Bounds on figures, judged. A figure of too few samples, of phases that were cut short, or without anything to
 * compare it with is unknown: it neither passes nor fails.
 */
import type { FailedThreshold } from "../history/events.ts";
import type { Cell } from "../measure/cells.ts";
import { errorRate, isUpper, keeps, perSecond, shortened, timeUs } from "../measure/bounded.ts";
import { mergeTiming, emptyTiming, type Timing } from "../measure/histogram.ts";
import type { Measured, PlacedThreshold } from "../measure/measure.ts";
import { lengthBetween, type Goodput, type Track } from "../measure/recovery.ts";
import { takesIn, type Placed } from "../measure/scope.ts";
import { formatBeside, formatFigure, metrics } from "../measure/threshold.ts";
import type { Verdict } from "./check.ts";
import { overlaps, type Trouble } from "./engine-trouble.ts";
import type { Account, Gap } from "./evidence.ts";

export interface ThresholdResult {
  readonly expression: string;
  readonly verdict: Verdict;
  /** In the unit of the bound: milliseconds, percent, per second, or a ratio. */
  readonly value?: number;
  /** The value as people read it. */
  readonly shown?: string;
  readonly samples: number;
  /** Why it is unknown, or how it failed. */
  readonly because?: string;
}

type Judged = Omit<ThresholdResult, "expression">;

/** What was measured, or why it cannot be told. */
type Figure = { readonly samples: number } & (
  | { readonly value: number; readonly orMore?: true }
  | { readonly because: string }
);

export function judgeThresholds(
  measured: Measured,
  { gaps, aborted, troubles }: Pick<Account, "gaps" | "aborted" | "troubles">,
): readonly ThresholdResult[] {
  return measured.thresholds.map((threshold) => {
    const { expression, placed } = threshold;
    const failed = aborted.find((one) => one.expression === expression);
    const isTold = failed !== undefined && !("says" in placed);
    const judged = isTold ? judgeAborted(placed, failed, measured) : judgeOne(threshold, measured);
    const excuses = new Set<Gap["gap"]>(["generator-behind"]);
    if (isTroubled(placed, troubles, measured)) excuses.add("engine-restarted");
    return { expression, ...believed(judged, gaps, excuses) };
  });
}

/** It ended the run, so its phase was cut short for it: how it stood then is its verdict. */
function judgeAborted(placed: Placed, { atUs, value, samples }: FailedThreshold, measured: Measured): Judged {
  const because = `it ended the run at ${formatFigure(Math.round(atUs / 1000), "ms")}`;
  const judged = { value, shown: formatBeside(value, placed.bound), samples };
  const isBroken = (by: Measured): boolean => {
    const figure = figureIn(placed, placed.phases, by);
    return "value" in figure && !keeps(figure.value, placed);
  };
  return isBroken(measured) && !isBroken(asIfPunctual(measured))
    ? { ...judged, verdict: "unknown", because: `${because}; ${begunLate}, and without that it is not broken` }
    : { ...judged, verdict: "fail", because };
}

/** Whether its figures, or those that they are compared with, are of a time in which the engine had cut everybody off. */
function isTroubled(placed: PlacedThreshold["placed"], troubles: readonly Trouble[], { figures }: Measured): boolean {
  if ("says" in placed) return false;
  const counts = ({ phase, role }: (typeof figures.phases)[number]): boolean =>
    placed.phases.includes(phase) ||
    placed.episodes.includes(phase) ||
    (placed.bound.ofBaseline && role === "baseline");
  return figures.phases.some(
    (phase) => counts(phase) && overlaps(troubles, phase.startUs, phase.endUs ?? Number.POSITIVE_INFINITY),
  );
}

/** Gaps take away every pass; a generator that fell behind, or an engine that did, has itself made the figures bad. */
function believed(judged: Judged, gaps: readonly Gap[], excuses: ReadonlySet<Gap["gap"]>): Judged {
  const doubts = judged.verdict === "fail" ? gaps.filter(({ gap }) => excuses.has(gap)) : gaps;
  if (doubts.length === 0) return judged;
  const own = judged.because === undefined ? [] : [judged.because];
  return { ...judged, verdict: "unknown", because: [...doubts.map(({ says }) => says), ...own].join("; ") };
}

function judgeOne({ placed, track }: PlacedThreshold, measured: Measured): Judged {
  if ("says" in placed) {
    return { verdict: "unknown", samples: 0, because: `this version of Squall cannot read it: ${placed.says}` };
  }
  const judged = judgeAmongFaults(placed, track, measured);
  if (judged.verdict !== "fail") return judged;
  // A generator that kept up on the whole may still have stood still for a moment, just then.
  const punctual = judgeAmongFaults(placed, track, asIfPunctual(measured));
  if (punctual.verdict === "fail") return judged;
  const without = punctual.verdict === "pass" ? `without that it is ${punctual.shown}` : punctual.because;
  return { ...judged, verdict: "unknown", because: `${begunLate}; ${without}` };
}

const begunLate = "Squall itself began some of these ops late";

function asIfPunctual(measured: Measured): Measured {
  const { cells, calm } = measured;
  const all = (late: readonly Cell[]): readonly Cell[] =>
    late.map((cell) => ({ ...cell, clocks: { ...cell.clocks, ok: { ...cell.clocks.ok, response: cell.punctual } } }));
  return { ...measured, cells: all(cells), calm: { begun: all(calm.begun), untouched: all(calm.untouched) } };
}

function judgeAmongFaults(placed: Placed, track: Track, measured: Measured): Judged {
  const { calm, figures } = measured;
  const meant = figures.phases.some(({ phase, role }) => role === "fault" && placed.phases.includes(phase));
  // A rate counts what came, so nothing is left out of it.
  if (meant || placed.bound.unit === "/s") return judgeIn(placed, track, measured);
  const judged = judgeIn(placed, track, { ...measured, cells: calm.begun });
  if (judged.verdict !== "fail") return judged;
  // What a fault overtook may have been late or lost for it, or would have been so all the same.
  const untouched = judgeIn(placed, track, { ...measured, cells: calm.untouched });
  if (untouched.verdict !== "pass") return judged;
  const because = `a fault began while some of these ops were under way, and without them it is ${untouched.shown}`;
  return { ...judged, verdict: "unknown", because };
}

function judgeIn(placed: Placed, track: Track, measured: Measured): Judged {
  if (placed.metric === "max") {
    // One sample above it is enough to break it, however few or cut short they are.
    const broken = brokenMaximum(placed, measured);
    if (broken !== undefined) return broken;
  }
  const cut = placed.phases.find((phase) => !measured.whole.has(phase));
  if (cut !== undefined) {
    const reached = measured.figures.phases.some(({ phase }) => phase === cut);
    return { verdict: "unknown", samples: 0, because: `${cut} was ${reached ? "cut short" : "never reached"}` };
  }
  if (placed.metric === "time-to-recovery") return worst(placed, recoveries(placed, track, measured));
  if (placed.withinMs !== undefined) return worst(placed, goodputsAfter(placed, track, measured));
  return worst(placed, [relative(placed, measured)]);
}

/** Every episode must keep the bound; the one that keeps it worst is told. */
function worst(placed: Placed, figures: readonly Figure[]): Judged {
  const judged = figures.map((figure) => judgeFigure(placed, figure)).toSorted((a, b) => rank(a) - rank(b));
  const [first, ...others] = judged;
  if (first === undefined) return { verdict: "unknown", samples: 0, because: "there is no episode" };
  const upper = isUpper(placed.comparator);
  return others
    .filter(({ verdict }) => verdict === first.verdict)
    .reduce((one, other) => (isWorse(other.value, one.value, upper) ? other : one), first);
}

const rank = ({ verdict }: Judged): number => ["fail", "unknown", "pass"].indexOf(verdict);

function isWorse(value = 0, than = 0, upper: boolean): boolean {
  return upper ? value > than : value < than;
}

function judgeFigure(placed: Placed, figure: Figure): Judged {
  const { metric, bound, samplesMin } = placed;
  const { samples } = figure;
  if ("because" in figure) return { verdict: "unknown", samples, because: figure.because };
  const kept = keeps(figure.value, placed);
  const value = shortened(figure.value, placed);
  const shown = `${figure.orMore === true ? "more than " : ""}${formatBeside(value, bound)}`;
  const least = samplesMin ?? metrics[metric].samplesMin;
  if (samples < least) {
    const because = `${samples === 0 ? "no data" : `only ${samples} ${samples === 1 ? "sample" : "samples"}`}, of at least ${least}`;
    return { verdict: "unknown", value, shown, samples, because };
  }
  return { verdict: kept ? "pass" : "fail", value, shown, samples };
}

function brokenMaximum(placed: Placed, measured: Measured): Judged | undefined {
  if (!isUpper(placed.comparator) || placed.bound.ofBaseline) return undefined;
  const { samples, maxUs } = responseOf(placed, placed.phases, measured);
  const value = maxUs / 1000;
  if (samples === 0 || keeps(value, placed)) return undefined;
  return { verdict: "fail", value, shown: formatBeside(value, placed.bound), samples };
}

/** The figure, as a share of what it is in the baseline where that is asked. */
function relative(placed: Placed, measured: Measured): Figure {
  const figure = figureIn(placed, placed.phases, measured);
  if (!placed.bound.ofBaseline || "because" in figure) return figure;
  const baselines = measured.figures.phases.filter(({ role }) => role === "baseline").map(({ phase }) => phase);
  return shareOf(placed, figure, figureIn(placed, baselines, measured));
}

function shareOf(placed: Placed, figure: Figure & { readonly value: number }, usual: Figure): Figure {
  const { samples } = figure;
  const least = placed.samplesMin ?? metrics[placed.metric].samplesMin;
  if ("because" in usual) return { samples, because: `the baseline: ${usual.because}` };
  if (usual.samples < least) {
    return { samples, because: `the baseline has ${usual.samples} samples, of at least ${least}` };
  }
  if (usual.value === 0) return { samples, because: "it is nothing in the baseline, so there is nothing to compare" };
  return { samples, value: (100 * figure.value) / usual.value };
}

function figureIn(placed: Placed, phases: readonly string[], measured: Measured): Figure {
  const { metric, scope, bound } = placed;
  switch (metric) {
    case "p50":
    case "p90":
    case "p95":
    case "p99":
    case "max":
    case "mean": {
      const timing = responseOf(placed, phases, measured);
      const us = timeUs(metric, timing);
      return us === undefined ? noData : { samples: timing.samples, value: us / 1000 };
    }
    case "error-rate": {
      const ops = opsOf(placed, phases, measured);
      return ops.offered === 0 ? noData : { samples: ops.offered, value: errorRate(ops) };
    }
    case "goodput": {
      const { offered, good } = opsOf(placed, phases, measured);
      if (offered === 0) return noData;
      // Against the baseline the load is taken out: arrivals that come and go by chance are not the server's.
      if (bound.ofBaseline) return { samples: offered, value: good / offered };
      return { samples: offered, value: perSecond(good, lengthUs(phases, measured)) };
    }
    case "amplification":
      return amplificationOf(scope.upstreamLink, placed, phases, measured);
    case "time-to-recovery":
      return noData;
    default:
      return metric satisfies never;
  }
}

const noData: Figure = { samples: 0, because: "no data" };

function cellsOf({ scope }: Placed, phases: readonly string[], { cells }: Measured): Measured["cells"] {
  return cells.filter((cell) => phases.includes(cell.phase) && takesIn(scope, cell));
}

function responseOf(placed: Placed, phases: readonly string[], measured: Measured): Timing {
  const sum = emptyTiming();
  for (const { clocks } of cellsOf(placed, phases, measured)) mergeTiming(sum, clocks.ok.response);
  return sum;
}

/** Whatever did not come to an end of its own tells nothing; whatever else is not ok is an error to its caller. */
function opsOf(placed: Placed, phases: readonly string[], measured: Measured): Goodput {
  const cells = cellsOf(placed, phases, measured);
  const offered = cells.reduce(
    (sum, { ops, cutShort }) => sum + ops.ok + ops.failed + ops.unknown + ops["not-run"] - cutShort,
    0,
  );
  return { offered, good: cells.reduce((sum, { ops }) => sum + ops.ok, 0) };
}

function lengthUs(phases: readonly string[], { figures }: Measured): number {
  return figures.phases
    .filter(({ phase }) => phases.includes(phase))
    .reduce((sum, { startUs, endUs }) => sum + lengthBetween(startUs, endUs), 0);
}

function amplificationOf(
  upstreamLink: string | undefined,
  placed: Placed,
  phases: readonly string[],
  measured: Measured,
): Figure {
  const sums =
    upstreamLink === undefined
      ? cellsOf(placed, phases, measured).map(({ attempts, tried }) => ({ requests: attempts, callers: tried }))
      : measured.figures.hops.filter(({ link, phase }) => link === upstreamLink && phases.includes(phase));
  const callers = sums.reduce((sum, one) => sum + one.callers, 0);
  if (callers === 0) return noData;
  return { samples: callers, value: sums.reduce((sum, one) => sum + one.requests, 0) / callers };
}

function recoveries({ episodes, comparator, bound }: Placed, track: Track, measured: Measured): readonly Figure[] {
  return episodes.map((episode): Figure => {
    const aftermath = measured.aftermaths.get(episode);
    if (aftermath?.is !== "seen") return { samples: 0, because: aftermath?.because ?? "no data" };
    const recovery = track.recovery(episode, aftermath.clearUs, aftermath.untilUs);
    const { samples } = recovery;
    if (recovery.is === "recovered") return { samples, value: recovery.us / 1000 };
    if (recovery.is === "untold") return { samples, because: recovery.because };
    // It takes longer than what was seen; where even that is too long, no more need be known.
    const leastMs = recovery.atLeastUs / 1000;
    if (isUpper(comparator) && !keeps(leastMs, { comparator, bound })) return { samples, value: leastMs, orMore: true };
    const because = `goodput did not come back in the first ${formatFigure(leastMs, "ms")}, and the rest is too short to tell`;
    return { samples, because };
  });
}

/** Goodput from so long after healing to the end of the recovery phase. */
function goodputsAfter(placed: Placed, track: Track, measured: Measured): readonly Figure[] {
  const { episodes, withinMs = 0, bound } = placed;
  return episodes.map((episode): Figure => {
    const aftermath = measured.aftermaths.get(episode);
    if (aftermath?.is !== "seen") return { samples: 0, because: aftermath?.because ?? "no data" };
    const fromUs = aftermath.clearUs + withinMs * 1000;
    const { offered: samples, good, lengthUs: countedUs } = track.between(episode, fromUs, aftermath.untilUs);
    if (samples === 0)
      return { samples, because: `no op was counted from ${formatFigure(withinMs, "ms")} after healing on` };
    if (!bound.ofBaseline) return { samples, value: perSecond(good, countedUs) };
    const usual = track.baseline();
    return shareOf(
      placed,
      { samples, value: good / samples },
      usual.offered === 0 ? noData : { samples: usual.offered, value: usual.good / usual.offered },
    );
  });
}

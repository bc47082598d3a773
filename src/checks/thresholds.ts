/**
 * Bounds on figures, judged. A figure of too few samples, of phases that were cut short, or without anything to
 * compare it with is unknown: it neither passes nor fails.
 */
import type { FailedThreshold } from "../history/failed-threshold.ts";
import type { Cell } from "../measure/cells.ts";
import { isUpper, keeps, shortened } from "../measure/bounded.ts";
import type { Measured, PlacedThreshold } from "../measure/measure.ts";
import type { Track } from "../measure/recovery.ts";
import type { Placed } from "../measure/scope.ts";
import { formatBeside, formatFigure } from "../measure/figure-words.ts";
import { metrics } from "../measure/threshold.ts";
import type { Verdict } from "./check.ts";
import { overlaps, type Trouble } from "./engine-trouble.ts";
import type { Account, Gap } from "./evidence.ts";
import { figureIn, goodputsAfter, recoveries, relative, responseOf, type Figure } from "./threshold-figures.ts";

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

export function judgeThresholds(
  measured: Measured,
  { gaps, aborted, troubles }: Pick<Account, "gaps" | "aborted" | "troubles">,
): readonly ThresholdResult[] {
  return measured.thresholds.map((threshold) => {
    const { expression, placed } = threshold;
    const failed = aborted.find((one) => one.expression === expression);
    const isTold = failed !== undefined && !("says" in placed);
    const judged = isTold ? judgeAborted(placed, failed, measured) : judgeOne(threshold, measured);
    const troubled = troubles.filter((trouble) => isTroubled(placed, trouble, measured));
    const excuses = new Set<Gap["gap"]>(["generator-behind", ...troubled.map(({ gap }) => gap)]);
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

/** Whether its figures, or those that they are compared with, are of a time in which everybody was cut off by others. */
function isTroubled(placed: PlacedThreshold["placed"], trouble: Trouble, { figures }: Measured): boolean {
  if ("says" in placed) return false;
  const counts = ({ phase, role }: (typeof figures.phases)[number]): boolean =>
    placed.phases.includes(phase) ||
    placed.episodes.includes(phase) ||
    (placed.bound.ofBaseline && role === "baseline");
  return figures.phases.some(
    (phase) => counts(phase) && overlaps([trouble], phase.startUs, phase.endUs ?? Number.POSITIVE_INFINITY),
  );
}

/** Gaps take away every pass; a generator that fell behind, or an engine or an authorization server that did, has itself made the figures bad. */
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
  if (meant || countsAll(placed)) return judgeIn(placed, track, measured);
  const judged = judgeIn(placed, track, { ...measured, cells: calm.begun });
  if (judged.verdict !== "fail") return judged;
  // What a fault overtook may have been late or lost for it, or would have been so all the same.
  const untouched = judgeIn(placed, track, { ...measured, cells: calm.untouched });
  if (untouched.verdict !== "pass") return judged;
  const because = `a fault began while some of these ops were under way, and without them it is ${untouched.shown}`;
  return { ...judged, verdict: "unknown", because };
}

/** How many came, and how many a second, has nothing left out of it. */
function countsAll({ metric, bound: { unit } }: Placed): boolean {
  return unit === "/s" || metric === "requests" || metric === "requests-per-op";
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
  return others
    .filter(({ verdict }) => verdict === first.verdict)
    .reduce((one, other) => (isWorse(placed, other.value, one.value) ? other : one), first);
}

const rank = ({ verdict }: Judged): number => ["fail", "unknown", "pass"].indexOf(verdict);

function isWorse({ comparator, bound }: Placed, value = 0, than = 0): boolean {
  if (comparator === "=") return Math.abs(value - bound.value) > Math.abs(than - bound.value);
  return isUpper(comparator) ? value > than : value < than;
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

/** The figures that bounds are set on, each as one number, or why there is none. */
import { errorRate, isUpper, keeps, perSecond, timeUs } from "../measure/bounded.ts";
import { emptyTiming, mergeTiming, type Timing } from "../measure/histogram.ts";
import type { Measured } from "../measure/measure.ts";
import { lengthBetween, type Goodput, type Track } from "../measure/recovery.ts";
import { takesIn, type Placed } from "../measure/scope.ts";
import { formatFigure } from "../measure/figure-words.ts";
import { metrics } from "../measure/threshold.ts";

/** What was measured, or why it cannot be told. */
export type Figure = { readonly samples: number } & (
  | { readonly value: number; readonly orMore?: true }
  | { readonly because: string }
);

/** The figure, as a share of what it is in the baseline or in another scope where that is asked. */
export function relative(placed: Placed, measured: Measured): Figure {
  const figure = figureIn(placed, placed.phases, measured);
  const { ofBaseline, ofScope } = placed.bound;
  if ("because" in figure) return figure;
  if (ofScope !== undefined) {
    const other = { ...placed, scope: placed.comparedWith ?? {} };
    return shareOf(placed, figure, { is: ofScope, ...figureIn(other, placed.phases, measured) });
  }
  if (!ofBaseline) return figure;
  const baselines = measured.figures.phases.filter(({ role }) => role === "baseline").map(({ phase }) => phase);
  return shareOf(placed, figure, { is: "the baseline", ...figureIn(placed, baselines, measured) });
}

function shareOf(
  placed: Placed,
  figure: Figure & { readonly value: number },
  usual: Figure & { readonly is: string },
): Figure {
  const { samples } = figure;
  const least = placed.samplesMin ?? metrics[placed.metric].samplesMin;
  if ("because" in usual) return { samples, because: `${usual.is}: ${usual.because}` };
  if (usual.samples < least) {
    return { samples, because: `${usual.is} has ${usual.samples} samples, of at least ${least}` };
  }
  if (usual.value === 0) return { samples, because: `it is nothing in ${usual.is}, so there is nothing to compare` };
  return { samples, value: (100 * figure.value) / usual.value };
}

export function figureIn(placed: Placed, phases: readonly string[], measured: Measured): Figure {
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
      if (bound.unit === "%") return { samples: offered, value: good / offered };
      return { samples: offered, value: perSecond(good, lengthUs(phases, measured)) };
    }
    case "amplification":
      return amplificationOf(scope.upstreamLink, placed, phases, measured);
    case "requests":
    case "requests-per-op": {
      const { requests, ops } = requestsOf(placed, phases, measured);
      if (ops === 0) return noData;
      return { samples: ops, value: metric === "requests" ? requests : requests / ops };
    }
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

export function responseOf(placed: Placed, phases: readonly string[], measured: Measured): Timing {
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

/** Of every op that could have led to them, whether it was sent or held back. */
function requestsOf(
  placed: Placed,
  phases: readonly string[],
  measured: Measured,
): { readonly requests: number; readonly ops: number } {
  const { upstreamLink, callers = [] } = placed.scope;
  const cells =
    upstreamLink === undefined
      ? cellsOf(placed, phases, measured)
      : measured.cells.filter(({ phase, server }) => phases.includes(phase) && callers.includes(server));
  const requests =
    upstreamLink === undefined
      ? cells.reduce((sum, { attempts }) => sum + attempts, 0)
      : measured.figures.hops
          .filter(({ link, phase }) => link === upstreamLink && phases.includes(phase))
          .reduce((sum, hop) => sum + hop.requests, 0);
  const ops = cells.reduce((sum, cell) => sum + Object.values(cell.ops).reduce((all, some) => all + some, 0), 0);
  return { requests, ops };
}

export function recoveries(
  { episodes, comparator, bound }: Placed,
  track: Track,
  measured: Measured,
): readonly Figure[] {
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
export function goodputsAfter(placed: Placed, track: Track, measured: Measured): readonly Figure[] {
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
      {
        is: "the baseline",
        ...(usual.offered === 0 ? noData : { samples: usual.offered, value: usual.good / usual.offered }),
      },
    );
  });
}

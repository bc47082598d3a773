/**
 * When the walks of an open group begin: rates that change evenly from point to point, summed up, and the sum inverted
 * exactly. The k-th walk begins when the sum passes k, so nothing adds up from walk to walk and nothing drifts.
 */
import { stepsBetween, type ArrivalModel } from "../scenario/arrivals.ts";
import type { Random } from "../world.ts";

type RateModel = Exclude<ArrivalModel, { is: "burst" | "herd" }>;

interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
}

/** From the group's start, in order. Without chance the walks are evenly spaced. */
export function* momentsOf(
  model: ArrivalModel,
  { lengthMs, chance }: { readonly lengthMs: number; readonly chance?: Random | undefined },
): Generator<number, void, undefined> {
  if (model.is === "burst") yield* bursts(model, lengthMs);
  else if (model.is === "herd") yield* bursts({ size: model.size, firstMs: model.atMs, everyMs: lengthMs }, lengthMs);
  else yield* momentsAtRates(segmentsOf(model, lengthMs), { lengthMs, marks: marksOf(chance) });
}

/** How many walks that makes; with chance, on average. */
export function walksOf(model: ArrivalModel, lengthMs: number): number {
  switch (model.is) {
    case "burst":
      return model.size * Math.ceil(lengthMs / model.everyMs);
    case "herd":
      return model.atMs < lengthMs ? model.size : 0;
    default: {
      let sum = 0;
      for (const segment of segmentsOf(model, lengthMs)) sum += walksIn(segment);
      return Math.ceil(sum);
    }
  }
}

/** How many walks begin from one moment of the group's time to another; with chance, on average, and so in fractions. */
export function walksBetween(
  model: ArrivalModel,
  { lengthMs, fromMs, toMs }: { readonly lengthMs: number; readonly fromMs: number; readonly toMs: number },
): number {
  switch (model.is) {
    case "burst": {
      const before = (ms: number): number => Math.ceil(Math.max(0, ms) / model.everyMs);
      return model.size * (before(Math.min(toMs, lengthMs)) - before(Math.min(fromMs, lengthMs)));
    }
    case "herd":
      return model.atMs >= fromMs && model.atMs < Math.min(toMs, lengthMs) ? model.size : 0;
    default: {
      let sum = 0;
      for (const segment of segmentsOf(model, lengthMs)) {
        if (segment.fromMs >= toMs) break;
        sum += walksIn(cut(segment, toMs)) - (segment.fromMs < fromMs ? walksIn(cut(segment, fromMs)) : 0);
      }
      return sum;
    }
  }
}

/** The most walks that begin within a second. */
export function peakOf(model: ArrivalModel, lengthMs: number): number {
  if (model.is === "herd") return model.size;
  if (model.is === "burst") return model.size * Math.ceil(1000 / model.everyMs);
  let most = 0;
  for (const { fromPerSecond, toPerSecond } of segmentsOf(model, lengthMs))
    most = Math.max(most, fromPerSecond, toPerSecond);
  return most;
}

function* bursts(
  { size, everyMs, firstMs = 0 }: { readonly size: number; readonly everyMs: number; readonly firstMs?: number },
  lengthMs: number,
): Generator<number> {
  for (let burst = 0; firstMs + burst * everyMs < lengthMs; burst += 1) {
    for (let walk = 0; walk < size; walk += 1) yield firstMs + burst * everyMs;
  }
}

/** Sums at which walks begin: each whole number; or, by chance, as far apart as the waits of a Poisson process are. */
function marksOf(chance: Random | undefined): () => number {
  let mark = chance === undefined ? -1 : 0;
  return chance === undefined ? () => (mark += 1) : () => (mark -= Math.log1p(-chance.next()));
}

function* momentsAtRates(
  segments: Iterable<Segment>,
  { lengthMs, marks }: { readonly lengthMs: number; readonly marks: () => number },
): Generator<number> {
  let sum = 0;
  let lastMs = 0;
  let mark = marks();
  for (const segment of segments) {
    const sumAfter = sum + walksIn(segment);
    for (; mark < sumAfter; mark = marks()) {
      // Rounding must not put a walk before its predecessor, nor behind the end.
      lastMs = Math.max(lastMs, Math.min(segment.toMs, segment.fromMs + msUntil(segment, mark - sum)));
      if (lastMs >= lengthMs) return;
      yield lastMs;
    }
    sum = sumAfter;
  }
}

function walksIn({ fromMs, toMs, fromPerSecond, toPerSecond }: Segment): number {
  return (((fromPerSecond + toPerSecond) / 2) * (toMs - fromMs)) / 1000;
}

/** Where within a segment so many walks have begun: the root of a quadratic, in the form that never cancels out. */
function msUntil({ fromMs, toMs, fromPerSecond, toPerSecond }: Segment, walks: number): number {
  if (walks <= 0) return 0;
  if (fromPerSecond === toPerSecond) return (walks * 1000) / fromPerSecond;
  const slope = ((toPerSecond - fromPerSecond) * 1000) / (toMs - fromMs);
  return (2000 * walks) / (fromPerSecond + Math.sqrt(Math.max(0, fromPerSecond ** 2 + 2 * slope * walks)));
}

/** The rates of a model from the group's start to its end, cut off there. */
function* segmentsOf(model: RateModel, lengthMs: number): Generator<Segment> {
  for (const segment of endless(model, lengthMs)) {
    if (segment.fromMs >= lengthMs) return;
    if (segment.toMs > segment.fromMs) yield cut(segment, lengthMs);
  }
}

function cut(segment: Segment, atMs: number): Segment {
  const { fromMs, toMs, fromPerSecond, toPerSecond } = segment;
  if (toMs <= atMs) return segment;
  const part = fromPerSecond === toPerSecond ? 0 : (atMs - fromMs) / (toMs - fromMs);
  return { fromMs, toMs: atMs, fromPerSecond, toPerSecond: fromPerSecond + (toPerSecond - fromPerSecond) * part };
}

function* endless(model: RateModel, lengthMs: number): Generator<Segment> {
  switch (model.is) {
    case "rate":
      return yield level(model.perSecond, 0);
    case "stages":
      return yield* stages(model);
    case "step":
      return yield* staircase(model);
    case "spike": {
      const { fromPerSecond, toPerSecond, atMs, forMs } = model;
      yield level(fromPerSecond, 0, atMs);
      yield level(toPerSecond, atMs, atMs + forMs);
      return yield level(fromPerSecond, atMs + forMs);
    }
    case "soak": {
      const { perSecond, rampUpMs, rampDownMs } = model;
      const downMs = lengthMs - rampDownMs;
      yield { fromMs: 0, toMs: rampUpMs, fromPerSecond: 0, toPerSecond: perSecond };
      yield level(perSecond, rampUpMs, downMs);
      return yield { fromMs: downMs, toMs: lengthMs, fromPerSecond: perSecond, toPerSecond: 0 };
    }
    default:
      return model satisfies never;
  }
}

function level(perSecond: number, fromMs: number, toMs = Number.POSITIVE_INFINITY): Segment {
  return { fromMs, toMs, fromPerSecond: perSecond, toPerSecond: perSecond };
}

function* stages(model: Extract<RateModel, { is: "stages" }>): Generator<Segment> {
  let fromMs = 0;
  let fromPerSecond = model.perSecond;
  for (const { toPerSecond, overMs } of model.stages) {
    yield { fromMs, toMs: fromMs + overMs, fromPerSecond, toPerSecond };
    fromMs += overMs;
    fromPerSecond = toPerSecond;
  }
  yield level(fromPerSecond, fromMs);
}

function* staircase(model: Extract<RateModel, { is: "step" }>): Generator<Segment> {
  const { fromPerSecond, byPerSecond, everyMs, toPerSecond } = model;
  const steps = stepsBetween({ from: fromPerSecond, to: toPerSecond, by: byPerSecond });
  const by = Math.sign(toPerSecond - fromPerSecond) * byPerSecond;
  for (let step = 0; step < steps; step += 1) {
    yield level(fromPerSecond + step * by, step * everyMs, (step + 1) * everyMs);
  }
  yield level(toPerSecond, steps * everyMs);
}

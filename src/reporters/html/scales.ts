/** From measured values to places in a chart: across in percent, so that a chart fits any width; down in pixels. */
import { formatDuration } from "../../units.ts";

export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** An x axis. Everything outside is moved to its edge: a wrong figure must not blow up the page. */
export interface Across extends Span {
  /** From 0 to 100. */
  readonly percent: (us: number) => number;
}

export function across(span: Span): Across {
  const fromUs = finite(span.fromUs);
  const toUs = Math.max(finite(span.toUs), fromUs + 1);
  const percent = (us: number): number =>
    round(Math.min(100, Math.max(0, ((finite(us) - fromUs) / (toUs - fromUs)) * 100)));
  return { fromUs, toUs, percent };
}

/** A y axis in pixels from the top. */
export interface Down {
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
}

export function linearDown({ most, height }: { readonly most: number; readonly height: number }): Down {
  const step = niceStep(Math.max(finite(most), 0) / 4);
  const top = Math.max(step, Math.ceil(finite(most) / step) * step);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
  return { y: (value) => round(height - (clamp(value, 0, top) / top) * height), ticks };
}

/** A factor of ten is the same distance everywhere; from 1, 2 or 5 of a decade to another, never below `leastUs`. */
export function logDown({
  values,
  height,
  least,
}: {
  readonly values: readonly number[];
  readonly height: number;
  readonly least: number;
}): Down {
  const positive = values.filter((value) => Number.isFinite(value) && value > 0);
  const lowest = positive.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highest = positive.reduce((a, b) => Math.max(a, b), 0);
  const low = positive.length === 0 ? least : Math.max(least, stepBelow(lowest));
  const high = Math.max(low * 10, niceStep(highest));
  const perDecade = height / Math.log10(high / low);
  const y = (value: number): number => round(height - Math.log10(clamp(value, low, high) / low) * perDecade);
  return { y, ticks: decades(low, high, perDecade) };
}

/** As many lines as can be told apart: decades, or some of them, or 2 and 5 between them too. */
function decades(low: number, high: number, perDecade: number): readonly number[] {
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high / low)) + 2 },
    (_, index) => 10 ** (Math.floor(Math.log10(low) + 1e-9) + index),
  );
  const every = Math.max(1, Math.ceil(20 / perDecade));
  const chosen = powers.filter((_, index) => index % every === 0);
  const between = perDecade >= 85 ? chosen.flatMap((power) => [power, power * 2, power * 5]) : chosen;
  return between.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

function stepBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([5, 2].find((factor) => factor * power <= value) ?? 1) * power;
}

export interface Tick {
  readonly us: number;
  readonly label: string;
}

/** About `count` round moments, counted from `originUs`. */
export function timeTicks(
  span: Span,
  { count, originUs = 0 }: { readonly count: number; readonly originUs?: number },
): readonly Tick[] {
  const stepUs = niceTimeStep((span.toUs - span.fromUs) / count);
  const ticks: Tick[] = [];
  const first = Math.ceil((span.fromUs - originUs) / stepUs);
  for (let n = first; n * stepUs + originUs <= span.toUs && ticks.length <= count * 3; n += 1) {
    ticks.push({ us: n * stepUs + originUs, label: timeLabel(n * stepUs) });
  }
  return ticks;
}

function timeLabel(us: number): string {
  if (us === 0) return "0s";
  return us < 0 ? `-${formatDuration(-us / 1000)}` : formatDuration(us / 1000);
}

const timeStepsUs = [60e6, 120e6, 300e6, 600e6, 900e6, 1800e6, 3600e6, 7200e6, 14_400e6, 21_600e6, 43_200e6, 86_400e6];

function niceTimeStep(leastUs: number): number {
  if (leastUs <= 30e6) return Math.min(niceStep(leastUs), 60e6);
  return timeStepsUs.find((step) => step >= leastUs) ?? niceStep(leastUs);
}

/** The next of 1, 2, 5 × 10ⁿ. */
function niceStep(least: number): number {
  // Below this ten to a power is nothing.
  if (!(least > 1e-9)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least * 0.999) ?? 10) * power;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, finite(value)));
}

export function round(value: number): number {
  // Never -0: it would be written as "0" here and as "-0" there.
  return Number(value.toFixed(2)) + 0;
}

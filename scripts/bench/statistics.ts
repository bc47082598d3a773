/** The few numbers that sum up rounds and samples. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Nothing where there is nothing, or where a value is no number: that must not pass for a measurement. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The interval that holds the true median in at least 95 % of such measurements, whatever their distribution. */
export function medianInterval(values: readonly number[]): { readonly low: number; readonly high: number } | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  // So many values may lie outside at each end: as often as a fair coin falls to one side, at most 2.5 %.
  let outside = -1;
  let chance = 0.5 ** sorted.length;
  for (let beyond = chance; beyond <= 0.025; beyond += chance) {
    outside += 1;
    chance *= (sorted.length - outside) / (outside + 1);
  }
  const [low, high] = [sorted[outside], sorted[sorted.length - 1 - outside]];
  return low === undefined || high === undefined ? undefined : { low, high };
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Slope {
  readonly slope: number;
  /** The interval that holds the true slope in 95 % of such measurements. */
  readonly low: number;
  readonly high: number;
}

/** The line of least squares, for residuals that are independent: neighbouring samples are to be joined before. */
export function slopeOf(points: readonly Point[]): Slope {
  const n = points.length;
  if (n < 3) throw new Error(`a slope with an interval needs at least 3 points, got ${n}`);
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n;
  const sxx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / sxx;
  const squares = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const reach = studentT975(n - 2) * Math.sqrt(squares / (n - 2) / sxx);
  return { slope, low: slope - reach, high: slope + reach };
}

/** Joins neighbours into so many blocks, each the median of its own: what comes and goes in a second is no slope. */
export function inBlocks(points: readonly Point[], blocks: number): Point[] {
  if (points.length < blocks) throw new Error(`${points.length} samples do not make ${blocks} blocks`);
  return Array.from({ length: blocks }, (_, block) => {
    const from = Math.floor((block * points.length) / blocks);
    const to = Math.floor(((block + 1) * points.length) / blocks);
    const part = points.slice(from, to);
    return { x: median(part.map(({ x }) => x)), y: median(part.map(({ y }) => y)) };
  });
}

/** Student's t for 97.5 %, by the expansion around the normal quantile; from 3 degrees on right to 2 %. */
function studentT975(degrees: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}

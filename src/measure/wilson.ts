/** How sure a share is that was counted in few trials. */

export interface Share {
  readonly k: number;
  readonly n: number;
  /** The Wilson interval at 95 %: unlike others it holds for few trials, and for none or all of them. */
  readonly low: number;
  readonly high: number;
}

const z95 = 1.959963984540054;

export function wilson(k: number, n: number): Share {
  if (n === 0) return { k, n, low: 0, high: 1 };
  const share = k / n;
  const spread = z95 ** 2 / n;
  const centre = (share + spread / 2) / (1 + spread);
  const half = (z95 / (1 + spread)) * Math.sqrt((share * (1 - share)) / n + spread / (4 * n));
  // At the ends the interval touches them exactly; arithmetic would miss by a hair.
  return { k, n, low: k === 0 ? 0 : centre - half, high: k === n ? 1 : centre + half };
}

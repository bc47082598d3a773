/** Whether something grows over time, as a line through all of its samples: what a leak looks like, if it is one. */

export interface Sample {
  readonly atUs: number;
  readonly value: number;
}

export interface Slope {
  /** Of least squares. */
  readonly perMinute: number;
  /** The standard error of that, as if each sample knew nothing of the one before; a saw's teeth need twice as much. */
  readonly errorPerMinute: number;
  readonly samples: number;
}

/** Of less time than this any line is a guess. */
const lengthLeastUs = 60e6;
const samplesLeast = 30;

/** Undefined where there is too little to draw a line through. */
export function slopeOf(samples: readonly Sample[]): Slope | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (samples.length < samplesLeast || last.atUs - first.atUs < lengthLeastUs) return undefined;
  const minutes = samples.map(({ atUs }) => (atUs - first.atUs) / 60e6);
  const x = mean(minutes);
  const y = mean(samples.map(({ value }) => value));
  const spread = minutes.reduce((sum, at) => sum + (at - x) ** 2, 0);
  const shared = samples.reduce((sum, { value }, index) => sum + ((minutes[index] ?? x) - x) * (value - y), 0);
  const perMinute = shared / spread;
  const missed = samples.reduce((sum, { value }, index) => {
    return sum + (value - y - perMinute * ((minutes[index] ?? x) - x)) ** 2;
  }, 0);
  return { perMinute, errorPerMinute: Math.sqrt(missed / (samples.length - 2) / spread), samples: samples.length };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

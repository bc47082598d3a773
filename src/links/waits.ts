/** How long an answer usually takes on a link: the median of recent waits that none of our toxics touched. */
export interface Wait {
  readonly sentUs: number;
  readonly answeredUs: number;
}

export interface Waits {
  add(wait: Wait): void;
  /** Undefined until a first undisturbed wait was seen. */
  usualMs(): number | undefined;
  /** From now on waits are not usual, until every disturbance has been ended by its returned function. */
  disturb(): () => void;
}

const keptMax = 64;

export function createWaits(nowUs: () => number): Waits {
  const kept: number[] = [];
  let seen = 0;
  let disturbances = 0;
  let calmSinceUs = Number.NEGATIVE_INFINITY;
  let median: number | undefined;

  return {
    add: ({ sentUs, answeredUs }) => {
      if (disturbances > 0 || sentUs < calmSinceUs) return;
      kept[seen % keptMax] = (answeredUs - sentUs) / 1000;
      seen += 1;
      median = undefined;
    },
    usualMs: () => {
      median ??= medianOf(kept);
      return median;
    },
    disturb: () => {
      disturbances += 1;
      let over = false;
      return () => {
        if (over) return;
        over = true;
        disturbances -= 1;
        calmSinceUs = nowUs();
      };
    },
  };
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  return high === undefined || low === undefined ? undefined : (low + high) / 2;
}

export function msBetween(fromUs: number, toUs: number): number {
  return Math.max(0, toUs - fromUs) / 1000;
}

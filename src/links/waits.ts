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
  /** The kept in order of length, so that the median of every request costs a few steps and no sorting. */
  const sorted: number[] = [];
  let seen = 0;
  let disturbances = 0;
  let calmSinceUs = Number.NEGATIVE_INFINITY;

  return {
    add: ({ sentUs, answeredUs }) => {
      if (disturbances > 0 || sentUs < calmSinceUs) return;
      const ms = (answeredUs - sentUs) / 1000;
      const oldest = kept[seen % keptMax];
      kept[seen % keptMax] = ms;
      seen += 1;
      const at = oldest === undefined ? sorted.length : sorted.indexOf(oldest);
      sorted[at] = ms;
      putInPlace(sorted, at);
    },
    usualMs: () => medianOf(sorted),
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

/** Moves the one value that may be out of order. */
function putInPlace(values: number[], from: number): void {
  const value = values[from] ?? 0;
  let at = from;
  for (let before = values[at - 1]; before !== undefined && before > value; before = values[at - 1]) {
    values[at] = before;
    at -= 1;
  }
  for (let after = values[at + 1]; after !== undefined && after < value; after = values[at + 1]) {
    values[at] = after;
    at += 1;
  }
  values[at] = value;
}

function medianOf(sorted: readonly number[]): number | undefined {
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  return high === undefined || low === undefined ? undefined : (low + high) / 2;
}

export function msBetween(fromUs: number, toUs: number): number {
  return Math.max(0, toUs - fromUs) / 1000;
}

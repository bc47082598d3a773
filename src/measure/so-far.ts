/** A threshold judged on what was seen of it so far. */
import { isUpper, keeps } from "./bounded.ts";
import type { Live } from "./live.ts";
import type { Slice } from "./slices.ts";
import { addSums, figureOf, noSums, samplesOf } from "./sums.ts";
import { metrics } from "./threshold.ts";

export interface SoFar {
  readonly take: (slice: Slice) => void;
  /** Its figure, once it has enough samples and breaks the bound. `lengthUs`: so much of its phases is over. */
  readonly broken: (lengthUs: number) => { readonly value: number; readonly samples: number } | undefined;
}

export function openSoFar(expected: Live): SoFar {
  const { metric, comparator, samplesMin = metrics[metric].samplesMin } = expected;
  const sums = noSums();
  let underWay = 0;
  // One sample above it breaks a maximum for good, however few there are.
  const least = metric === "max" && isUpper(comparator) ? 1 : samplesMin;
  return {
    take: (slice) => {
      underWay += slice.begun - slice.offered;
      addSums(sums, slice);
    },
    broken: (lengthUs) => {
      const samples = samplesOf(expected, sums);
      if (samples < least) return undefined;
      // What is under way may yet be ok, so goodput does not miss it yet.
      const hoped = metric === "goodput" && !isUpper(comparator) ? Math.max(0, underWay) : 0;
      const value = figureOf(expected, { ...sums, good: sums.good + hoped }, lengthUs);
      return value === undefined || keeps(value, expected) ? undefined : { value, samples };
    },
  };
}

/**
 * What came to pass in each quarter of a second, held back until nothing can come late for it any more: in whichever
 * order the ops of one slice are told, it holds the same.
 */
import { noSums, type Sums } from "./sums.ts";

export interface Slice extends Sums {
  /** Ops that began. */
  begun: number;
}

export interface Slices {
  readonly at: (atUs: number) => Slice;
  /** Hands over all slices that end until then, each once, in order, those in which nothing was among them. */
  readonly take: (untilUs: number, on: (slice: Slice, fromUs: number) => void) => void;
}

export const sliceUs = 250_000;

export function openSlices(): Slices {
  const held = new Map<number, Slice>();
  let taken: number | undefined;

  const empty = (): Slice => ({ begun: 0, ...noSums() });

  const at = (atUs: number): Slice => {
    // What comes too late for its own slice counts in the first that is still open.
    const index = Math.max(taken ?? 0, Math.floor(atUs / sliceUs));
    const slice = held.get(index) ?? empty();
    held.set(index, slice);
    return slice;
  };

  const take = (untilUs: number, on: (slice: Slice, fromUs: number) => void): void => {
    taken ??= held.size === 0 ? undefined : Math.min(...held.keys());
    if (taken === undefined) return;
    for (; (taken + 1) * sliceUs <= untilUs; taken += 1) {
      on(held.get(taken) ?? empty(), taken * sliceUs);
      held.delete(taken);
    }
  };

  return { at, take };
}

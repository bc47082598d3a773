import { z } from "zod";
import type { Random } from "../../../world.ts";
import { toxicKind, whole, type Chunk } from "./toxic.ts";

/** Sizes are bytes, the delay microseconds. What slices to nothing, or beyond its chunk, would end the real server. */
const attributes = z
  .object({ average_size: whole, size_variation: whole, delay: whole })
  .refine(({ average_size: average }) => average >= 1, {
    path: ["average_size"],
    error: "expected at least 1 byte, got 0",
  })
  .refine(({ average_size: average, size_variation: variation }) => average < 1 || variation <= average, {
    path: ["size_variation"],
    error: "expected at most average_size",
  });

export const slicer = toxicKind({
  type: "slicer",
  attributes,
  start: (stage, { average_size: average, size_variation: variation, delay }) => {
    const send = (chunk: Chunk, ends: readonly number[], from: number): void => {
      for (let at = from; at < ends.length; at += 1) {
        stage.pass({ ...chunk, data: chunk.data.subarray(ends[at - 1] ?? 0, ends[at]) });
        // Without a delay there is nothing to wait for, and a stack for every piece would not hold them all.
        if (delay === 0) continue;
        const rest = chunk.data.subarray(ends[at]);
        const held = rest.length > 0 ? { ...chunk, data: rest } : undefined;
        return stage.wait(delay / 1000, () => send(chunk, ends, at + 1), held);
      }
      stage.next();
    };
    const cut = { average, variation, random: stage.random };
    return {
      chunk: (chunk) => send(chunk, cutsBetween({ ...cut, start: 0, end: chunk.data.length }), 0),
      end: () => stage.close(),
    };
  },
});

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly average: number;
  readonly variation: number;
  readonly random: Random;
}

/** Where the pieces end: in about two, and each half again, until they are small enough. */
function cutsBetween({ start, end, ...cut }: Cut): readonly number[] {
  const { average, variation, random } = cut;
  if (end - start - average <= variation) return [end];
  const moved = variation > 0 ? random.integer(-variation, variation - 1) : 0;
  const middle = start + Math.floor((end - start) / 2) + moved;
  // Moved so far that one half would be empty: drawn again.
  if (middle <= start) return cutsBetween({ start, end, ...cut });
  return [...cutsBetween({ start, end: middle, ...cut }), ...cutsBetween({ start: middle, end, ...cut })];
}

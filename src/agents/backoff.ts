/** How long to wait before the next attempt. */
import { z } from "zod";
import { duration, percentage } from "../units.ts";
import type { Random } from "../world.ts";

export const backoffAttributes = {
  delay: duration().default(0).describe("the wait before the second attempt"),
  backoff: z
    .enum(["none", "fixed", "exponential"])
    .default("none")
    .describe("none and fixed: every wait is the same; exponential: it grows with each attempt"),
  growth: z.number().min(1).max(10).default(2).describe("by what an exponential wait is multiplied each time"),
  delayMax: duration().default(30_000).describe("no wait is longer, whatever the back-off says"),
  jitter: z
    .enum(["none", "equal", "full", "decorrelated", "around"])
    .default("none")
    .describe(
      "none: the wait itself; equal: half of it, and up to half more; full: anything up to it; decorrelated: from the " +
        "first wait to three times the last one, whatever the back-off says; around: the wait, give or take spread",
    ),
  spread: percentage().default(25).describe("with jitter: around"),
};

const schema = z.strictObject(backoffAttributes);
export type Backoff = z.output<typeof schema>;

/** The waits of one op, one after another; each may hang on the one before. */
export function waitMs(
  backoff: Backoff,
  about: { readonly attempts: number; readonly lastMs: number; readonly random: Pick<Random, "next"> },
): number {
  const { attempts, lastMs, random } = about;
  const { delay, delayMax } = backoff;
  const growth = backoff.backoff === "exponential" ? backoff.growth ** (attempts - 1) : 1;
  const fullMs = Math.min(delayMax, delay * growth);
  switch (backoff.jitter) {
    case "none":
      return fullMs;
    case "equal":
      return fullMs / 2 + (random.next() * fullMs) / 2;
    case "full":
      return random.next() * fullMs;
    case "decorrelated":
      return Math.min(delayMax, delay + random.next() * (Math.max(delay, lastMs) * 3 - delay));
    case "around":
      return Math.min(delayMax, fullMs * (1 + ((2 * random.next() - 1) * backoff.spread) / 100));
    default:
      return backoff.jitter satisfies never;
  }
}

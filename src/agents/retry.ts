import { z } from "zod";
import { duration } from "../units.ts";
import type { Random } from "../world.ts";
import { policyKind, retriableRungs } from "./policy.ts";

const attributes = z.strictObject({
  attempts: z.int().min(2).max(100).default(3).describe("attempts in all, the first one included"),
  delay: duration().default(0).describe("the wait before the second attempt"),
  backoff: z.enum(["none", "exponential"]).default("none").describe("whether the wait doubles with each attempt"),
  delayMax: duration().default(30_000).describe("no wait is longer, whatever the back-off says"),
  jitter: z
    .enum(["none", "equal", "full"])
    .default("none")
    .describe("none: the wait itself; equal: half of it, and up to half more; full: anything up to it"),
  retryOn: z
    .array(z.enum(retriableRungs))
    .min(1)
    .default(["timeout", "connection", "http", "protocol"])
    .describe("which rungs of the success ladder are tried again"),
});

export const retry = policyKind({
  kind: "retry",
  about: "A call that did not succeed is tried again, after a wait.",
  attributes,
  prepare: (settings) => ({
    attemptsMax: settings.attempts,
    decide: (seen, random) => {
      const last = seen.at(-1);
      const again = seen.length < settings.attempts && settings.retryOn.some((rung) => rung === last?.rung);
      return again ? { do: "retry", afterMs: waitMs(settings, seen.length, random) } : { do: "stop" };
    },
  }),
});

function waitMs(settings: z.output<typeof attributes>, attemptsSoFar: number, random: Random): number {
  const growth = settings.backoff === "exponential" ? 2 ** (attemptsSoFar - 1) : 1;
  const fullMs = Math.min(settings.delayMax, settings.delay * growth);
  switch (settings.jitter) {
    case "none":
      return fullMs;
    case "equal":
      return fullMs / 2 + (random.next() * fullMs) / 2;
    case "full":
      return random.next() * fullMs;
    default:
      return settings.jitter satisfies never;
  }
}

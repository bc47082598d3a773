import { z } from "zod";
import { percentage } from "../units.ts";
import { policyPart, type Chain } from "./policy.ts";

const attributes = z.strictObject({
  split: z
    .enum(["shared", "uniform", "uniform-remainder", "usual", "usual-remainder"])
    .default("shared")
    .describe(
      "shared: each step may take all that is left; uniform: each the same; uniform-remainder: each the same share of " +
        "what is left; usual: each as much as its p99 in the baseline has of all; usual-remainder: of what is left",
    ),
  reserve: percentage({ most: 90 }).default(10).describe("what of the group's budget no call gets: the planner's own"),
});

type Split = z.output<typeof attributes>["split"];

export const deadline = policyPart({
  about: "The budget of a chain is shared out to its steps; needs the group's budget.",
  source: "adaptive timeout budget allocation: 10 % reserve; uniform shares are what it is measured against",
  attributes,
  prepare: ({ split, reserve }) => ({ deadline: { shareMs: (chain) => shareOf(split, chain, reserve) } }),
});

function shareOf(split: Split, chain: Chain, reserve: number): number {
  const { step, usualMs, elapsedMs } = chain;
  const usableMs = chain.budgetMs * (1 - reserve / 100);
  const leftMs = Math.max(0, usableMs - elapsedMs);
  const weights = weightsOf(split, usualMs);
  const own = weights[step] ?? 1;
  const sum = (from: number): number => weights.slice(from).reduce((total, weight) => total + weight, 0);
  switch (split) {
    case "shared":
      return leftMs;
    case "uniform":
    case "usual":
      return Math.min(leftMs, (usableMs * own) / sum(0));
    case "uniform-remainder":
    case "usual-remainder":
      return (leftMs * own) / sum(step);
    default:
      return split satisfies never;
  }
}

/** Until all of them are known, no step is weighed against another. */
function weightsOf(split: Split, usualMs: Chain["usualMs"]): readonly number[] {
  const known = usualMs.filter((ms) => ms !== undefined && ms > 0);
  const isWeighed = split.startsWith("usual") && known.length === usualMs.length;
  return usualMs.map((ms) => (isWeighed ? (ms ?? 1) : 1));
}

import { z } from "zod";
import { policyPart, type Guard } from "./policy.ts";

const attributes = z.strictObject({
  capacity: z.number().min(0).max(1_000_000).default(500).describe("tokens in a full bucket, as it is at first"),
  cost: z.number().min(0).max(1_000_000).default(5).describe("what a repeat costs"),
  timeoutCost: z.number().min(0).max(1_000_000).default(10).describe("what it costs after a timeout"),
  refund: z.number().min(0).max(1_000_000).default(1).describe("what is put back, and refundFor says when"),
  refundFor: z
    .enum(["success", "request"])
    .default("success")
    .describe(
      "success: for an op that is ok at once, and a repeat that is ok gives back its cost; request: for each op",
    ),
  per: z.enum(["agent", "server", "tool"]).default("server").describe("each of them has a bucket of its own"),
});

export const retryTokens = policyPart({
  about: "Each repeat takes tokens out of a bucket that successes fill; an empty one allows none.",
  source: "the AWS SDKs: 500 tokens, 5 a repeat, 10 after a timeout, 1 back for each clean success",
  attributes,
  prepare: ({ capacity, cost, timeoutCost, refund, refundFor, per }) => {
    const guard: Guard<number> = {
      per,
      start: capacity,
      ask: (tokens, { isFirst, last }) => {
        if (isFirst) {
          const state = refundFor === "request" ? Math.min(capacity, tokens + refund) : tokens;
          return { state, say: { do: "go", stamp: 0 } };
        }
        const price = last?.rung === "timeout" ? timeoutCost : cost;
        if (tokens < price) return { state: tokens, say: { do: "hold", because: "retry tokens spent" } };
        return { state: tokens - price, say: { do: "go", stamp: price } };
      },
      came: (tokens, { stamp: paid, isFirst, seen }) => {
        if (seen === undefined) return Math.min(capacity, tokens + paid);
        if (refundFor === "request" || seen.outcome !== "ok") return tokens;
        return Math.min(capacity, tokens + (isFirst ? refund : paid));
      },
    };
    return { guard };
  },
});

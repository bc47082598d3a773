import { z } from "zod";
import { duration } from "../units.ts";
import { policyPart } from "./policy.ts";

const attributes = z.strictObject({
  after: duration({ leastMs: 1 }).describe("how long an attempt may take before another one is sent beside it"),
  most: z.int().min(1).max(10).default(1).describe("attempts beside the first one"),
  tools: z
    .enum(["safe", "any"])
    .default("safe")
    .describe("safe: only where the tool says that it is read-only or idempotent"),
});

export const hedge = policyPart({
  about: "An attempt that takes long gets company: the first answer that is ok counts, the others are given up.",
  source: "Dean and Barroso, The Tail at Scale; gRPC A6 hedging, which sends to any method that is configured so",
  attributes,
  prepare: ({ after, most, tools }) => ({
    hedge: { afterMs: after, most, onlySafe: tools === "safe" },
    needsHints: tools === "safe",
  }),
});

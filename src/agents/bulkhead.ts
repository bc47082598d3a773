import { z } from "zod";
import { duration } from "../units.ts";
import { policyPart, type Guard } from "./policy.ts";

const attributes = z.strictObject({
  inFlight: z.int().min(1).max(10_000).default(25).describe("attempts under way at the same time"),
  wait: duration({ mostMs: 3_600_000 }).default(0).describe("how long an attempt waits for one of them to end"),
  per: z.enum(["agent", "server", "tool"]).default("server").describe("each of them has a bulkhead of its own"),
});

export const bulkhead = policyPart({
  about: "So many attempts at once and no more: one slow server or tool cannot take all of an agent's time.",
  source: "resilience4j: 25 concurrent calls, no wait",
  attributes,
  prepare: ({ inFlight, wait, per }) => {
    const guard: Guard<number> = {
      per,
      start: 0,
      ask: (under) => {
        if (under < inFlight) return { state: under + 1, say: { do: "go" } };
        const because = "bulkhead full";
        return { state: under, say: wait > 0 ? { do: "wait", atMostMs: wait, because } : { do: "hold", because } };
      },
      came: (under) => under - 1,
    };
    return { guard };
  },
});

import { z } from "zod";
import { duration } from "../units.ts";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const delay = faultKind({
  kind: "delay",
  about: "Single requests or answers are held back for a while; latency delays all that passes.",
  callerSees: "slow answers; a timeout where the delay is longer than its patience",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  attributes: z.strictObject({
    ...whichRequests,
    delay: duration({ leastMs: 1, mostMs: 600_000 }).describe("how long each is held back"),
    jitter: duration({ mostMs: 600_000 }).default(0).describe("the delay varies by up to this much, either way"),
    direction: z
      .enum(["upstream", "downstream"])
      .default("downstream")
      .describe("upstream: the request, before the callee hears of it; downstream: the answer"),
  }),
  prepare: ({ delay: delayMs, jitter: jitterMs, direction, ...asking }) => {
    const does = direction === "upstream" ? "delay-request" : "delay-answer";
    return byRule(ruleOf(asking, { does, delayMs, jitterMs }));
  },
});

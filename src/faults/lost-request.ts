import { z } from "zod";
import { byRule, insteadOf, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const lostRequest = faultKind({
  kind: "lost-request",
  about: "Single requests are dropped on their way: the callee never hears of them.",
  callerSees: "a connection that closes, resets or hangs in place of the answer, just as when the answer is lost",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0],
  attributes: z.strictObject({ ...whichRequests, ...insteadOf }),
  prepare: ({ instead, ...asking }) => byRule(ruleOf(asking, { does: "lose-request", instead })),
});

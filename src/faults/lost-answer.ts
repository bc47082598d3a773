import { z } from "zod";
import { byRule, insteadOf, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const lostAnswer = faultKind({
  kind: "lost-answer",
  about: "The callee acts and answers, but its answer is dropped: TCP alone cannot lose so exactly.",
  callerSees: "a connection that closes, resets or hangs in place of the answer",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  attributes: z.strictObject({ ...whichRequests, ...insteadOf }),
  prepare: ({ instead, ...asking }) => byRule(ruleOf(asking, { does: "lose-answer", instead })),
});

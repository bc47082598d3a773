import { z } from "zod";
import { byRule, ruleOf, whichRequests, waitOf } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const reorderedAnswers = faultKind({
  kind: "reordered-answers",
  about: "An answer waits until the next one has come, and goes on behind it.",
  callerSees: "answers in another order than the callee gave them; one that met no other in time comes late",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "executed",
  executes: [1],
  attributes: z.strictObject({ ...whichRequests, ...waitOf }),
  prepare: ({ wait, ...asking }) => byRule(ruleOf(asking, { does: "reorder-answers", withinMs: wait })),
});

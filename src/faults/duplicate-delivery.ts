import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const duplicateDelivery = faultKind({
  kind: "duplicate-delivery",
  about: "The callee gets single requests twice, one after the other, as behind a proxy that tries again.",
  callerSees: "one answer, the second",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "executed",
  executes: [2],
  attributes: z.strictObject(whichRequests),
  prepare: (asking) => byRule(ruleOf(asking, { does: "deliver-twice" })),
});

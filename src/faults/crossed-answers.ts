import { z } from "zod";
import { byRule, ruleOf, whichRequests, waitOf } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const crossedAnswers = faultKind({
  kind: "crossed-answers",
  about: "Two answers change places: each caller gets what the other one asked for, under its own id.",
  callerSees: "an answer in good order that belongs to another request; one that met no other in time comes late",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  attributes: z.strictObject({ ...whichRequests, ...waitOf }),
  prepare: ({ wait, ...asking }) => byRule(ruleOf(asking, { does: "cross-answers", withinMs: wait })),
});

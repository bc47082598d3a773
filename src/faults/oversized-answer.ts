import { z } from "zod";
import { size } from "../units.ts";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";
import { answering, resultTo, textResult, whetherItActs } from "./made-answers.ts";

export const oversizedAnswer = faultKind({
  kind: "oversized-answer",
  about: "An answer of many megabytes in place of the callee's.",
  callerSees: "an answer larger than it may take; over stdio a line that is too long",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  attributes: z.strictObject({
    ...whichRequests,
    size: size({ leastBytes: 1000, mostBytes: 64_000_000 }).default(12_000_000).describe("how large it is"),
    ...whetherItActs(true),
  }),
  prepare: ({ size: bytes, acts, ...asking }) =>
    byRule(
      ruleOf(
        asking,
        answering({ acts }, (asked) => resultTo(asked, textResult("x".repeat(bytes)), "garbage")),
      ),
    ),
});

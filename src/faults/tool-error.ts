import { z } from "zod";
import { duration } from "../units.ts";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";
import { answering, resultTo, textResult, whetherItActs } from "./made-answers.ts";

/** What each class of error tells its caller to do. */
const classes = {
  "invalid-params": { retryable: false, suggested_action: "fix-arguments" },
  "not-found": { retryable: false, suggested_action: "fix-arguments" },
  "permission-denied": { retryable: false, suggested_action: "give-up" },
  "rate-limited": { retryable: true, suggested_action: "retry-later" },
  unavailable: { retryable: true, suggested_action: "retry-later" },
  internal: { retryable: false, suggested_action: "give-up" },
} as const;

const classNames = Object.keys(classes) as [keyof typeof classes, ...(keyof typeof classes)[]];

export const toolError = faultKind({
  kind: "tool-error",
  about: "A tool error (isError) of one class in place of the answer, with what to do about it in fields.",
  callerSees: "a result with isError, its class, whether to try again, after how long, and what to do",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  only: { plane: "agent-server" },
  attributes: z.strictObject({
    ...whichRequests,
    class: z.enum(classNames).default("unavailable").describe("what it says went wrong"),
    retryable: z.boolean().optional().describe("whether trying again makes sense; as its class is where absent"),
    retryAfter: duration({ mostMs: 3_600_000 }).optional().describe("how long to wait before that"),
    suggestedAction: z.string().min(1).max(200).optional().describe("as its class is where absent"),
    ...whetherItActs(false),
  }),
  prepare: ({ class: category, retryable, retryAfter, suggestedAction, acts, ...asking }) => {
    const usual = classes[category];
    const error = {
      category,
      retryable: retryable ?? usual.retryable,
      ...(retryAfter === undefined ? {} : { retry_after_ms: retryAfter }),
      suggested_action: suggestedAction ?? usual.suggested_action,
    };
    const result = { ...textResult(JSON.stringify(error)), structuredContent: { error }, isError: true };
    return byRule(
      ruleOf(
        asking,
        answering({ acts }, (asked) => resultTo(asked, result, "error")),
      ),
    );
  },
});

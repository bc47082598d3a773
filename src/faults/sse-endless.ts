import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";
import { asEvents, eventOf } from "./made-answers.ts";

export const sseEndless = faultKind({
  kind: "sse-endless",
  about: "The callee acts, and its answer is an event stream that never ends: a comment every second, and no more.",
  callerSees: "a stream that is alive and brings no answer, or brings it and never ends",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  only: { plane: "agent-server", wire: "http" },
  attributes: z.strictObject({
    ...whichRequests,
    answered: z.boolean().default(false).describe("whether the answer comes before the stream goes on for ever"),
  }),
  prepare: ({ answered, ...asking }) =>
    byRule(
      ruleOf(asking, {
        does: "replace-answer",
        make: (_asked, given) => ({
          holds: answered ? "data" : "nothing",
          headers: asEvents,
          body: answered ? eventOf(given?.text ?? "") : ": working\n\n",
          unended: { how: "hang", answered, everySecond: ": still working\n\n" },
        }),
      }),
    ),
});

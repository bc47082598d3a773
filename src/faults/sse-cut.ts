import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { type MadeAnswer } from "./handles.ts";
import { faultKind } from "./kinds.ts";
import { asEvents, eventOf } from "./made-answers.ts";

export const sseCut = faultKind({
  kind: "sse-cut",
  about: "The callee acts, and its answer comes as an event stream that breaks off.",
  callerSees: "an event stream that ends before the answer, inside it, or right behind it",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  only: { plane: "agent-server", wire: "http" },
  attributes: z.strictObject({
    ...whichRequests,
    where: z
      .enum(["before", "within", "after"])
      .default("within")
      .describe("before the event that holds the answer, within it, or after it"),
  }),
  prepare: ({ where, ...asking }) =>
    byRule(
      ruleOf(asking, { does: "replace-answer", make: (_asked, given) => cutStream(eventOf(given?.text ?? ""), where) }),
    ),
});

function cutStream(event: string, where: "before" | "within" | "after"): MadeAnswer {
  const body = { before: "", within: event.slice(0, Math.ceil(event.length / 2)), after: event }[where];
  const answered = where === "after";
  return { holds: answered ? "data" : "garbage", headers: asEvents, body, unended: { how: "cut", answered } };
}

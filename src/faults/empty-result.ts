import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { type MadeAnswer, type Question } from "./handles.ts";
import { faultKind } from "./kinds.ts";
import { answering, asJson, jsonAnswer, resultTo, whetherItActs } from "./made-answers.ts";

export const emptyResult = faultKind({
  kind: "empty-result",
  about: "Success with nothing in it, in place of what the callee answers.",
  callerSees: "a success that holds nothing",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "permanent" },
  mayBelieve: "unknown",
  executes: [0, 1],
  onlyForms: {
    content: { plane: "agent-server" },
    structured: { plane: "agent-server" },
    list: { plane: "server-upstream" },
    nothing: { plane: "server-upstream" },
  },
  attributes: z.strictObject({
    ...whichRequests,
    form: z
      .enum(["content", "structured", "object", "null", "list", "nothing"])
      .optional()
      .describe(
        "content: a result whose content is []; structured: one whose structuredContent is {}, to agents only; " +
          "object: {}; null: null; list: []; nothing: no body, to servers only; where absent, content or list",
      ),
    ...whetherItActs(true),
  }),
  prepare: ({ form, acts, ...asking }) =>
    byRule(
      ruleOf(
        asking,
        answering({ acts }, (asked) => emptyAnswer(asked, form)),
      ),
    ),
});

const results = {
  content: { content: [] },
  structured: { content: [{ type: "text", text: "{}" }], structuredContent: {} },
  object: {},
  null: null,
  list: [],
};

function emptyAnswer(asked: Question, form: keyof typeof results | "nothing" | undefined): MadeAnswer {
  if (form === "nothing") return { holds: "nothing", headers: asJson, body: "" };
  if (asked.rpc === undefined) return jsonAnswer(results[form ?? "list"], "nothing");
  return resultTo(asked, results[form ?? "content"], "nothing");
}

import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { type GivenAnswer, type MadeAnswer, type Question } from "./handles.ts";
import { faultKind } from "./kinds.ts";
import { answering, asJson, resultTo, textResult, whetherItActs } from "./made-answers.ts";

export const malformedAnswer = faultKind({
  kind: "malformed-answer",
  about: "An answer that its caller cannot read, or that answers nothing, in place of the callee's.",
  callerSees: "a success of HTTP that is none: broken JSON, a web page, an answer to another request, none at all",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  onlyForms: {
    "wrong-id": { plane: "agent-server" },
    "accepted-202": { wire: "http" },
    "wrong-content-type": { wire: "http" },
  },
  attributes: z.strictObject({
    ...whichRequests,
    form: z
      .enum(["malformed", "truncated", "html", "wrong-id", "wrong-content-type", "accepted-202", "no-body"])
      .default("malformed")
      .describe(
        "malformed: no JSON; truncated: only its first half; html: a web page; wrong-id: to another request; " +
          "wrong-content-type: called plain text; accepted-202: only accepted; no-body: 200 and nothing",
      ),
    ...whetherItActs(true),
  }),
  prepare: ({ form, acts, ...asking }) =>
    byRule(
      ruleOf(
        asking,
        answering({ acts }, (asked, given) => ({ ...forms[form](asked, textOf(asked, given)), holds: "garbage" })),
      ),
    ),
});

type Form = "malformed" | "truncated" | "html" | "wrong-id" | "wrong-content-type" | "accepted-202" | "no-body";

const page =
  "<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>";

const forms: Readonly<Record<Form, (asked: Question, text: string) => Omit<MadeAnswer, "holds">>> = {
  malformed: (_asked, text) => ({ headers: asJson, body: `{"jsonrpc":"2.0","result":{${text.slice(0, 40)}` }),
  truncated: (_asked, text) => ({ headers: asJson, body: text.slice(0, Math.ceil(text.length / 2)) }),
  html: () => ({ headers: { "Content-Type": "text/html; charset=utf-8" }, body: page }),
  "wrong-id": ({ id, ...asked }) => resultTo({ ...asked, id: otherThan(id) }, textResult("of another"), "garbage"),
  "wrong-content-type": (_asked, text) => ({ headers: { "Content-Type": "text/plain" }, body: text }),
  "accepted-202": () => ({ status: 202, body: "" }),
  "no-body": () => ({ headers: asJson, body: "" }),
};

function textOf(asked: Question, given: GivenAnswer | undefined): string {
  return given === undefined || given.text === "" ? resultTo(asked, textResult("cut off"), "data").body : given.text;
}

/** Of the same type, and of no request that is open: ids count up. */
function otherThan(id: Question["id"]): string | number {
  return typeof id === "number" ? id + 1_000_000 : `${id ?? ""}-of-another`;
}

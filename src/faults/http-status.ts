import { z } from "zod";
import { duration } from "../units.ts";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { type MadeAnswer, type Question } from "./handles.ts";
import { faultKind } from "./kinds.ts";
import { answering, jsonAnswer, whetherItActs } from "./made-answers.ts";

export const httpStatus = faultKind({
  kind: "http-status",
  about: "An HTTP error in place of the answer: a login that has expired, a session that is lost, a limit, a gateway.",
  callerSees: "the status, and how long to wait if retryAfter says so; 502 and 504 leave open what was done",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  only: { wire: "http" },
  attributes: z
    .strictObject({
      ...whichRequests,
      status: z
        .int()
        .min(400)
        .max(599)
        .describe("401 or 403: not allowed; to agents, 404: the session is lost; 429, 500, 502, 503 …"),
      retryAfter: duration({ mostMs: 3_600_000 })
        .optional()
        .describe("the header Retry-After, in whole seconds; with 429 and 503"),
      ...whetherItActs(false),
    })
    .refine(({ status, retryAfter }) => retryAfter === undefined || status === 429 || status === 503, {
      path: ["retryAfter"],
      error: "expected with status 429 or 503 only",
    }),
  prepare: ({ status, retryAfter, acts, ...asking }) =>
    byRule(
      ruleOf(
        asking,
        answering({ acts }, (asked) => refusal(asked, status, retryAfter)),
      ),
    ),
});

const words: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Session not found",
  429: "Too many requests",
  502: "Bad gateway",
  503: "Service unavailable",
  504: "Gateway timeout",
};

function refusal({ rpc }: Question, status: number, retryAfterMs: number | undefined): MadeAnswer {
  const message = words[status] ?? "The request failed";
  // Servers name no request where they refuse what carried it; of a lost session this is their SDK's own answer.
  const error = { code: status === 404 ? -32001 : -32000, message };
  const answer = jsonAnswer(rpc === undefined ? { error: message } : { jsonrpc: "2.0", id: null, error }, "error");
  const wait = retryAfterMs === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) };
  const login = status === 401 ? { "WWW-Authenticate": "Bearer" } : {};
  return { ...answer, status, headers: { ...answer.headers, ...wait, ...login } };
}

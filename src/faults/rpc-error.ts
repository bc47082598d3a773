import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";
import { answering, jsonAnswer, whetherItActs } from "./made-answers.ts";

export const rpcError = faultKind({
  kind: "rpc-error",
  about: "A JSON-RPC error in place of the answer.",
  callerSees: "the error, as if the server had said it",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  only: { plane: "agent-server" },
  attributes: z.strictObject({
    ...whichRequests,
    code: z.int().min(-32_768).max(32_767).default(-32_603).describe("-32603: internal error; -32602: wrong arguments"),
    message: z.string().max(1000).default("Internal error").describe("what it says"),
    ...whetherItActs(false),
  }),
  prepare: ({ code, message, acts, ...asking }) =>
    byRule(
      ruleOf(
        asking,
        answering({ acts }, ({ id }) => jsonAnswer({ jsonrpc: "2.0", id, error: { code, message } }, "error")),
      ),
    ),
});

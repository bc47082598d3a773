import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";
import { whetherItActs } from "./made-answers.ts";

export const stdoutClosed = faultKind({
  kind: "stdout-closed",
  about:
    "In place of an answer the server's stdout closes, as when it dies in the middle of a call; its process is ended.",
  callerSees: "a connection that closes with all calls that were under way, and a session that is lost",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "permanent" },
  mayBelieve: "unknown",
  executes: [0, 1],
  only: { plane: "agent-server", wire: "stdio" },
  attributes: z.strictObject({ ...whichRequests, ...whetherItActs(true) }),
  prepare: ({ acts, ...asking }) =>
    byRule(ruleOf(asking, { does: acts ? "lose-answer" : "lose-request", instead: "close" })),
});

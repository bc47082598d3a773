import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { faultKind } from "./kinds.ts";

export const stdioNoise = faultKind({
  kind: "stdio-noise",
  about:
    "Something that is no message stands on the server's stdout before an answer, as where a library prints there.",
  callerSees: "lines that are no JSON; where the noise is glued to the answer, no answer at all",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  only: { plane: "agent-server", wire: "stdio" },
  attributes: z.strictObject({
    ...whichRequests,
    lines: z.int().min(1).max(1000).default(1).describe("how many lines of it there are"),
    glued: z.boolean().default(false).describe("the last one has no end, so that the answer is part of it"),
  }),
  prepare: ({ lines, glued, ...asking }) =>
    byRule(
      ruleOf(asking, {
        does: "replace-answer",
        make: (_asked, given) => {
          const noise = Array.from({ length: lines }, (_, n) => `[debug] cache warmed up (${n + 1} of ${lines})`);
          const answer = given?.text ?? "";
          if (!glued) return { holds: "data", linesBefore: noise, body: answer };
          return { holds: "garbage", linesBefore: noise.slice(1), body: `${noise[0]}${answer}` };
        },
      }),
    ),
});

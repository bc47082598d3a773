import { z } from "zod";
import { faultKind, type AnswerRule } from "./handles.ts";

export const lostAnswer = faultKind({
  kind: "lost-answer",
  about: "The callee acts and answers, but its answer is dropped: TCP alone cannot lose so exactly.",
  callerSees: "a connection that closes, resets or hangs in place of the answer",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "transient" },
  attributes: z.strictObject({
    tool: z.string().min(1).optional().describe("on agent->server links: only answers to calls of this tool"),
    method: z.string().min(1).optional().describe("on server->upstream links: only answers to this HTTP method"),
    path: z.string().min(1).optional().describe("on server->upstream links: only answers to paths that start so"),
    count: z.int().positive().optional().describe("at most so many answers; all where absent"),
    instead: z
      .enum(["close", "reset", "hang"])
      .default("close")
      .describe("what the caller sees in place of the answer"),
  }),
  prepare: ({ tool, method, path, count, instead }) => {
    const rule: AnswerRule = {
      instead,
      ...(tool === undefined ? {} : { tool }),
      ...(method === undefined ? {} : { method }),
      ...(path === undefined ? {} : { path }),
      ...(count === undefined ? {} : { count }),
    };
    return {
      healForm: "let-through",
      inject: (link) => Promise.resolve(link.eatAnswers(rule)),
      // Two of these may be on at once on one link; each is proven only by an answer that it has eaten itself.
      showsIn: (sign) => sign.is === "answer-eaten" && sign.rule === rule,
    };
  },
});

import { z } from "zod";
import { policyPart } from "./policy.ts";

const attributes = z.strictObject({
  each: z
    .enum(["run", "walk", "call"])
    .default("run")
    .describe("how long one lasts; over stdio each has a process of its own, so call means a process for each call"),
  reconnect: z
    .enum(["when-lost", "never"])
    .default("when-lost")
    .describe("when-lost: a session that the server knows no more is opened anew; never: it is used on, in vain"),
});

export const sessions = policyPart({
  about: "How long a session lasts, and what becomes of one that the server has lost.",
  source:
    "the specification, which wants a new session after a 404; SDKs keep the old one, and some clients open one a call",
  attributes,
  prepare: (settings) => ({ sessions: settings }),
});

import { z } from "zod";
import { policyPart, type SessionHabits } from "./policy.ts";

const attributes = z.strictObject({
  each: z
    .enum(["run", "walk", "call"])
    .default("run")
    .describe("how long one lasts; over stdio each has a process of its own, so call means a process for each call"),
  count: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .describe("with each: walk or call, how many of these one lasts; those that overlap may need two at a time"),
  end: z
    .enum(["close", "abandon"])
    .default("close")
    .describe("close: its server is told of the end (DELETE); abandon: it is left, and its server has to find out"),
});

/** Where a policy says nothing. */
export const usualSessions: SessionHabits = attributes.parse({});

export const sessions = policyPart({
  about: "How long a session lasts, and how it ends.",
  source: "SDKs keep one and end it; some clients open one for each call, and many never say goodbye",
  attributes,
  prepare: (settings) => ({ sessions: settings }),
});

/** What the faults that are one rule at the tap share: which requests it is for, and the mark that it leaves. */
import { z } from "zod";
import { duration } from "../units.ts";
import type { Asking, Deed, Rule } from "./handles.ts";
import type { PreparedFault } from "./kinds.ts";

export const whichRequests = {
  tool: z.string().min(1).optional().describe("on agent->server links: only calls of this tool"),
  rpc: z
    .string()
    .min(1)
    .optional()
    .describe("on agent->server links: only requests of this JSON-RPC method; tools/call where absent"),
  method: z.string().min(1).optional().describe("on server->upstream links: only this HTTP method"),
  path: z.string().min(1).optional().describe("on server->upstream links: only paths that start so"),
  after: z.int().min(0).optional().describe("so many of these are let be first"),
  count: z.int().positive().optional().describe("at most so many; all where absent"),
  probability: z
    .number()
    .min(0.001)
    .max(1)
    .optional()
    .describe("the share of these that it takes; which, the seed decides"),
};

export const insteadOf = {
  instead: z
    .enum(["close", "reset", "hang"])
    .default("close")
    .describe("what the caller sees in place of the answer; over stdio only hang"),
};

export const waitOf = {
  wait: duration({ leastMs: 1, mostMs: 60_000 })
    .default(1000)
    .describe("how long an answer waits for another one before it goes on alone"),
};

type Written<T> = { -readonly [Key in keyof T]: T[Key] };
type Asked = { readonly [Key in keyof Asking]?: Asking[Key] | undefined };

export function ruleOf({ tool, rpc, method, path, after, count, probability }: Asked, deed: Deed): Rule {
  const rule: Written<Rule> = { deed };
  if (tool !== undefined) rule.tool = tool;
  if (rpc !== undefined) rule.rpc = rpc;
  if (method !== undefined) rule.method = method;
  if (path !== undefined) rule.path = path;
  if (after !== undefined) rule.after = after;
  if (count !== undefined) rule.count = count;
  if (probability !== undefined) rule.probability = probability;
  return rule;
}

/** Where a fault is tried without a plan, it takes whatever it is for. */
const certain = (): number => 0;

export function byRule(rule: Rule): PreparedFault {
  return {
    healForm: "let-through",
    inject: (link, chance = certain) => Promise.resolve(link.meddle(rule, chance)),
    // Several of these may be on at once on one link; each is proven only by what it has done itself.
    showsIn: (sign) => sign.is === "meddled" && sign.rule === rule,
  };
}

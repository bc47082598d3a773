/** Calls that a server has refused for what was asked: a tool that it does not know, or arguments that it does not take. */
import type { Attempt } from "./events.ts";

const invalidParams = -32602;

// What SDKs and validators say: TypeScript's and zod, Python's and pydantic, Go's, ajv.
const words =
  /invalid (?:arguments?|params?|parameters?|input)\b|validation error|validating .{0,40}arguments|unknown tool|\btool\b.{0,200}\bnot found|no such tool|missing (?:required|propert)|required propert|unrecognized key|unexpected (?:keyword )?argument|unknown (?:argument|parameter|field)|additional propert/i;

export function refusesCall({ class: is, rpcCode, says = "" }: Pick<Attempt, "class" | "rpcCode" | "says">): boolean {
  if (is === "rpc-error") return rpcCode === invalidParams || words.test(says);
  return is === "tool-error" && words.test(says);
}

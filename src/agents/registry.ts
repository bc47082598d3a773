/**
 * The parts of policies, in the order in which they are asked: who lets an attempt through first takes what it counts
 * first. To add one: a file beside this one, and its line here.
 */
import { advice } from "./advice.ts";
import { breaker } from "./breaker.ts";
import { bulkhead } from "./bulkhead.ts";
import { deadline } from "./deadline.ts";
import { discovery } from "./discovery.ts";
import { hedge } from "./hedge.ts";
import { reconnect } from "./reconnect.ts";
import { retry } from "./retry.ts";
import { retryBudget } from "./retry-budget.ts";
import { retryThrottling } from "./retry-throttling.ts";
import { retryTokens } from "./retry-tokens.ts";
import { sessions } from "./sessions.ts";
import { throttle } from "./throttle.ts";
import type { PolicyPart } from "./policy.ts";

export const policyParts = {
  advice,
  retry,
  retryBudget,
  retryTokens,
  retryThrottling,
  throttle,
  breaker,
  bulkhead,
  hedge,
  deadline,
  sessions,
  discovery,
  reconnect,
} as const satisfies Readonly<Record<string, PolicyPart>>;

export type PolicyParts = typeof policyParts;
export type PartName = keyof PolicyParts;

export const partNames = Object.keys(policyParts).filter(isPartName);

function isPartName(name: string): name is PartName {
  return Object.hasOwn(policyParts, name);
}

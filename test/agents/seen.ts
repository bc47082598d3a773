import type { Seen } from "../../src/agents/policy.ts";
import { outcomeClasses, type OutcomeClass } from "../../src/history/outcomes.ts";

/** An attempt of a class, as its agent saw it. */
export function seen(is: OutcomeClass, over: Partial<Seen> = {}): Seen {
  const { rung, outcome } = outcomeClasses[is];
  return { class: is, rung, outcome, ...over };
}

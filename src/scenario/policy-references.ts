/** What is wrong with a policy that its schema finds right: parts without effect, and what goes with something else. */
import { suggest, type Finding, type Path } from "./mistakes.ts";
import type { SurveyedGroup } from "./survey.ts";
import { partsIn } from "./template.ts";

export function policyFindings(group: SurveyedGroup): Finding[] {
  const { policy } = group;
  if (policy === undefined) return [];
  const at = [...group.path, "policy"];
  return [
    ...deadlineFindings(group, at),
    ...timeoutFindings(group, at),
    ...idleFindings(policy, at),
    ...breakerFindings(policy, at),
    ...keyFindings(group, at),
  ];
}

function deadlineFindings({ policy, hasBudget }: SurveyedGroup, at: Path): Finding[] {
  if (policy?.["deadline"] === undefined || hasBudget) return [];
  const says = "shares out the budget of a walk, and the group has none";
  return [{ path: [...at, "deadline"], atKey: true, says, hint: "say budget: 1550ms beside policy, for example" }];
}

function timeoutFindings({ policy, steps }: SurveyedGroup, at: Path): Finding[] {
  const calls = steps.flatMap(({ written }) => (typeof written["call"] === "string" ? [written["call"]] : []));
  return Object.keys(mapIn(policy, "timeouts")).flatMap((name) =>
    calls.includes(name)
      ? []
      : [{ path: [...at, "timeouts", name], atKey: true, says: "no step calls this", hint: suggest(name, calls) }],
  );
}

const forRepeats = ["retryBudget", "retryTokens", "retryThrottling"] as const;
const makeRepeats = ["retry", "advice", "hedge"] as const;

/** A profile may bring what makes repeats. */
function idleFindings(policy: Readonly<Record<string, unknown>>, at: Path): Finding[] {
  if (policy["profile"] !== undefined || makeRepeats.some((name) => policy[name] !== undefined)) return [];
  const says = "holds repeats back, and nothing here makes any";
  const hint = "say retry, advice or hedge as well";
  return forRepeats.flatMap((name) =>
    policy[name] === undefined ? [] : [{ path: [...at, name], atKey: true, says, hint }],
  );
}

function breakerFindings(policy: Readonly<Record<string, unknown>>, at: Path): Finding[] {
  const breaker = mapIn(policy, "breaker");
  const isRate = breaker["counts"] === "rate";
  const idle = isRate ? ["failures"] : ["rate", "window", "atLeast"];
  const says = `has no meaning ${isRate ? "with" : "without"} counts: rate`;
  const hint = isRate ? "with counts: rate say rate, window and atLeast" : "say counts: rate, or leave it out";
  return idle.flatMap((name) =>
    breaker[name] === undefined ? [] : [{ path: [...at, "breaker", name], atKey: true, says, hint }],
  );
}

function keyFindings({ policy, steps }: SurveyedGroup, at: Path): Finding[] {
  const retry = policy?.["kind"] === "retry" ? policy : mapIn(policy, "retry");
  if (retry["key"] !== "fresh") return [];
  const hasKey = steps.some(({ args }) =>
    partsIn(args).some(({ part }) => part.is === "own" && part.name === "op.key"),
  );
  if (hasKey) return [];
  const path = policy === retry ? [...at, "key"] : [...at, "retry", "key"];
  const says = "no step has an idempotency key that could be a fresh one";
  return [{ path, says, hint: 'for example args: { requestId: "${op.key}" }' }];
}

function mapIn(of: Readonly<Record<string, unknown>> | undefined, name: string): Readonly<Record<string, unknown>> {
  const value = of?.[name];
  return typeof value === "object" && value !== null ? { ...value } : {};
}

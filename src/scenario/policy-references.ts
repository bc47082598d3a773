/** What is wrong with a policy that its schema finds right: parts without effect, and what goes with something else. */
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { progressFindings } from "./progress-references.ts";
import type { SurveyedGroup } from "./survey.ts";
import { partsIn } from "./template.ts";

export function policyFindings(group: SurveyedGroup): Finding[] {
  const { policy } = group;
  if (policy === undefined) return listedFindings(group);
  const at = [...group.path, "policy"];
  return [
    ...deadlineFindings(group, at),
    ...timeoutFindings(group, at),
    ...progressFindings(group, at),
    ...idleFindings(policy, at),
    ...breakerFindings(policy, at),
    ...keyFindings(group, at),
    ...listedFindings(group),
    ...deafFindings(group, at),
    ...reconnectFindings(policy, at),
    ...sessionsFindings(policy, at),
  ];
}

/** Who lists nothing calls what the chain says. */
function listedFindings({ policy, steps }: SurveyedGroup): Finding[] {
  if (policy?.["discovery"] !== undefined) return [];
  return steps.flatMap(({ path, written }) =>
    ["knows", "alsoNamed"].flatMap((key): Finding[] =>
      written[key] === undefined
        ? []
        : [
            {
              path: [...path, key],
              atKey: true,
              says: "goes with agents that list tools",
              hint: "say policy: { discovery: {} } in the group",
            },
          ],
    ),
  );
}

function deafFindings({ policy, written }: SurveyedGroup, at: Path): Finding[] {
  const { relist } = mapIn(policy, "discovery");
  if (!Array.isArray(relist) || !relist.includes("list-changed") || written["listens"] === true) return [];
  const says = "nobody hears that a list has changed";
  return [{ path: [...at, "discovery", "relist"], says, hint: "say listens: true beside policy" }];
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

function reconnectFindings(policy: Readonly<Record<string, unknown>>, at: Path): Finding[] {
  const reconnect = mapIn(policy, "reconnect");
  if (reconnect["stream"] === "resume") return [];
  const says = "says how lost streams are resumed, and none is";
  return ["tries", "delay", "growth", "delayMax"].flatMap((name) =>
    reconnect[name] === undefined
      ? []
      : [{ path: [...at, "reconnect", name], atKey: true, says, hint: "say stream: resume as well" }],
  );
}

function sessionsFindings(policy: Readonly<Record<string, unknown>>, at: Path): Finding[] {
  const { each = "run", count } = mapIn(policy, "sessions");
  if (each !== "run" || count === undefined) return [];
  const says = "counts walks or calls, and a session lasts for the run";
  return [{ path: [...at, "sessions", "count"], atKey: true, says, hint: "say each: walk or each: call as well" }];
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

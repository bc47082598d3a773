/** When a step must have ended, where the policy shares out the budget of the chain; and what its tools usually take. */
import type { Policy } from "../agents/policy.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import type { AgentPolicy, Called } from "./agent-policy.ts";

export interface UsualTimes {
  readonly note: (called: Called, about: { readonly phase: string; readonly tookMs: number }) => void;
  /** The p99 of a tool in the baseline; undefined while too little of it was seen. */
  readonly usualMs: (called: Called) => number | undefined;
}

const samplesMin = 50;
const samplesMax = 2000;

/** Nothing is kept where nobody asks for it. */
export function usualTimesFor({ deadline }: Policy): UsualTimes | undefined {
  if (deadline === undefined) return undefined;
  const times = new Map<string, { readonly ms: number[]; p99?: number }>();
  return {
    note: ({ server, tool }, { phase, tookMs }) => {
      if (phase !== "baseline") return;
      const name = `${server}.${tool}`;
      const known = times.get(name) ?? { ms: [] };
      times.set(name, known);
      if (known.ms.length >= samplesMax) return;
      known.ms.push(tookMs);
      delete known.p99;
    },
    usualMs: ({ server, tool }) => {
      const known = times.get(`${server}.${tool}`);
      if (known === undefined || known.ms.length < samplesMin) return undefined;
      known.p99 ??= known.ms.toSorted((a, b) => a - b)[Math.ceil(known.ms.length * 0.99) - 1] ?? 0;
      return known.p99;
    },
  };
}

interface Chained {
  readonly group: ScenarioGroup;
  readonly policy: AgentPolicy;
  readonly usual?: UsualTimes | undefined;
}

/** Never later than the walk's own deadline. */
export function stepDeadlineUs(
  { group, policy, usual }: Chained,
  about: { readonly step: number; readonly deadlineUs: number; readonly nowUs: number },
): number {
  const { step, deadlineUs, nowUs } = about;
  const { deadline } = policy.policy;
  if (deadline === undefined || group.budgetMs === undefined) return deadlineUs;
  const shareMs = deadline.shareMs({
    budgetMs: group.budgetMs,
    elapsedMs: group.budgetMs - (deadlineUs - nowUs) / 1000,
    usualMs: group.steps.map((called) => usual?.usualMs(called)),
    step,
  });
  return Math.min(deadlineUs, nowUs + shareMs * 1000);
}

/** What all threads tell, put together: how well the generator kept up with the plan. */
import { whyBehind, type GeneratorHealth, type MachineSummary, type ThreadSummary } from "../history/generator.ts";
import { decodeTiming, emptyTiming, mergeTiming, percentile } from "../measure/histogram.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import type { ThreadHealth } from "./health-thread.ts";

export function generatorOf(
  parts: readonly ThreadHealth[],
  budgetUs: number,
  machine?: MachineSummary,
): GeneratorHealth {
  const lag = emptyTiming();
  for (const part of parts) mergeTiming(lag, decodeTiming(part.lag));
  const sum = (of: "late" | "dropped"): number => parts.reduce((total, part) => total + part[of], 0);
  const health = {
    starts: lag.samples,
    lagMaxUs: lag.maxUs,
    lagP99Us: percentile(lag, 0.99) ?? 0,
    budgetUs,
    late: sum("late"),
    dropped: sum("dropped"),
    threads: parts.map(summaryOf),
    ...(machine === undefined ? {} : { machine }),
  };
  return { type: "generator", ...health, healthy: whyBehind(health).length === 0 };
}

function summaryOf(part: ThreadHealth): ThreadSummary {
  const { thread, starts, seconds, busySeconds, busyShare, delayP99Us, delayMaxUs } = part;
  return { thread, starts, seconds, busySeconds, busyShare, delayP99Us, delayMaxUs };
}

/** How late a start may be: a tenth of the shortest patience, so that lateness cannot pass for a server's slowness. */
export function lagBudgetUs(groups: readonly Pick<ScenarioGroup, "policy" | "steps">[]): number {
  const patiencesMs = groups.flatMap(({ policy, steps }) => [
    policy.timeoutMs,
    ...steps.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs])),
  ]);
  return Math.min(500, Math.max(100, Math.min(...patiencesMs) / 10)) * 1000;
}

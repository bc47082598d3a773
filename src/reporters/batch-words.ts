/** How several runs are worded, in a terminal and on a page. */
import { formatDuration } from "../units.ts";
import type { Repeated } from "./repeat.ts";
import type { Batch } from "./reporter.ts";
import { failing, type Verdicts } from "./verdicts.ts";

type Verdict = Verdicts["verdict"];
export type Tally = Repeated["scenarios"][number]["verdicts"];

export const words = { pass: "passed", fail: "failed", unknown: "inconclusive" } as const;
export const worstFirst = ["fail", "unknown", "pass"] as const satisfies readonly Verdict[];

export function countOfRuns(batch: Batch): number {
  return batch.results.length + missedRuns(batch);
}

export function missedRuns({ notRun }: Batch): number {
  return notRun.reduce((sum, { times }) => sum + times, 0);
}

export function runsWith({ results }: Batch, verdict: Verdict): number {
  return results.filter(({ verdicts }) => verdicts.verdict === verdict).length;
}

/** Only of what there is: `2 passed`, `1 without a verdict`. */
export function countsIn(batch: Batch): string[] {
  const missed = missedRuns(batch);
  const counts = (["pass", "fail", "unknown"] as const).flatMap((verdict) => {
    const count = runsWith(batch, verdict);
    return count === 0 ? [] : [`${count} ${words[verdict]}`];
  });
  return missed === 0 ? counts : [...counts, `${missed} without a verdict`];
}

/** Tenths of a second are enough to compare runs by. */
export function shortDuration(ms: number): string {
  return formatDuration(Math.round(ms / 100) * 100);
}

export function timesOf(scenario: string, times: number): string {
  return times === 1 ? scenario : `${scenario} ×${times}`;
}

export const aboutRepeat =
  "The seed repeats the plan; timing varies from run to run. In brackets: the 95 % interval (Wilson).";

export function doneSaid(done: number, asked: number): string {
  return done === asked ? `${done} runs` : `only ${done} of ${asked} runs came to their end`;
}

export function worstOf(tally: Tally): Verdict {
  return worstFirst.find((verdict) => tally[verdict].k > 0) ?? "unknown";
}

export function shareSaid({ k, n, low, high }: Tally[Verdict]): string {
  return `${k} of ${n} (${percent(low)}–${percent(high)} %)`;
}

function percent(share: number): string {
  return (share * 100).toFixed(0);
}

/** For each check that failed in one of the repeated runs, what was found in the last of them. */
export function examplesOf({ results }: Batch, replay: string): ReadonlyMap<string, string> {
  return new Map(
    results
      .filter(({ verdicts }) => verdicts.replay === replay)
      .flatMap(({ verdicts }) =>
        verdicts.checks.flatMap(({ check, verdict, findings }) => {
          const [finding] = verdict === "fail" ? failing(findings) : [];
          return finding === undefined ? [] : [[check, finding.says] as const];
        }),
      ),
  );
}

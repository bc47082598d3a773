/** Verdicts of made-up runs, for reporters to tell. */
import { judge } from "../src/checks/judge.ts";
import { checks } from "../src/checks/registry.ts";
import type { RunResult } from "../src/reporters/reporter.ts";
import { verdictsOf, type Verdicts } from "../src/reporters/verdicts.ts";
import { effect, historyOf, honestRun, type Timed } from "./literal-history.ts";

export async function resultFor(...events: readonly (Timed | readonly Timed[])[]): Promise<RunResult> {
  const history = historyOf(...events);
  const judged = await judge(async function* () {
    yield* history;
  }, checks);
  return { verdicts: verdictsOf(judged), figures: judged.figures, directory: "reports/a-run" };
}

export const verdictsFor = async (...events: readonly (Timed | readonly Timed[])[]): Promise<Verdicts> =>
  (await resultFor(...events)).verdicts;

/** For reporters that tell verdicts alone. */
export const { figures: anyFigures } = await resultFor(honestRun);

const unseenRun = honestRun.filter(([, event]) => event.type !== "fault" || event.edge !== "observed");

/** One run of each kind. */
export const runs = {
  passed: async () => resultOf(await verdictsFor(honestRun), "run-1"),
  failed: async () => resultOf(await verdictsFor(honestRun, effect(20, 1130, { row: "21" })), "run-2"),
  unknown: async () => resultOf(await verdictsFor(unseenRun), "run-3"),
  interrupted: async () => resultOf({ ...(await verdictsFor(unseenRun)), exitCode: 130 }, "run-4"),
};

function resultOf(verdicts: Verdicts, run: string): RunResult {
  return { verdicts: { ...verdicts, run }, figures: anyFigures, directory: `/out/${run}` };
}

export const nasty = `</testcase>]]>&"'<script>alert(1)</script>\u0000\u001B[2J\uD800\uFFFF\n\t`;

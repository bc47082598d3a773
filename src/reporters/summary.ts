/** What closes several runs in a terminal: a table of all of them, or how often each check passed. */
import { basename, dirname } from "node:path";
import { formatDuration } from "../units.ts";
import { colours, marks, painter, printable, type Paint } from "./paint.ts";
import { repeatDocument, type Repeated } from "./repeat.ts";
import type { Batch, NotRun, ReportStyle, RunResult } from "./reporter.ts";
import { wasInterrupted, type Verdicts } from "./verdicts.ts";

type Verdict = Verdicts["verdict"];
type Tally = Repeated["scenarios"][number]["verdicts"];

export function closingOf(batch: Batch, style: ReportStyle): string {
  const paint = painter(style);
  const repeated = batch.repeat === undefined ? [] : repeatLines(batch, batch.repeat, paint);
  return `${[...repeated, ...tableLines(batch, paint)].join("\n")}\n`;
}

/** In words: what failed, or else what kept the run from passing. */
export function whyNotPassed({ checks, thresholds, gaps }: Verdicts): string {
  const named = (verdict: Verdict): string[] => [
    ...thresholds.filter((one) => one.verdict === verdict).map(({ expression }) => expression),
    ...checks.filter((one) => one.verdict === verdict).map(({ check }) => check),
  ];
  const failed = named("fail");
  if (failed.length > 0) return failed.join(", ");
  const [gap] = gaps;
  if (gap !== undefined) return gap.says;
  const unknown = named("unknown");
  return unknown.length > 0 ? `unknown: ${unknown.join(", ")}` : "";
}

export const words = { pass: "passed", fail: "failed", unknown: "inconclusive" } as const;

interface Row {
  readonly verdict: Verdict;
  readonly cells: readonly string[];
}

const whyMax = 60;

function tableLines(batch: Batch, paint: Paint): string[] {
  const { results, notRun, exitCode } = batch;
  const heading: Row["cells"] = ["scenario", "verdict", "exit", "took", "what failed", "folder"];
  const rows = [...results.map(rowOf), ...notRun.map(rowNotRun)];
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const counts = (["pass", "fail", "unknown"] as const).flatMap((verdict) => {
    const count = results.filter(({ verdicts }) => verdicts.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${words[verdict]}`];
  });
  const folders = new Set(results.map(({ directory }) => printable(dirname(directory))));
  const missed = missedRuns(batch);
  const missing = missed === 0 ? [] : [`${missed} without a verdict`];
  return [
    `${results.length + missed} runs: ${[...counts, ...missing].join(", ")}; exit ${exitCode}`,
    "",
    `  ${line(heading)}`,
    ...rows.map(({ verdict, cells }) => `${paint(colours[verdict], marks[verdict])} ${line(cells)}`),
    ...(folders.size === 0 ? [] : ["", `Folders are in ${[...folders].join(", ")}`]),
  ];
}

function rowOf({ verdicts, directory }: RunResult): Row {
  const { scenario, verdict, mode, exitCode, durationMs } = verdicts;
  const came = `${mode === "control" ? "control " : ""}${wasInterrupted(verdicts) ? "interrupted" : words[verdict]}`;
  const why = shortened(whyNotPassed(verdicts));
  return {
    verdict,
    cells: [scenario, came, `${exitCode}`, shortDuration(durationMs), why, basename(directory)].map(printable),
  };
}

export function missedRuns({ notRun }: Batch): number {
  return notRun.reduce((sum, { times }) => sum + times, 0);
}

function rowNotRun({ scenario, exitCode, because, times }: NotRun): Row {
  return {
    verdict: "unknown",
    cells: [timesOf(scenario, times), "no verdict", `${exitCode}`, "–", shortened(because), "–"].map(printable),
  };
}

/** Tenths of a second are enough to compare runs by. */
export function shortDuration(ms: number): string {
  return formatDuration(Math.round(ms / 100) * 100);
}

export function timesOf(scenario: string, times: number): string {
  return times === 1 ? scenario : `${scenario} ×${times}`;
}

function shortened(text: string): string {
  return text.length > whyMax ? `${text.slice(0, whyMax - 1)}…` : text;
}

function repeatLines(batch: Batch, asked: number, paint: Paint): string[] {
  return repeatDocument(batch, asked).scenarios.flatMap(
    ({ scenario, seed, done, checks, thresholds, replay, mode }) => {
      const counted = done === asked ? `${done} runs` : `only ${done} of ${asked} runs came to their end`;
      const examples = new Map(
        batch.results.filter(({ verdicts }) => verdicts.replay === replay).flatMap(exampleFindings),
      );
      return [
        `${paint("bold", "REPEATED")}  ${printable(scenario)}  seed ${seed}  ${mode === "control" ? "control runs  " : ""}${counted}`,
        "The seed repeats the plan; timing varies from run to run. In brackets: the 95 % interval (Wilson).",
        "",
        ...thresholds.flatMap(({ expression, verdicts }) => tallyLines(printable(expression), verdicts, paint)),
        ...checks.flatMap(({ check, verdicts }) => {
          const example = verdicts.fail.k === 0 ? undefined : examples.get(check);
          const told = example === undefined ? [] : [`    for example: ${printable(example)}`];
          return [...tallyLines(printable(check), verdicts, paint), ...told];
        }),
        ...(done === 0 ? ["  nothing to count"] : []),
        "",
        `Replay of one: ${printable(replay)}`,
        "",
      ];
    },
  );
}

function tallyLines(name: string, tally: Tally, paint: Paint): string[] {
  const verdict = tally.fail.k > 0 ? "fail" : tally.unknown.k > 0 ? "unknown" : "pass";
  const counts = (["fail", "unknown", "pass"] as const)
    .filter((one) => tally[one].k > 0)
    .map(
      (one) =>
        `${words[one]} ${tally[one].k} of ${tally[one].n} (${percent(tally[one].low)}–${percent(tally[one].high)} %)`,
    );
  return [`${paint(colours[verdict], `${marks[verdict]} ${name}`)}  ${counts.join(", ")}`];
}

function exampleFindings({ verdicts }: RunResult): (readonly [check: string, says: string])[] {
  return verdicts.checks.flatMap(({ check, verdict, findings }) => {
    const finding = findings.find(({ grade }) => grade !== "info");
    return verdict === "fail" && finding !== undefined ? [[check, finding.says] as const] : [];
  });
}

function percent(share: number): string {
  return (share * 100).toFixed(0);
}

/** What closes several runs in a terminal: a table of all of them, or how often each check passed. */
import { basename, dirname } from "node:path";
import {
  aboutRepeat,
  countOfRuns,
  countsIn,
  doneSaid,
  examplesOf,
  shareSaid,
  shortDuration,
  timesOf,
  words,
  worstOf,
  type Tally,
} from "./batch-words.ts";
import { colours, marks, painter, printable, type Paint } from "./paint.ts";
import { repeatDocument } from "./repeat.ts";
import type { Batch, NotRun, ReportStyle, RunResult } from "./reporter.ts";
import { wasInterrupted, type Verdicts } from "./verdicts.ts";

type Verdict = Verdicts["verdict"];

export function closingOf(batch: Batch, style: ReportStyle): string {
  const paint = painter(style);
  const repeated = batch.repeat === undefined ? [] : repeatLines(batch, batch.repeat, paint);
  return `${[...repeated, ...tableLines(batch, paint)].join("\n")}\n`;
}

/** In words: what failed, or else what kept the run from passing. */
function whyNotPassed({ checks, thresholds, gaps }: Verdicts): string {
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
  const folders = new Set(results.map(({ directory }) => printable(dirname(directory))));
  return [
    `${countOfRuns(batch)} runs: ${countsIn(batch).join(", ")}; exit ${exitCode}`,
    "",
    `  ${line(heading)}`,
    ...rows.map(({ verdict, cells }) => `${paint(colours[verdict], marks[verdict])} ${line(cells)}`),
    ...(folders.size === 0 ? [] : ["", `The folders, each with its report.html, are in ${[...folders].join(", ")}`]),
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

function rowNotRun({ scenario, exitCode, because, times }: NotRun): Row {
  return {
    verdict: "unknown",
    cells: [timesOf(scenario, times), "no verdict", `${exitCode}`, "–", shortened(because), "–"].map(printable),
  };
}

function shortened(text: string): string {
  return text.length > whyMax ? `${text.slice(0, whyMax - 1)}…` : text;
}

function repeatLines(batch: Batch, asked: number, paint: Paint): string[] {
  return repeatDocument(batch, asked).scenarios.flatMap(
    ({ scenario, seed, done, checks, thresholds, replay, mode }) => {
      const examples = examplesOf(batch, replay);
      return [
        `${paint("bold", "REPEATED")}  ${printable(scenario)}  seed ${seed}  ${mode === "control" ? "control runs  " : ""}${doneSaid(done, asked)}`,
        aboutRepeat,
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
  const verdict = worstOf(tally);
  const counts = (["fail", "unknown", "pass"] as const)
    .filter((one) => tally[one].k > 0)
    .map((one) => `${words[one]} ${shareSaid(tally[one])}`);
  return [`${paint(colours[verdict], `${marks[verdict]} ${name}`)}  ${counts.join(", ")}`];
}

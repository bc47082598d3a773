/** One page over several runs: what came of each, with a link to its own report. It looks and behaves as that does. */
import { exitCodes } from "../errors.ts";
import { countOfRuns, countsIn, missedRuns, runsWith } from "./batch-words.ts";
import { indexStyle } from "./html/index-style.ts";
import { repeatedSections } from "./html/repeated.ts";
import { runsSection } from "./html/runs-table.ts";
import { shell } from "./html/shell.ts";
import { aboutControl, neverPass, top, type Tile } from "./html/top.ts";
import { count, countOf, timeOfDay } from "./html/words.ts";
import { brief, html, type Markup } from "./markup.ts";
import { marks } from "./paint.ts";
import type { Batch, RunResult } from "./reporter.ts";
import { titles } from "./titles.ts";
import { wasInterrupted, type Verdicts } from "./verdicts.ts";

/** `linkTo` answers where a run's own report is, seen from the page. */
export function indexPage(batch: Batch, linkTo: (result: RunResult) => string): string {
  const verdict = verdictOf(batch);
  const word = titles[modeOf(batch)][verdict];
  const versions = versionsOf(batch).join(", ");
  const body = html`<a class="skip" href="#main">Skip to the runs</a>
    ${top({
      verdict,
      word,
      name: nameOf(batch),
      lead: inOneSentence(batch, verdict),
      warnings: warnings(batch),
      facts: facts(batch),
      tiles: tiles(batch),
    })}
    <main id="main" tabindex="-1">${repeatedSections(batch)} ${runsSection(batch, linkTo)}</main>
    <footer class="muted">Squall ${versions}</footer>`;
  return shell({ verdict, title: `${word} ${nameOf(batch)}, exit ${batch.exitCode}`, style: indexStyle, body });
}

/** The worst of all; what came to no verdict is no pass. */
function verdictOf(batch: Batch): Verdicts["verdict"] {
  if (runsWith(batch, "fail") > 0) return "fail";
  return batch.exitCode === exitCodes.passed ? "pass" : "unknown";
}

function modeOf({ results }: Batch): Verdicts["mode"] {
  return results.length > 0 && results.every(({ verdicts }) => verdicts.mode === "control") ? "control" : "faults";
}

function scenariosOf({ results, notRun }: Batch): readonly string[] {
  return [...new Set([...results.map(({ verdicts }) => verdicts.scenario), ...notRun.map(({ scenario }) => scenario)])];
}

function versionsOf({ results }: Batch): readonly string[] {
  return [...new Set(results.map(({ verdicts }) => brief(verdicts.squall, 40)))];
}

function nameOf(batch: Batch): string {
  const runs = countOf(countOfRuns(batch), "run");
  const [first = "", ...others] = scenariosOf(batch);
  return others.length === 0 ? `${brief(first, 120)}, ${runs}` : runs;
}

function inOneSentence(batch: Batch, verdict: Verdicts["verdict"]): string {
  const scenarios = countOf(scenariosOf(batch).length, "scenario");
  const sentence = `${countOf(countOfRuns(batch), "run")} of ${scenarios}: ${countsIn(batch).join(", ")}.`;
  if (modeOf(batch) === "control") return `${sentence} These are control runs: ${aboutControl}`;
  return verdict === "unknown" ? `${sentence} ${neverPass}` : sentence;
}

function warnings({ results, notRun }: Batch): readonly string[] {
  const codes = [...results.map(({ verdicts }) => verdicts.exitCode), ...notRun.map(({ exitCode }) => exitCode)];
  const found: readonly (readonly [boolean, string])[] = [
    [codes.includes(exitCodes.unhealed), "A fault could not be healed: the trouble may outlive these runs."],
    [codes.includes(exitCodes.internal), "A run was stopped by a defect of Squall itself."],
    [codes.some((exitCode) => wasInterrupted({ exitCode })), "Interrupted before all runs had come to their end."],
  ];
  return found.flatMap(([isSo, says]) => (isSo ? [says] : []));
}

function facts(batch: Batch): readonly (readonly [string, string])[] {
  const [first] = batch.results;
  const isControl = modeOf(batch) === "control";
  return [
    ...(first === undefined ? [] : ([["Started", brief(timeOfDay(first.verdicts.startedAt), 40)]] as const)),
    ["Mode", isControl ? "control, no faults" : "faults"],
    ["Exit code", String(batch.exitCode)],
    ...(first?.verdicts.failOn === "weakness" ? ([["Fails on", "a weakness"]] as const) : []),
    ["Squall", versionsOf(batch).join(", ")],
  ];
}

function tiles(batch: Batch): readonly Tile[] {
  const of = `of ${countOf(countOfRuns(batch), "run")}`;
  const tile = (verdict: Verdicts["verdict"], name: string, n: number): Tile => [
    n === 0 ? name : sign(verdict, name),
    count(n),
    of,
  ];
  return [
    tile("pass", "Passed", runsWith(batch, "pass")),
    tile("fail", "Failed", runsWith(batch, "fail")),
    tile("unknown", "Inconclusive", runsWith(batch, "unknown")),
    tile("unknown", "Without a verdict", missedRuns(batch)),
  ];
}

function sign(verdict: Verdicts["verdict"], name: string): Markup {
  return html`<span class="mark ${verdict}" aria-hidden="true">${marks[verdict]}</span> ${name}`;
}

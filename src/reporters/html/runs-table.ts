/** Several runs, a row each: its verdict and report, how each check came out, and what failed. */
import { shortDuration, timesOf, words, worstFirst } from "../batch-words.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { marks } from "../paint.ts";
import type { Batch, NotRun, RunResult } from "../reporter.ts";
import { failing, wasInterrupted, type Verdicts } from "../verdicts.ts";
import { numbered } from "./findings.ts";
import { measured, verdictCell } from "./verdict-tables.ts";
import { count, countOf } from "./words.ts";

export function runsSection({ results, notRun }: Batch, linkTo: (result: RunResult) => string): Markup {
  return html`<section aria-labelledby="runs">
    <h2 id="runs">Runs</h2>
    <div class="scroll">
      <table class="verdicts runs sortable">
        <thead>
          <tr>
            <th scope="col">verdict</th>
            <th scope="col">scenario</th>
            <th scope="col" class="number">exit</th>
            <th scope="col" class="number">took</th>
            <th scope="col">checks</th>
            <th scope="col">what failed, or was not seen</th>
          </tr>
        </thead>
        <tbody>
          ${results.map((result) => rowOf(result, linkTo(result)))} ${notRun.map(rowNotRun)}
        </tbody>
      </table>
    </div>
  </section>`;
}

function rowOf(result: RunResult, href: string): Markup {
  const { verdicts } = result;
  const { scenario, seed, mode, run, verdict, exitCode, durationMs } = verdicts;
  return html`<tr>
    ${verdictCell(verdict, wasInterrupted(verdicts) ? "interrupted" : words[verdict])}
    <th scope="row">
      <a href="${href}" aria-label="${brief(scenario)}, report of run ${brief(run)}">${brief(scenario)}</a>
      <div class="because">seed ${String(seed)}${mode === "control" && ", control run"}</div>
      <div class="because run-name">${brief(run)}</div>
    </th>
    <td class="number" data-label="exit">${String(exitCode)}</td>
    <td class="number" data-label="took" data-sort="${durationMs}">${shortDuration(durationMs)}</td>
    <td data-sort="${hardness(verdicts)}">${marksOf(verdicts)} ${notCovered(verdicts)}</td>
    <td>${whatFailed(result, href)}</td>
  </tr> `;
}

function rowNotRun({ scenario, exitCode, because, replay, times }: NotRun): Markup {
  return html`<tr>
    ${verdictCell("unknown", "no verdict")}
    <th scope="row">${timesOf(brief(scenario), times)}</th>
    <td class="number" data-label="exit">${String(exitCode)}</td>
    <td class="number" data-label="took" data-sort="0">–</td>
    <td data-sort="0">–</td>
    <td>
      ${brief(because, saysMax)}
      <div class="because"><code>${brief(replay, 1000)}</code></div>
    </td>
  </tr> `;
}

/** Thresholds and checks, those that need a look first. */
function marksOf({ thresholds, checks }: Verdicts): Markup {
  const judged = [
    ...thresholds.map(({ expression, verdict }) => ({ name: expression, verdict })),
    ...checks.map(({ check, verdict }) => ({ name: check, verdict })),
  ].toSorted((a, b) => worstFirst.indexOf(a.verdict) - worstFirst.indexOf(b.verdict));
  if (judged.length === 0) return html`<span class="muted">none was judged</span>`;
  return html`<ul class="marks">
    ${judged.map(
      ({ name, verdict }) =>
        html`<li>
          <span class="mark ${verdict}" aria-hidden="true">${marks[verdict]}</span> ${brief(name)}
          <span class="hidden">${words[verdict]}</span>
        </li>`,
    )}
  </ul>`;
}

/** By this a person finds the runs with most to look at. */
function hardness({ thresholds, checks }: Verdicts): number {
  const judged = [...thresholds, ...checks];
  const countAs = (verdict: Verdicts["verdict"]): number => judged.filter((one) => one.verdict === verdict).length;
  return countAs("fail") * 1000 + countAs("unknown");
}

function notCovered({ notCovered: left }: Verdicts): Part {
  if (left.length === 0) return undefined;
  return html`<details class="muted">
    <summary>– ${count(left.length)} not covered</summary>
    <ul>
      ${left.map(({ check, because }) => html`<li>– ${brief(check)}<span class="why">: ${brief(because, saysMax)}</span></li>`)}
    </ul>
  </details>`;
}

const saysMax = 240;
const listedMax = 4;

/** What failed, or else what kept the run from passing; of each check the first finding, in the words of the check. */
function whatFailed(result: RunResult, href: string): Part {
  const { verdicts, figures } = result;
  const numbers = new Map(numbered(verdicts, figures).map(({ finding, number }) => [finding, number]));
  const failed = [
    ...verdicts.thresholds
      .filter(({ verdict }) => verdict === "fail")
      .map((one) => html`<a href="${href}#thresholds">${brief(one.expression)}</a>: measured ${measured(one)}`),
    ...verdicts.checks
      .filter(({ verdict }) => verdict === "fail")
      .map(({ check, because, findings }) => {
        const [first, ...others] = failing(findings);
        const number = first === undefined ? undefined : numbers.get(first);
        const to = number === undefined ? "#checks" : `#finding-${number}`;
        const more =
          others.length > 0 &&
          html` <span class="muted">and ${countOf(others.length, "more finding", "more findings")}</span>`;
        return html`<a href="${href}${to}">${brief(check)}</a>:
          ${brief(first?.says ?? because ?? "failed", saysMax)}${more}`;
      }),
  ];
  if (failed.length > 0) return list(failed);
  if (verdicts.verdict === "pass") return warned(verdicts);
  return list(unseen(verdicts));
}

/** A gap keeps all checks alike from passing, so it is said in place of them. */
function unseen({ gaps, thresholds, checks }: Verdicts): readonly Part[] {
  if (gaps.length > 0) return gaps.map(({ says }) => brief(says, saysMax));
  return [
    ...thresholds.map((one) => ({ ...one, name: one.expression })),
    ...checks.map((one) => ({ ...one, name: one.check })),
  ]
    .filter(({ verdict }) => verdict === "unknown")
    .map(({ name, because = "unknown" }) => `${brief(name)}: ${brief(because, saysMax)}`);
}

function warned({ checks }: Verdicts): Part {
  const warnings = checks.reduce((sum, check) => sum + check.warnings, 0);
  return html`<span class="muted">nothing failed${warnings > 0 && `; ${countOf(warnings, "warning")}`}</span>`;
}

function list(items: readonly Part[]): Part {
  if (items.length === 0) return "–";
  const more = items.length - listedMax;
  return html`<ul class="what-failed">
    ${items.slice(0, listedMax).map((item) => html`<li>${item}</li> `)}
    ${more > 0 && html`<li class="muted">and ${count(more)} more</li>`}
  </ul>`;
}

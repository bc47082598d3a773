/** The top of the page: the verdict in one word and one sentence, whose it is, and the run in four numbers. */
import type { Figures } from "../../measure/figures.ts";
import { exitCodes } from "../../errors.ts";
import { marks } from "../paint.ts";
import { titles } from "../titles.ts";
import type { Verdicts } from "../verdicts.ts";

import { brief, html, type Markup } from "../markup.ts";
import { totalsOf } from "./rates.ts";
import { outcomeBar } from "./symbols.ts";
import { count, countOf, endingOf, moment, outcomes, share, sumOf, took } from "./words.ts";

export function headline(verdicts: Verdicts, figures: Figures): Markup {
  const { verdict, mode, scenario } = verdicts;
  return html`<header class="top ${verdict}">
    <h1>
      <span class="verdict"
        ><span class="mark" aria-hidden="true">${marks[verdict]}</span> ${titles[mode][verdict]}</span
      >
      <span class="scenario">${brief(scenario, 120)}</span>
    </h1>
    <p class="lead">${inOneSentence(verdicts)}</p>
    ${warnings(verdicts, figures).map((says) => html`<p class="warning"><span aria-hidden="true">!</span> ${says}</p>`)}
    ${identity(verdicts, figures)} ${numbers(figures)}
  </header>`;
}

function inOneSentence({ checks, thresholds, verdict, mode }: Verdicts): string {
  const findings = checks.flatMap((check) => check.findings);
  const graded = (["violation", "weakness"] as const).flatMap((grade) => {
    const found = findings.filter((finding) => finding.grade === grade).length;
    return found === 0 ? [] : [countOf(found, grade, grade === "violation" ? "violations" : "weaknesses")];
  });
  const parts = [tally(checks, "check"), tally(thresholds, "threshold"), graded.join(" and ")];
  const said = parts.filter((part) => part !== "").join("; ");
  const sentence = said === "" ? "Nothing was judged." : `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
  if (mode === "control") {
    return `${sentence} This is a control run: the same plan with no fault injected. It tells whether the checks stay silent when nothing is broken, not what a fault would do.`;
  }
  return verdict === "unknown" ? `${sentence} What could not be seen is never a pass.` : sentence;
}

function tally(judged: readonly { readonly verdict: Verdicts["verdict"] }[], what: string): string {
  const total = judged.length;
  if (total === 0) return "";
  const countAs = (verdict: Verdicts["verdict"]): number => judged.filter((entry) => entry.verdict === verdict).length;
  const [failed, unknown] = [countAs("fail"), countAs("unknown")];
  if (failed + unknown === 0) return total === 1 ? `the one ${what} passed` : `all ${count(total)} ${what}s passed`;
  if (total === 1) return `the one ${what} ${failed === 1 ? "failed" : "is inconclusive"}`;
  if (failed === total || unknown === total) {
    return `all ${count(total)} ${what}s ${failed === total ? "failed" : "are inconclusive"}`;
  }
  const of = `of ${countOf(total, what)}`;
  if (failed === 0) return `${count(unknown)} ${of} inconclusive`;
  return `${count(failed)} ${of} failed${unknown > 0 ? `, ${count(unknown)} inconclusive` : ""}`;
}

function warnings({ exitCode }: Verdicts, { ended, endUs }: Figures): readonly string[] {
  const ending = endingOf(ended);
  return [
    ...(exitCode === exitCodes.unhealed ? ["A fault could not be healed: the trouble may outlive this run."] : []),
    ...(ending === undefined ? [] : [`${ending} ${ended === "cut" ? "Last event" : "End"} at ${moment(endUs)}.`]),
  ];
}

function identity({ seed, run, squall, mode, exitCode, failOn }: Verdicts, { startedAt, endUs }: Figures): Markup {
  const entries: readonly (readonly [string, string])[] = [
    ["Run", brief(run)],
    ["Seed", String(seed)],
    ["Started", brief(timeOfDay(startedAt), 40)],
    ["Took", took(endUs)],
    ["Mode", mode === "control" ? "control, no faults" : "faults"],
    ["Exit code", String(exitCode)],
    ...(failOn === "weakness" ? ([["Fails on", "a weakness"]] as const) : []),
    ["Squall", brief(squall, 40)],
  ];
  return html`<dl class="identity">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** As it was written, only easier to read; anything else stays as it is. */
function timeOfDay(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, "$1 $2 UTC");
}

function numbers(figures: Figures): Markup {
  const totals = totalsOf(figures.series.buckets);
  const ops = sumOf(outcomes, (outcome) => totals[outcome]);
  const tried = ops - totals["not-run"];
  const attempts = sumOf(figures.series.buckets, (bucket) => bucket.attempts);
  const told = outcomes
    .filter((outcome) => totals[outcome] > 0)
    .map((outcome) => `${count(totals[outcome])} ${outcome}`);
  const tiles: readonly (readonly [string, string, Markup | string])[] = [
    ["Ops", count(ops), html`${outcomeBar(totals, ops)}<span>${told.join(", ") || "none was called"}</span>`],
    ["Ok", share(totals.ok, ops), `${count(totals.ok)} of ${count(ops)}`],
    [
      "Attempts per op",
      tried === 0 ? "–" : (attempts / tried).toFixed(2),
      `${count(attempts)} for ${countOf(tried, "op")}`,
    ],
    faultTile(figures),
    recoveryTile(figures),
  ];
  return html`<dl class="tiles">
    ${tiles.map(
      ([name, value, beside]) =>
        html`<div>
          <dt>${name}</dt>
          <dd><b>${value}</b> ${typeof beside === "string" ? html`<span>${beside}</span>` : beside}</dd>
        </div>`,
    )}
  </dl>`;
}

function faultTile({ faults, mode }: Figures): readonly [string, string, string] {
  const names = new Set(faults.map(({ fault }) => fault));
  const seen = new Set(faults.filter(({ observedUs }) => observedUs !== undefined).map(({ fault }) => fault));
  const unhealed = faults.filter(({ healedUs }) => healedUs === undefined).length;
  if (mode === "control") return ["Faults", "0", "none injected"];
  if (names.size === 0) return ["Faults", "0", "none was injected"];
  const healed = unhealed === 0 ? "all healed" : `${countOf(unhealed, "window")} not seen to heal`;
  return ["Faults seen to bite", `${seen.size} of ${names.size}`, healed];
}

function recoveryTile({ episodes }: Figures): readonly [string, string, string] {
  const known = episodes.flatMap(({ recoveryUs }) => (recoveryUs === undefined ? [] : [recoveryUs]));
  if (episodes.length === 0) return ["Recovery", "–", "no episode"];
  if (known.length === 0) return ["Recovery", "?", "not seen"];
  const slowest = known.reduce((a, b) => Math.max(a, b), 0);
  if (known.length < episodes.length) {
    return ["Recoveries seen", `${known.length} of ${episodes.length}`, `the slowest took ${took(slowest)}`];
  }
  return ["Slowest recovery", took(slowest), known.length === 1 ? "of one episode" : `of ${known.length} episodes`];
}

/** The top of the page: the verdict in one word and one sentence, whose it is, and the run in four numbers. */
import type { Figures } from "../../measure/figures.ts";
import { exitCodes } from "../../errors.ts";
import { titles } from "../titles.ts";
import type { Verdicts } from "../verdicts.ts";
import { brief, html, type Markup } from "../markup.ts";
import { totalsOf } from "./rates.ts";
import { outcomeBar } from "./symbols.ts";
import { aboutControl, neverPass, top, type Tile } from "./top.ts";
import { count, countOf, endingOf, moment, outcomes, share, sumOf, timeOfDay, took } from "./words.ts";

export function headline(verdicts: Verdicts, figures: Figures): Markup {
  const { verdict, mode, scenario } = verdicts;
  return top({
    verdict,
    word: titles[mode][verdict],
    name: brief(scenario, 120),
    lead: inOneSentence(verdicts),
    warnings: warnings(verdicts, figures),
    facts: facts(verdicts, figures),
    tiles: tiles(figures),
  });
}

function inOneSentence({ checks, thresholds, verdict, mode }: Verdicts): string {
  const findings = checks.flatMap((check) => check.findings);
  const graded = (["violation", "weakness"] as const).flatMap((grade) => {
    const found = findings.filter((finding) => finding.grade === grade).length;
    return found === 0 ? [] : [countOf(found, grade, grade === "violation" ? "violations" : "weaknesses")];
  });
  const parts = [tally(checks, "check"), tally(thresholds, "threshold"), graded.join(" and ")];
  const said = parts.filter((part) => part !== "").join("; ");
  const sentence = said === "" ? "Nothing was judged." : sentenceOf(said);
  if (mode === "control") {
    return `${sentence} This is a control run: ${aboutControl}`;
  }
  return verdict === "unknown" ? `${sentence} ${neverPass}` : sentence;
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

function warnings({ exitCode, gaps }: Verdicts, { ended, endUs }: Figures): readonly string[] {
  const why = gaps.find(({ gap }) => gap === "run-stopped");
  const asAsked = ended === "stopped" || ended === "aborted";
  const ending = asAsked && why !== undefined ? sentenceOf(brief(why.says, 300)) : endingOf(ended);
  return [
    ...(exitCode === exitCodes.unhealed ? ["A fault could not be healed: the trouble may outlive this run."] : []),
    ...(ending === undefined ? [] : [`${ending} ${ended === "cut" ? "Last event" : "End"} at ${moment(endUs)}.`]),
  ];
}

function sentenceOf(said: string): string {
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

function facts(
  { seed, run, squall, mode, exitCode, failOn }: Verdicts,
  { startedAt, endUs }: Figures,
): readonly (readonly [string, string])[] {
  return [
    ["Run", brief(run)],
    ["Seed", String(seed)],
    ["Started", brief(timeOfDay(startedAt), 40)],
    ["Took", took(endUs)],
    ["Mode", mode === "control" ? "control, no faults" : "faults"],
    ["Exit code", String(exitCode)],
    ...(failOn === "weakness" ? ([["Fails on", "a weakness"]] as const) : []),
    ["Squall", brief(squall, 40)],
  ];
}

function tiles(figures: Figures): readonly Tile[] {
  const totals = totalsOf(figures.series.buckets);
  const ops = sumOf(outcomes, (outcome) => totals[outcome]);
  const tried = ops - totals["not-run"];
  const attempts = sumOf(figures.series.buckets, (bucket) => bucket.attempts);
  const told = outcomes
    .filter((outcome) => totals[outcome] > 0)
    .map((outcome) => `${count(totals[outcome])} ${outcome}`);
  return [
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
}

function faultTile({ faults, faultsPlanned, mode }: Figures): Tile {
  const names = new Set(faults.map(({ fault }) => fault));
  const planned = Math.max(faultsPlanned ?? 0, names.size);
  const seen = new Set(faults.filter(({ observedUs }) => observedUs !== undefined).map(({ fault }) => fault));
  const unhealed = faults.filter(({ healedUs }) => healedUs === undefined).length;
  if (mode === "control") return ["Faults", "0", "none injected"];
  if (names.size === 0) return ["Faults", "0", "none was injected"];
  const healed = unhealed === 0 ? "all healed" : `${countOf(unhealed, "window")} not seen to heal`;
  const never = planned > names.size ? `; ${count(planned - names.size)} never injected` : "";
  return ["Faults seen to bite", `${seen.size} of ${planned}`, `${healed}${never}`];
}

function recoveryTile({ episodes }: Figures): Tile {
  const known = episodes.flatMap(({ recoveryUs }) => (recoveryUs === undefined ? [] : [recoveryUs]));
  if (episodes.length === 0) return ["Recovery", "–", "no episode"];
  if (known.length === 0) return ["Recovery", "?", "not seen"];
  const slowest = known.reduce((a, b) => Math.max(a, b), 0);
  if (known.length < episodes.length) {
    return ["Recoveries seen", `${known.length} of ${episodes.length}`, `the slowest took ${took(slowest)}`];
  }
  return ["Slowest recovery", took(slowest), known.length === 1 ? "of one episode" : `of ${known.length} episodes`];
}

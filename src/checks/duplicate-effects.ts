/**
 * Every op against the world: an op that succeeded has exactly the effects that are meant, one that surely failed has
 * none, and one whose fate its caller does not know has no more than those. Each effect is judged by what counts it:
 * rows that name their ops, a number that grows, or the requests that an upstream has accepted.
 */
import type { DeclaredEffect } from "../history/declared.ts";
import { opAtStep } from "../history/ids.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import type { Told } from "../history/told.ts";
import { defineCheck, verdictOf, type Finding, type Judgement, type Plant } from "./check.ts";
import { countRequests, plantRefused } from "./effects-by-requests.ts";
import { countRows } from "./effects-by-rows.ts";
import { countTotals, plantSmallerTotal } from "./effects-by-total.ts";
import { linksBeforeServers, outcomeByServer } from "./made-by-faults.ts";
import { neverSent } from "../history/outcomes.ts";
import type { Write } from "./writes.ts";

/** How effects are judged that are counted in one way. */
export interface EffectCount {
  readonly onWrite: (write: Write, record: OpRecord) => void;
  readonly on: (record: HistoryRecord) => void;
  readonly end: (told: Told) => Counted;
  readonly isCertain?: () => boolean;
}

export interface Counted {
  readonly looked: number;
  readonly findings: readonly Finding[];
  /** Why nothing more can be told. */
  readonly doubt?: string | undefined;
  /** What it is worth where nothing is found. */
  readonly strength: string;
}

interface State {
  readonly control: boolean;
  readonly roles: ReadonlyMap<string, string>;
  /** The links on the way of a server's ops. */
  readonly serverOf: ReadonlyMap<string, string>;
  readonly linksBefore: ReadonlySet<string>;
  readonly countOf: ReadonlyMap<string, EffectCount>;
  readonly counts: readonly EffectCount[];
}

export const duplicateEffects = defineCheck({
  name: "duplicate-effects",
  about: "Each op has the effect it reports, once: nothing is done twice, lost, or done behind an error.",
  nature: "invariant",
  notApplicable: (declared) =>
    declared.steps.some(({ effect }) => effect !== undefined) ? undefined : "no step declares an effect",

  start: ({ declared, mode }): State => {
    const control = mode === "control";
    const { effects } = declared;
    const counts = [
      { count: countRows, of: effects.filter(isByRows) },
      { count: countTotals, of: effects.filter(({ read }) => read?.isTotal === true) },
      { count: countRequests, of: effects.filter(({ requests }) => requests !== undefined) },
    ].flatMap(({ count, of }) => (of.length === 0 ? [] : [{ count: count(of, { declared, control }), of }]));
    return {
      control,
      roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
      serverOf: new Map(declared.links.map(({ link, server }) => [link, server])),
      linksBefore: linksBeforeServers(declared),
      countOf: new Map(counts.flatMap(({ count, of }) => of.map(({ effect }) => [effect, count]))),
      counts: counts.map(({ count }) => count),
    };
  },

  on: (record, state) => {
    if (record.type === "op") {
      const { effect } = record.started;
      if (effect !== undefined) state.countOf.get(effect)?.onWrite(writeOf(record, effect, state), record);
    } else for (const count of state.counts) count.on(record);
  },

  end: ({ counts }, told): Judgement => {
    const counted = counts.map((count) => count.end(told));
    const findings = counted.flatMap((count) => count.findings);
    const judged = { looked: counted.reduce((sum, { looked }) => sum + looked, 0), findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = counted.map(({ doubt }) => doubt).find((doubt) => doubt !== undefined);
    if (counted.length === 0) return { verdict: "unknown", because: "no effect is counted anywhere", ...judged };
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: counted.map(({ strength }) => strength).join("; ") };
  },

  isCertain: ({ counts }) => counts.some((count) => count.isCertain?.() ?? false),

  plant: ({ declared }) => {
    const { effects } = declared;
    if (effects.some(isByRows)) return plantRow();
    if (effects.some(({ read }) => read?.isTotal === true)) return plantSmallerTotal();
    return plantRefused(effects, declared);
  },
});

function plantRow(): Plant {
  let planted = false;
  return (event) => {
    if (planted || event.type !== "effect" || event.op === undefined) return undefined;
    planted = true;
    return [event, { ...event, id: `${event.id}~planted`, row: `${event.row}~planted` }];
  };
}

function isByRows({ read, requests }: DeclaredEffect): boolean {
  return read?.isTotal !== true && requests === undefined;
}

function writeOf(record: OpRecord, effect: string, { roles, serverOf, linksBefore }: State): Write {
  const { started, attempts } = record;
  const outcome = outcomeByServer(record, linksBefore);
  const sent = attempts.some(({ class: is }) => !neverSent.has(is));
  const metFault = record.faults.some(
    ({ links, observed }) => observed && links.some((link) => serverOf.get(link) === started.server),
  );
  return {
    op: record.op,
    tool: `${started.server}.${started.tool}`,
    effect,
    outcome,
    inBaseline: roles.get(started.phase) === "baseline",
    exposed: sent && (metFault || attempts.length > 1 || outcome === "unknown"),
    wasRefused: record.outcome === "failed",
    insteadOf: started.insteadOf === undefined ? undefined : opAtStep(record.op, started.insteadOf),
  };
}

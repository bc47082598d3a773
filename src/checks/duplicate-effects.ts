/**
 * Every op against the world: an op that succeeded has exactly one effect, one that surely failed has none, and one
 * whose fate its caller does not know has at most one.
 */
import type { HistoryEvent } from "../history/events.ts";
import { opAtStep } from "../history/ids.ts";
import { neverSent } from "../history/outcomes.ts";
import type { OpRecord } from "../history/records.ts";
import { eventsOf, type Told } from "../history/told.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers, outcomeByServer } from "./made-by-faults.ts";
import { effectsMax, openWrites, type Entry, type Kind, type Write, type Writes } from "./writes.ts";

interface State {
  readonly control: boolean;
  readonly roles: ReadonlyMap<string, string>;
  /** The links on the way of a server's ops. */
  readonly serverOf: ReadonlyMap<string, string>;
  readonly linksBefore: ReadonlySet<string>;
  readonly ledgerOf: ReadonlyMap<string, string>;
  readonly writes: Writes;
  /** What each ledger came to: quiet, or why it cannot be trusted. */
  readonly ledgers: Map<string, "quiet" | { readonly doubt: string }>;
}

export const duplicateEffects = defineCheck({
  name: "duplicate-effects",
  about: "Each op has the effect it reports, once: nothing is done twice, lost, or done behind an error.",
  nature: "invariant",
  notApplicable: (declared) =>
    declared.steps.some(({ effect }) => effect !== undefined) ? undefined : "no step declares an effect",

  start: ({ declared, mode }): State => ({
    control: mode === "control",
    roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
    serverOf: new Map(declared.links.map(({ link, server }) => [link, server])),
    linksBefore: linksBeforeServers(declared),
    ledgerOf: new Map(declared.effects.map(({ effect, ledger }) => [effect, ledger])),
    writes: openWrites(),
    ledgers: new Map(),
  }),

  on: (record, state) => {
    switch (record.type) {
      case "op":
        if (record.started.effect !== undefined) state.writes.add(writeOf(record, record.started.effect, state));
        return;
      case "effect":
        if (state.ledgerOf.has(record.effect)) state.writes.addRow(record.effect, record.op);
        return;
      case "ledger-read":
        state.ledgers.set(
          record.ledger,
          record.quiet && record.failed === undefined
            ? "quiet"
            : { doubt: record.failed ?? "it was still changing when the run ended" },
        );
        return;
      default:
    }
  },

  end: (state, told): Judgement => {
    const tallies = tally(state);
    const findings = findingsOf(state, tallies, told);
    const { all, exposed } = state.writes.count();
    const looked = state.control ? all : exposed;
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, tallies, looked);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(state, tallies, looked) };
  },

  isCertain: (state) => state.writes.isCertain(),

  plant: () => {
    let planted = false;
    return (event: HistoryEvent) => {
      if (planted || event.type !== "effect" || event.op === undefined) return undefined;
      planted = true;
      return [event, { ...event, id: `${event.id}~planted`, row: `${event.row}~planted` }];
    };
  },
});

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
    insteadOf: started.insteadOf === undefined ? undefined : opAtStep(record.op, started.insteadOf),
  };
}

function isQuiet({ ledgerOf, ledgers }: State, effect: string): boolean {
  return ledgers.get(ledgerOf.get(effect) ?? "") === "quiet";
}

type Wrong = "duplicated" | "orphaned" | "lost" | "repeated";
const wrongKinds = ["duplicated", "orphaned", "lost", "repeated"] as const satisfies readonly Wrong[];

/** The table of rule 1; undefined where all is well. */
function wrongWith(outcome: Write["outcome"], effects: number): Wrong | undefined {
  const most = effectsMax(outcome);
  if (effects > most) return most === 0 ? "orphaned" : "duplicated";
  return outcome === "ok" && effects === 0 ? "lost" : undefined;
}

const words: Readonly<Record<Wrong, { readonly says: string; readonly why: string; readonly fix: string }>> = {
  duplicated: {
    says: "had more than one effect",
    why: "A reply was lost or late, the call was made again, and the world changed again: the payment goes out twice.",
    fix: "Take a request id from the caller, pass it on as the upstream's idempotency key, and answer a known id with the first result.",
  },
  orphaned: {
    says: "had an effect although the caller was told that it failed",
    why: "The caller believes that nothing happened, so it will do it again or report a failure that is none.",
    fix: 'Say "failed" only where nothing can have happened; where that is not known, say so in the error (outcome: unknown).',
  },
  lost: {
    says: "had no effect although the caller was told that it succeeded",
    why: "The caller goes on as if it were done.",
    fix: "Report success only after the upstream has confirmed the write; turn its failures into tool errors (isError).",
  },
  repeated: {
    says: "stood in for a write that had its effect all the same",
    why: "A write of unknown fate was made again by another way, and both were done: the payment goes out twice.",
    fix: "Fall back only from writes that surely failed; of one whose fate is unknown, ask first, or give both ways one request id.",
  },
};

/** The writes of one tool with one effect, counted. */
interface Tally {
  readonly kind: Kind;
  firstTurn: number;
  /** Of those in the baseline: that were ok, and that show up in the ledger. Where none does, its silence means nothing. */
  baselineOk: number;
  baselineSeen: number;
  recovered: number;
  readonly wrong: Record<Wrong, { count: number; readonly first: Entry[] }>;
}

function tally({ writes }: State): readonly Tally[] {
  const tallies = new Map<Kind, Tally>();
  for (const entry of writes.entries()) {
    const { kind, turn, outcome, inBaseline, rows } = entry;
    const of = tallies.get(kind) ?? emptyTally(kind);
    tallies.set(kind, of);
    of.firstTurn = Math.min(of.firstTurn, turn);
    if (inBaseline && outcome === "ok") of.baselineOk += 1;
    if (inBaseline && rows > 0) of.baselineSeen += 1;
    if (outcome === "unknown" && rows === 1) of.recovered += 1;
    const wrong = wrongWith(outcome, rows);
    if (wrong !== undefined) note(of.wrong[wrong], entry);
    // Each of the two is right by itself; both together are one too many.
    if (rows > 0 && entry.rowsBefore > 0) note(of.wrong.repeated, entry);
  }
  return [...tallies.values()].toSorted((a, b) => a.firstTurn - b.firstTurn);
}

function emptyTally(kind: Kind): Tally {
  const none = () => ({ count: 0, first: [] });
  return {
    kind,
    firstTurn: Number.POSITIVE_INFINITY,
    baselineOk: 0,
    baselineSeen: 0,
    recovered: 0,
    wrong: { duplicated: none(), orphaned: none(), lost: none(), repeated: none() },
  };
}

/** Keeps the first as witnesses. */
function note(wrongs: Tally["wrong"][Wrong], entry: Entry): void {
  wrongs.count += 1;
  const last = wrongs.first.at(-1);
  if (wrongs.first.length === witnessesMax && last !== undefined && last.turn < entry.turn) return;
  wrongs.first.push(entry);
  wrongs.first.sort((a, b) => a.turn - b.turn);
  wrongs.first.length = Math.min(wrongs.first.length, witnessesMax);
}

function findingsOf(state: State, tallies: readonly Tally[], told: Told): Finding[] {
  const wrongs = new Map<string, { readonly wrong: Wrong; readonly tool: string; count: number; first: Entry[] }>();
  for (const { kind, wrong: of, baselineSeen } of tallies) {
    for (const wrong of wrongKinds) {
      const { count, first } = of[wrong];
      // A row may still come while the ledger changes: only a quiet ledger tells that an effect is lost.
      if (count === 0 || (wrong === "lost" && !(isQuiet(state, kind.effect) && baselineSeen > 0))) continue;
      const key = `${wrong} ${kind.tool}`;
      const entry = wrongs.get(key) ?? { wrong, tool: kind.tool, count: 0, first: [] };
      wrongs.set(key, entry);
      entry.count += count;
      entry.first = [...entry.first, ...first].toSorted((a, b) => a.turn - b.turn).slice(0, witnessesMax);
    }
  }
  return [...wrongs.values()]
    .toSorted((a, b) => (a.first[0]?.turn ?? 0) - (b.first[0]?.turn ?? 0))
    .map((about) => finding(state, about, told));
}

function finding(
  state: State,
  { wrong, tool, count, first }: { readonly wrong: Wrong; readonly tool: string; count: number; first: Entry[] },
  told: Told,
): Finding {
  const wrongs = first.map((entry) => {
    const op = entry.op();
    const before = wrong === "repeated" ? entry.insteadOf() : undefined;
    const both = [...(before === undefined ? [] : told.effects(before)), ...told.effects(op)];
    return { op, before, rows: both.filter(({ effect }) => effect === entry.kind.effect) };
  });
  const examples = wrongs.slice(0, 3).map(({ op, before, rows }) => {
    const left = rows.length === 0 ? "no ledger row" : `ledger rows ${rows.map(({ row }) => row).join(", ")}`;
    return `${op}${before === undefined ? "" : ` for ${before}`} (${left})`;
  });
  const more = count > examples.length ? ` and ${count - examples.length} more` : "";
  const story = eventsOf(told, wrongs[0]?.op ?? "").slice(0, witnessesMax - 4);
  const rowEvents = wrongs.flatMap(({ rows }) => rows.map(({ id }) => id));
  return {
    grade: "violation",
    blames: wrong === "repeated" ? "agents" : "server",
    says: `${count} of ${state.writes.count().all} ${tool} ops ${words[wrong].says}: ${examples.join("; ")}${more}`,
    why: words[wrong].why,
    fix: words[wrong].fix,
    witness: {
      // The story of the first op in full, then the rows of the others.
      events: [...new Set([...story, ...rowEvents])].slice(0, witnessesMax),
      ops: wrongs.flatMap(({ op, before }) => (before === undefined ? [op] : [before, op])).slice(0, witnessesMax),
    },
  };
}

function doubtOf(state: State, tallies: readonly Tally[], looked: number): string | undefined {
  if (tallies.length === 0) return "no write was called";
  for (const ledger of new Set(state.ledgerOf.values())) {
    const came = state.ledgers.get(ledger) ?? { doubt: "it was never read" };
    if (came !== "quiet") return `the ledger ${ledger} cannot be trusted: ${came.doubt}`;
  }
  if (looked === 0) return "no write that was sent met a fault or was tried again";
  const unproven = tallies.filter(({ baselineSeen }) => baselineSeen === 0);
  const [first] = unproven;
  if (first !== undefined) {
    const { tool } = first.kind;
    const done = unproven.reduce((sum, { kind, baselineOk }) => (kind.tool === tool ? sum + baselineOk : sum), 0);
    if (done === 0) return `no ${tool} succeeded in the baseline, so its ledger is unproven`;
    return `the ledger shows none of the ${done} ${tool} ops that succeeded in the baseline`;
  }
  const strangers = state.writes.strangers();
  return strangers > 0 ? `the ledger holds ${strangers} rows that belong to no op of this run` : undefined;
}

function strengthOf(state: State, tallies: readonly Tally[], looked: number): string {
  const recovered = tallies.reduce((sum, tally) => sum + tally.recovered, 0);
  const aside = recovered > 0 ? `; ${recovered} of unknown fate turned out done` : "";
  const writes = `${looked} ${state.control ? "" : "exposed "}${looked === 1 ? "write" : "writes"}`;
  return `0 duplicated, lost or orphaned in ${writes}${aside}`;
}

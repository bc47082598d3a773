/**
 * Every op against the world: an op that succeeded has exactly one effect, one that surely failed has none, and one
 * whose fate its caller does not know has at most one.
 */
import type { HistoryEvent } from "../history/events.ts";
import { neverSent } from "../history/outcomes.ts";
import type { OpRecord } from "../history/records.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";

interface Write {
  readonly op: string;
  readonly tool: string;
  readonly outcome: OpRecord["outcome"];
  readonly effect: string;
  readonly inBaseline: boolean;
  /** It was sent, and then met a fault on its way, was tried again, or left its caller in the dark. */
  readonly exposed: boolean;
  readonly events: readonly string[];
}

interface Row {
  readonly row: string;
  readonly event: string;
}

interface State {
  readonly control: boolean;
  readonly roles: ReadonlyMap<string, string>;
  /** The links on the way of a server's ops. */
  readonly serverOf: ReadonlyMap<string, string>;
  readonly ledgerOf: ReadonlyMap<string, string>;
  readonly writes: Write[];
  /** By effect and op: an op may have effects that nobody declared, and those do not count. */
  readonly rows: Map<string, Row[]>;
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
    ledgerOf: new Map(declared.effects.map(({ effect, ledger }) => [effect, ledger])),
    writes: [],
    rows: new Map(),
    ledgers: new Map(),
  }),

  on: (record, state) => {
    switch (record.type) {
      case "op":
        if (record.started.effect !== undefined) state.writes.push(writeOf(record, record.started.effect, state));
        return;
      case "effect":
        if (!state.ledgerOf.has(record.effect)) return;
        rowsOf(state, record.effect, record.op ?? "").push({ row: record.row, event: record.id });
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

  end: (state): Judgement => {
    const findings = findingsOf(state);
    const exposed = state.writes.filter((write) => write.exposed).length;
    const looked = state.control ? state.writes.length : exposed;
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, looked);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(state, looked) };
  },

  plant: () => {
    let planted = false;
    return (event: HistoryEvent) => {
      if (planted || event.type !== "effect" || event.op === undefined) return [event];
      planted = true;
      return [event, { ...event, id: `${event.id}~planted`, row: `${event.row}~planted` }];
    };
  },
});

function writeOf(record: OpRecord, effect: string, { roles, serverOf }: State): Write {
  const { started, attempts, outcome } = record;
  const sent = attempts.some(({ class: is }) => !neverSent.has(is));
  const metFault = record.faults.some(({ link, observed }) => observed && serverOf.get(link) === started.server);
  return {
    op: record.op,
    tool: `${started.server}.${started.tool}`,
    effect,
    outcome,
    inBaseline: roles.get(started.phase) === "baseline",
    exposed: sent && (metFault || attempts.length > 1 || outcome === "unknown"),
    events: [started.id, ...attempts.map(({ id }) => id), ...(record.ended === undefined ? [] : [record.ended.id])],
  };
}

function rowsOf({ rows }: State, effect: string, op: string): Row[] {
  const key = `${effect} ${op}`;
  const found = rows.get(key) ?? [];
  rows.set(key, found);
  return found;
}

function isQuiet({ ledgerOf, ledgers }: State, effect: string): boolean {
  return ledgers.get(ledgerOf.get(effect) ?? "") === "quiet";
}

type Wrong = "duplicated" | "orphaned" | "lost";

/** The table of rule 1; undefined where all is well. */
function wrongWith(write: Write, effects: number, ledgerQuiet: boolean): Wrong | undefined {
  if (write.outcome === "failed" || write.outcome === "not-run") return effects > 0 ? "orphaned" : undefined;
  if (effects > 1) return "duplicated";
  // A row may still come while the ledger changes: only a quiet ledger tells that an effect is lost.
  return write.outcome === "ok" && effects === 0 && ledgerQuiet ? "lost" : undefined;
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
};

function findingsOf(state: State): Finding[] {
  const proven = provenTools(state);
  const wrongs = new Map<string, { readonly wrong: Wrong; readonly tool: string; readonly writes: Write[] }>();
  for (const write of state.writes) {
    const knows = isQuiet(state, write.effect) && proven.has(`${write.tool} ${write.effect}`);
    const wrong = wrongWith(write, rowsOf(state, write.effect, write.op).length, knows);
    if (wrong === undefined) continue;
    const key = `${wrong} ${write.tool}`;
    const entry = wrongs.get(key) ?? { wrong, tool: write.tool, writes: [] };
    wrongs.set(key, entry);
    entry.writes.push(write);
  }
  return [...wrongs.values()].map(({ wrong, tool, writes }) => finding(state, wrong, tool, writes));
}

function finding(state: State, wrong: Wrong, tool: string, writes: readonly Write[]): Finding {
  const shown = writes.slice(0, 3);
  const examples = shown.map((write) => {
    const rows = rowsOf(state, write.effect, write.op);
    const left = rows.length === 0 ? "no ledger row" : `ledger rows ${rows.map(({ row }) => row).join(", ")}`;
    return `${write.op} (${left})`;
  });
  const more = writes.length > shown.length ? ` and ${writes.length - shown.length} more` : "";
  const [first] = writes;
  const rowEvents = writes.flatMap(({ effect, op }) => rowsOf(state, effect, op).map(({ event }) => event));
  return {
    grade: "violation",
    blames: "server",
    says: `${writes.length} of ${state.writes.length} ${tool} ops ${words[wrong].says}: ${examples.join("; ")}${more}`,
    why: words[wrong].why,
    fix: words[wrong].fix,
    witness: {
      // The story of the first op in full, then the rows of the others.
      events: [...new Set([...(first?.events ?? []).slice(0, witnessesMax - 4), ...rowEvents])].slice(0, witnessesMax),
      ops: writes.slice(0, witnessesMax).map(({ op }) => op),
    },
  };
}

/** The tools whose baseline writes show up in their ledger; of others its silence means nothing. */
function provenTools(state: State): ReadonlySet<string> {
  const seen = state.writes.filter(({ inBaseline, effect, op }) => inBaseline && rowsOf(state, effect, op).length > 0);
  return new Set(seen.map(({ tool, effect }) => `${tool} ${effect}`));
}

function doubtOf(state: State, looked: number): string | undefined {
  if (state.writes.length === 0) return "no write was called";
  for (const ledger of new Set(state.ledgerOf.values())) {
    const came = state.ledgers.get(ledger) ?? { doubt: "it was never read" };
    if (came !== "quiet") return `the ledger ${ledger} cannot be trusted: ${came.doubt}`;
  }
  if (looked === 0) return "no write that was sent met a fault or was tried again";
  const proven = provenTools(state);
  const unproven = state.writes.filter(({ tool, effect }) => !proven.has(`${tool} ${effect}`));
  const [first] = unproven;
  if (first !== undefined) {
    const done = unproven.filter(
      ({ tool, inBaseline, outcome }) => tool === first.tool && inBaseline && outcome === "ok",
    );
    if (done.length === 0) return `no ${first.tool} succeeded in the baseline, so its ledger is unproven`;
    return `the ledger shows none of the ${done.length} ${first.tool} ops that succeeded in the baseline`;
  }
  const known = new Set(state.writes.map(({ effect, op }) => `${effect} ${op}`));
  const strangers = [...state.rows].filter(([key]) => !known.has(key)).reduce((sum, [, rows]) => sum + rows.length, 0);
  return strangers > 0 ? `the ledger holds ${strangers} rows that belong to no op of this run` : undefined;
}

function strengthOf(state: State, looked: number): string {
  const recovered = state.writes.filter(
    ({ effect, op, outcome }) => outcome === "unknown" && rowsOf(state, effect, op).length === 1,
  ).length;
  const aside = recovered > 0 ? `; ${recovered} of unknown fate turned out done` : "";
  const writes = `${looked} ${state.control ? "" : "exposed "}${looked === 1 ? "write" : "writes"}`;
  return `0 duplicated, lost or orphaned in ${writes}${aside}`;
}

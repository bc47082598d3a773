/**
 * Every op against the world: an op that succeeded has exactly one effect, one that surely failed has none, and one
 * whose fate its caller does not know has at most one.
 */
import type { HistoryEvent } from "../history/events.ts";
import type { OpRecord } from "../history/records.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";

interface Write {
  readonly op: string;
  readonly tool: string;
  readonly outcome: OpRecord["outcome"];
  readonly inBaseline: boolean;
  /** A fault was on while it ran, or it was tried again, or its caller could not tell how it ended. */
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
  readonly writes: Write[];
  readonly rowsByOp: Map<string, Row[]>;
  strangers: number;
  ledgerQuiet: boolean;
  ledgerSays: string;
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
    writes: [],
    rowsByOp: new Map(),
    strangers: 0,
    ledgerQuiet: false,
    ledgerSays: "it was never read",
  }),

  on: (record, state) => {
    switch (record.type) {
      case "op":
        if (record.started.effect !== undefined) state.writes.push(writeOf(record, state.roles));
        return;
      case "effect":
        if (record.op === undefined) state.strangers += 1;
        else rowsOf(state, record.op).push({ row: record.row, event: record.id });
        return;
      case "ledger-read":
        state.ledgerQuiet = record.quiet && record.failed === undefined;
        state.ledgerSays = record.failed ?? "it was still changing when the run ended";
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

function writeOf(record: OpRecord, roles: ReadonlyMap<string, string>): Write {
  const { started, attempts, outcome } = record;
  return {
    op: record.op,
    tool: `${started.server}.${started.tool}`,
    outcome,
    inBaseline: roles.get(started.phase) === "baseline",
    exposed: record.faults.length > 0 || attempts.length > 1 || outcome === "unknown" || outcome === "failed",
    events: [started.id, ...attempts.map(({ id }) => id), ...(record.ended === undefined ? [] : [record.ended.id])],
  };
}

function rowsOf(state: State, op: string): Row[] {
  const rows = state.rowsByOp.get(op) ?? [];
  state.rowsByOp.set(op, rows);
  return rows;
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
  const trusted = baselineDoubt(state) === undefined;
  const wrongs = new Map<string, { readonly wrong: Wrong; readonly tool: string; readonly writes: Write[] }>();
  for (const write of state.writes) {
    const wrong = wrongWith(write, state.rowsByOp.get(write.op)?.length ?? 0, state.ledgerQuiet && trusted);
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
    const rows = state.rowsByOp.get(write.op) ?? [];
    const left = rows.length === 0 ? "no ledger row" : `ledger rows ${rows.map(({ row }) => row).join(", ")}`;
    return `${write.op} (${left})`;
  });
  const more = writes.length > shown.length ? ` and ${writes.length - shown.length} more` : "";
  const [first] = writes;
  const rowEvents = writes.flatMap((write) => (state.rowsByOp.get(write.op) ?? []).map(({ event }) => event));
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

/** Baseline writes must show up in the ledger, else its silence about others means nothing. */
function baselineDoubt(state: State): string | undefined {
  const done = state.writes.filter(({ inBaseline, outcome }) => inBaseline && outcome === "ok");
  if (done.length === 0) return "no write succeeded in the baseline, so the ledger is unproven";
  if (done.some(({ op }) => state.rowsByOp.has(op))) return undefined;
  const strangers = state.strangers > 0 ? ` (it holds ${state.strangers} rows that name no op)` : "";
  return `the ledger shows none of the ${done.length} writes that succeeded in the baseline${strangers}`;
}

function doubtOf(state: State, looked: number): string | undefined {
  if (state.writes.length === 0) return "no write was called";
  if (!state.ledgerQuiet) return `the ledger cannot be trusted: ${state.ledgerSays}`;
  if (looked === 0) return "no write met a fault or was tried again";
  return baselineDoubt(state);
}

function strengthOf(state: State, looked: number): string {
  const recovered = state.writes.filter(
    ({ op, outcome }) => outcome === "unknown" && state.rowsByOp.get(op)?.length === 1,
  ).length;
  const aside = recovered > 0 ? `; ${recovered} of unknown fate turned out done` : "";
  const writes = `${looked} ${state.control ? "" : "exposed "}${looked === 1 ? "write" : "writes"}`;
  return `0 duplicated, lost or orphaned in ${writes}${aside}`;
}

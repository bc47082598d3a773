/**
 * What was committed against what was asked for: an effect may be there, and once, and still be another than its op
 * asked for. Both are known by digests only, one for each field that the effect compares.
 */
import { notAsked } from "../history/content.ts";
import type { DeclaredEffect } from "../history/declared.ts";
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { OpRecord } from "../history/records.ts";
import { eventsOf, type Told } from "../history/told.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers, outcomeByServer } from "./made-by-faults.ts";

interface Asked {
  readonly tool: string;
  readonly effect: string;
  readonly digests: readonly string[];
  readonly inBaseline: boolean;
}

interface State {
  readonly effects: ReadonlyMap<string, DeclaredEffect>;
  readonly roles: ReadonlyMap<string, string>;
  readonly linksBefore: ReadonlySet<string>;
  readonly asked: Map<string, Asked>;
  /** By effect and op: the digests of its rows that are there. */
  readonly rows: Map<string, (readonly string[])[]>;
  readonly ledgers: Map<string, EventOf<"ledger-read">>;
}

export const wrongEffects = defineCheck({
  name: "wrong-effects",
  about: "What an op commits is what it was asked to commit: its effect has the content of its arguments.",
  nature: "invariant",
  notApplicable: ({ effects }) =>
    effects.some(({ read }) => read?.content !== undefined) ? undefined : "no effect says what of it is compared",

  start: ({ declared }): State => ({
    effects: new Map(
      declared.effects.flatMap((effect) => (effect.read?.content === undefined ? [] : [[effect.effect, effect]])),
    ),
    roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
    linksBefore: linksBeforeServers(declared),
    asked: new Map(),
    rows: new Map(),
    ledgers: new Map(),
  }),

  on: (record, state) => {
    if (record.type === "op") addOp(record, state);
    else if (record.type === "ledger-read") state.ledgers.set(record.ledger, record);
    else if (record.type === "effect" || record.type === "effect-gone") {
      const { type, effect, op, content } = record;
      if (op === undefined || content === undefined || !state.effects.has(effect)) return;
      const key = keyOf(effect, op);
      const rows = state.rows.get(key) ?? [];
      state.rows.set(key, type === "effect" ? [...rows, content] : without(rows, content));
    }
  },

  end: (state, told): Judgement => {
    const kinds = kindsOf(state);
    const findings = kinds.flatMap((kind) => findingsOf(kind, told));
    const judged = { looked: kinds.reduce((sum, { looked }) => sum + looked, 0), findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, kinds);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    const fields = [...new Set(kinds.flatMap(({ fields }) => fields))].join(", ");
    const strength = `0 other than asked for in ${counted(judged.looked, "effect")}, by ${fields}`;
    return { verdict: "pass", ...judged, strength };
  },

  plant: () => {
    // The first op of each effect stays as it is, as a proof that content can be compared; then all rows of every other.
    const turns = new Map<string, Map<string, number>>();
    return (event: HistoryEvent) => {
      if (event.type !== "effect" || event.op === undefined || event.content === undefined) return undefined;
      const ops = turns.get(event.effect) ?? new Map<string, number>();
      turns.set(event.effect, ops);
      const turn = ops.get(event.op) ?? ops.size;
      if (turn > plantedMost) return undefined;
      ops.set(event.op, turn);
      return turn % 2 === 1 ? [{ ...event, content: event.content.map((digest) => `${digest}~planted`) }] : undefined;
    };
  },
});

const plantedMost = 20;

function keyOf(effect: string, op: string): string {
  return `${effect} ${op}`;
}

function without(rows: readonly (readonly string[])[], gone: readonly string[]): (readonly string[])[] {
  const at = rows.findIndex((row) => row.join() === gone.join());
  return at === -1 ? [...rows] : rows.toSpliced(at, 1);
}

function addOp(record: OpRecord, { effects, roles, linksBefore, asked }: State): void {
  const { op, started } = record;
  const { effect, asked: digests } = started;
  if (effect === undefined || digests === undefined || !effects.has(effect)) return;
  asked.set(op, {
    tool: `${started.server}.${started.tool}`,
    effect,
    digests,
    inBaseline: roles.get(started.phase) === "baseline" && outcomeByServer(record, linksBefore) === "ok",
  });
}

/** The effects of one tool. */
interface Kind {
  readonly tool: string;
  readonly effect: DeclaredEffect;
  readonly fields: readonly string[];
  looked: number;
  /** Of each field how many effects of the baseline are as they were asked for, and how many there are at all. */
  readonly same: number[];
  readonly compared: number[];
  readonly wrong: { readonly op: string; readonly fields: readonly number[] }[];
}

function kindsOf({ effects, asked, rows }: State): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  for (const [op, { tool, effect: name, digests, inBaseline }] of asked) {
    const effect = effects.get(name);
    if (effect === undefined) continue;
    const fields = effect.read?.content ?? [];
    const none = (): number[] => fields.map(() => 0);
    const kind = kinds.get(`${tool} ${name}`) ?? {
      tool,
      effect,
      fields,
      looked: 0,
      same: none(),
      compared: none(),
      wrong: [],
    };
    kinds.set(`${tool} ${name}`, kind);
    const its = rows.get(keyOf(name, op)) ?? [];
    kind.looked += its.length;
    // Where an op is to have several they are its parts, and each may hold something else: a debit and its credit.
    const parts = (effect.expect ?? 1) > 1 && its.length > 0 ? [its] : its.map((row) => [row]);
    for (const of of parts) compare(kind, { op, digests, rows: of, inBaseline });
  }
  return [...kinds.values()];
}

function compare(
  kind: Kind,
  about: {
    readonly op: string;
    readonly digests: readonly string[];
    /** What was asked for stands in one of them. */
    readonly rows: readonly (readonly string[])[];
    readonly inBaseline: boolean;
  },
): void {
  const { op, digests, rows, inBaseline } = about;
  const wrong: number[] = [];
  for (const [field, digest] of digests.entries()) {
    if (digest === notAsked) continue;
    const isSame = rows.some((row) => row[field] === digest);
    if (!isSame) wrong.push(field);
    if (!inBaseline) continue;
    kind.compared[field] = (kind.compared[field] ?? 0) + 1;
    if (isSame) kind.same[field] = (kind.same[field] ?? 0) + 1;
  }
  if (wrong.length > 0) kind.wrong.push({ op, fields: wrong });
}

/** A field that is never the same in the baseline is compared with the wrong thing, or in another form. */
function isProven({ same }: Kind, field: number): boolean {
  return (same[field] ?? 0) > 0;
}

function findingsOf(kind: Kind, told: Told): Finding[] {
  const wrong = kind.wrong.filter(({ fields }) => fields.some((field) => isProven(kind, field)));
  const [first] = wrong;
  if (first === undefined) return [];
  const { tool, effect, looked } = kind;
  const differ = [...new Set(wrong.flatMap(({ fields }) => fields.filter((field) => isProven(kind, field))))];
  const names = differ.map((field) => kind.fields[field]).join(", ");
  const rowsOf = (op: string) => told.effects(op).filter((row) => row.effect === effect.effect);
  const examples = wrong.slice(0, 3).map(({ op }) => {
    const rows = rowsOf(op).map(({ row }) => row);
    return rows.length === 0 ? op : `${op} (ledger rows ${rows.join(", ")})`;
  });
  const more = wrong.length > examples.length ? ` and ${wrong.length - examples.length} more` : "";
  const ops = wrong.slice(0, witnessesMax).map(({ op }) => op);
  const story = eventsOf(told, first.op).slice(0, witnessesMax - 4);
  return [
    {
      grade: "violation",
      blames: "server",
      says: `${wrong.length} of ${counted(looked, "effect")} of ${tool} are other than asked for in ${names}, as read back by ${effect.read?.by ?? ""}: ${examples.join("; ")}${more}`,
      why: "The call is done, and done once, and what it has done is something else: the right invoice with the wrong amount.",
      fix: "Write what this call was given: state that calls share, a cache or an answer that belongs to another call gets in between.",
      witness: {
        events: [...new Set([...story, ...ops.flatMap((op) => rowsOf(op).map(({ id }) => id))])].slice(0, witnessesMax),
        ops,
      },
    },
  ];
}

function doubtOf({ effects, ledgers }: State, kinds: readonly Kind[]): string | undefined {
  if (kinds.length === 0) return "no write was called";
  for (const { ledger } of effects.values()) {
    const read = ledgers.get(ledger);
    if (read === undefined) return `the ledger ${ledger} cannot be trusted: it was never read`;
    if (read.failed !== undefined) return `the ledger ${ledger} cannot be trusted: ${read.failed}`;
    if (!read.quiet) return `the ledger ${ledger} cannot be trusted: it was still changing when the run ended`;
  }
  for (const kind of kinds) {
    const { tool, fields, compared } = kind;
    if (kind.looked === 0) return `the ledger ${kind.effect.ledger} shows no effect of ${tool}`;
    for (const [field, name] of fields.entries()) {
      if (isProven(kind, field)) continue;
      const many = compared[field] ?? 0;
      if (many === 0) return `no ${tool} in the baseline tells whether ${name} can be compared with what it asked for`;
      return `${name} is what was asked for in none of ${counted(many, "effect")} of ${tool} in the baseline: it is compared with something else, or has another form`;
    }
  }
  return undefined;
}

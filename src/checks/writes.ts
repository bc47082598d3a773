/** Every op that was to have an effect, and how many rows it has: some thirty bytes each, for there may be millions. */
import { openColumn } from "../history/column.ts";
import { openOpTable } from "../history/op-table.ts";
import type { OpRecord } from "../history/records.ts";

export interface Write {
  readonly op: string;
  readonly tool: string;
  readonly effect: string;
  readonly outcome: OpRecord["outcome"];
  readonly inBaseline: boolean;
  /** It was sent, and then met a fault on its way, was tried again, or left its caller in the dark. */
  readonly exposed: boolean;
  /** Its caller was told for sure that it failed, by whomever. */
  readonly wasRefused: boolean;
  /** The op that it stands in for: both are one piece of work. */
  readonly insteadOf?: string | undefined;
}

/** A write as the table has it. */
export interface Entry {
  readonly kind: Kind;
  /** The how-manieth of all writes it was. */
  readonly turn: number;
  readonly outcome: Write["outcome"];
  readonly inBaseline: boolean;
  readonly rows: number;
  /** Of the op that it stands in for; 0 where it stands in for none, or for one that its caller had to take for failed. */
  readonly rowsBefore: number;
  readonly insteadOf: () => string | undefined;
  /** Some row of it was there and is there no more. */
  readonly hasGone: boolean;
  readonly op: () => string;
}

/** The writes of one tool with one effect. */
export interface Kind {
  readonly tool: string;
  readonly effect: string;
}

export interface Writes {
  readonly add: (write: Write) => void;
  /** One row of a ledger; the op that it names, if it names one. */
  readonly addRow: (effect: string, op: string | undefined) => void;
  /** A row that was added is there no more. */
  readonly removeRow: (effect: string, op: string | undefined) => void;
  /** Some op has more effects than it may have; more will not mend that. */
  readonly isCertain: () => boolean;
  readonly count: () => { readonly all: number; readonly exposed: number };
  /** In no order. */
  readonly entries: () => Generator<Entry, void, undefined>;
  /** Rows of ops that are no writes with this effect. */
  readonly strangers: () => number;
}

const outcomes: readonly Write["outcome"][] = ["ok", "failed", "unknown", "not-run"];

/** More of them are wrong; fewer may be, too. */
export function effectsMax(outcome: Write["outcome"], expect: number): number {
  return outcome === "failed" || outcome === "not-run" ? 0 : expect;
}

/** What is declared of an effect, as far as rows are counted by it. */
export interface RowsRule {
  /** How many an op is to have. */
  readonly expect: number;
  /** A row may go again, so what is wrong now may be right in the end. */
  readonly mayGo: boolean;
}

export function openWrites(ruleOf: (effect: string) => RowsRule): Writes {
  const tables = new Map<string, Table>();
  const kinds: Kind[] = [];
  const kindNumbers = new Map<string, number>();
  let all = 0;
  let exposed = 0;
  let certain = false;

  const tableOf = (effect: string): Table => {
    const table = tables.get(effect) ?? openTable(ruleOf(effect));
    tables.set(effect, table);
    return table;
  };

  const kindOf = ({ tool, effect }: Write): number => {
    const key = `${tool} ${effect}`;
    const number = kindNumbers.get(key) ?? kinds.push({ tool, effect }) - 1;
    kindNumbers.set(key, number);
    return number;
  };

  return {
    add: (write) => {
      all += 1;
      if (write.exposed) exposed += 1;
      const { ops, turns, abouts, rows, befores, rule } = tableOf(write.effect);
      const number = ops.numberOf(write.op);
      if (write.insteadOf !== undefined) befores.set(number, ops.numberOf(write.insteadOf) + 1);
      turns.set(number, all);
      abouts.set(number, aboutOf(write, kindOf(write)));
      certain ||= !rule.mayGo && rows.get(number) > effectsMax(write.outcome, rule.expect);
    },
    addRow: (effect, op) => {
      const table = tableOf(effect);
      if (op === undefined) {
        table.nameless += 1;
        return;
      }
      const number = table.ops.numberOf(op);
      const rows = table.rows.get(number) + 1;
      table.rows.set(number, rows);
      const came = outcomes[table.abouts.get(number) % outcomes.length] ?? "ok";
      const { expect, mayGo } = table.rule;
      certain ||= !mayGo && table.turns.get(number) > 0 && rows > effectsMax(came, expect);
    },
    removeRow: (effect, op) => {
      const table = tableOf(effect);
      if (op === undefined) {
        table.nameless = Math.max(0, table.nameless - 1);
        return;
      }
      const number = table.ops.numberOf(op);
      table.rows.set(number, Math.max(0, table.rows.get(number) - 1));
      table.gone.add(number);
    },
    isCertain: () => certain,
    count: () => ({ all, exposed }),
    *entries() {
      for (const table of tables.values()) yield* entriesIn(table, kinds);
    },
    strangers: () => [...tables.values()].reduce((sum, table) => sum + strangersIn(table), 0),
  };
}

/** In one number: the kind, then two bits, then the outcome. */
function aboutOf({ inBaseline, wasRefused, outcome }: Write, kind: number): number {
  return kind * 16 + (wasRefused ? 8 : 0) + (inBaseline ? 4 : 0) + outcomes.indexOf(outcome);
}

function* entriesIn(table: Table, kinds: readonly Kind[]): Generator<Entry, void, undefined> {
  const { ops, turns, abouts } = table;
  for (let number = 0; number < ops.size(); number += 1) {
    const turn = turns.get(number);
    if (turn === 0) continue;
    const about = abouts.get(number);
    const kind = kinds[Math.floor(about / 16)];
    const outcome = outcomes[about % 4];
    if (kind === undefined || outcome === undefined) throw new Error(`no write ${about}`);
    const inBaseline = Math.floor(about / 4) % 2 === 1;
    yield { kind, turn, outcome, inBaseline, ...foundIn(table, number) };
  }
}

function foundIn(
  { ops, abouts, rows, befores, gone }: Table,
  number: number,
): Pick<Entry, "rows" | "hasGone" | "rowsBefore" | "insteadOf" | "op"> {
  const before = befores.get(number) - 1;
  const mayFallBack = before >= 0 && Math.floor(abouts.get(before) / 8) % 2 === 1;
  return {
    rows: rows.get(number),
    hasGone: gone.has(number),
    rowsBefore: before < 0 || mayFallBack ? 0 : rows.get(before),
    insteadOf: () => (before < 0 ? undefined : ops.opOf(before)),
    op: () => ops.opOf(number),
  };
}

function strangersIn({ ops, turns, rows, nameless }: Table): number {
  let strangers = nameless;
  for (let number = 0; number < ops.size(); number += 1) if (turns.get(number) === 0) strangers += rows.get(number);
  return strangers;
}

/** Of one effect: an op may have effects that nobody declared, and those do not count. */
interface Table {
  readonly ops: ReturnType<typeof openOpTable>;
  readonly turns: ReturnType<typeof openColumn>;
  readonly abouts: ReturnType<typeof openColumn>;
  readonly rows: ReturnType<typeof openColumn>;
  /** The number of the op that one stands in for, and 1. */
  readonly befores: ReturnType<typeof openColumn>;
  /** Of few ops, and of none where rows never go. */
  readonly gone: Set<number>;
  readonly rule: RowsRule;
  nameless: number;
}

function openTable(rule: RowsRule): Table {
  const column = (): Table["rows"] => openColumn("word");
  return {
    ops: openOpTable(),
    turns: column(),
    abouts: column(),
    rows: column(),
    befores: column(),
    gone: new Set(),
    rule,
    nameless: 0,
  };
}

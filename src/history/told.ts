/** What a second reading of a history tells of single ops: their records in full, and what they left in the world. */
import type { EventOf } from "./events.ts";
import type { HistoryRecord, OpRecord } from "./records.ts";

export interface Told {
  readonly op: (op: string) => OpRecord | undefined;
  /** In order, as far as there is room. */
  readonly effects: (op: string) => readonly EventOf<"effect">[];
}

export const nothingTold: Told = { op: () => undefined, effects: () => [] };

/** The events of an op, as far as they are its own: its start, its attempts, its end. */
export function eventsOf(told: Told, op: string): readonly string[] {
  const record = told.op(op);
  if (record === undefined) return [];
  const { started, attempts, ended } = record;
  return [started.id, ...attempts.map(({ id }) => id), ...(ended === undefined ? [] : [ended.id])];
}

export interface Telling {
  readonly on: (record: HistoryRecord) => void;
  readonly told: Told;
}

/** Of the attempts, exchanges and effects of one op nobody reads more. */
export const partsMax = 50;

export function tellOf(wanted: {
  readonly ops: ReadonlySet<string>;
  /** Beside those in full. */
  readonly effects: ReadonlySet<string>;
}): Telling {
  const records = new Map<string, OpRecord>();
  const effects = new Map<string, EventOf<"effect">[]>();
  const late = new Map<string, OpRecord["exchanges"][number][]>();

  const on = (record: HistoryRecord): void => {
    if (record.type === "op") {
      if (wanted.ops.has(record.op)) records.set(record.op, record);
    } else if (record.type === "effect") {
      const { op } = record;
      if (op !== undefined && (wanted.ops.has(op) || wanted.effects.has(op))) keep(effects, op, record);
    } else if (record.type === "exchange") {
      // Its op's record had been closed before.
      for (const op of record.ops) {
        if (wanted.ops.has(op)) keep(late, op, { ...record, joinedBy: "canary", counts: false });
      }
    }
  };

  const opOf = (op: string): OpRecord | undefined => {
    const record = records.get(op);
    const after = late.get(op);
    if (record === undefined || after === undefined) return record;
    return { ...record, exchanges: [...record.exchanges, ...after] };
  };

  return { on, told: { op: opOf, effects: (op) => effects.get(op) ?? [] } };
}

function keep<T>(lists: Map<string, T[]>, op: string, item: T): void {
  const list = lists.get(op) ?? [];
  lists.set(op, list);
  if (list.length < partsMax) list.push(item);
}

/**
 * What the rows of one read say of effects, and what has changed since another read. Rows are told apart by their id
 * where the scenario says which field that is, else by the op they name and how many there are of it.
 */
import { createHash } from "node:crypto";
import { canonical, contentDigest } from "../history/content.ts";
import type { Tracer } from "../history/ids.ts";
import { shown } from "../units.ts";
import { fieldOf } from "./select.ts";

export interface RowRule {
  /** Where in a row its op stands; absent: anywhere. */
  readonly key?: string;
  readonly id?: string;
  /** How many effects a row stands for; absent: one. */
  readonly count?: string;
  /** What of a row is compared with what its op asked for. */
  readonly content: readonly string[];
  /** Rows stay as they are. Where they may go or change, that a row has gone means nothing. */
  readonly keeps: boolean;
}

export interface SeenRow {
  readonly row: string;
  readonly op?: string;
  readonly content?: readonly string[];
  readonly times: number;
}

/** By what tells them apart. */
export type Seen = ReadonlyMap<string, SeenRow>;

export function seenIn(
  rows: readonly unknown[],
  { rule, tracer, salt }: { readonly rule: RowRule; readonly tracer: Tracer; readonly salt: string },
): Seen {
  const seen = new Map<string, SeenRow>();
  const texts = new Set<string>();
  for (const row of rows) {
    const text = canonical(row);
    // Pages shift while rows are added, so one may be on two of them; where rows stay, the next read puts that right.
    if (rule.id !== undefined && !rule.keeps && texts.has(text)) continue;
    texts.add(text);
    const ops = tracer.find(rule.key === undefined ? textOf(row) : textOf(fieldOf(row, rule.key)));
    const id = rule.id === undefined ? undefined : textOf(fieldOf(row, rule.id));
    if (id === "") throw new Error(`a row has no ${rule.id}, which is to tell rows apart`);
    const times = rule.count === undefined ? 1 : wholeNumber(row, rule.count);
    const content = rule.content.map((field) => contentDigest(fieldOf(row, field), salt));
    const named = ops.length === 0 ? [undefined] : ops.map(({ op }) => op);
    for (const op of named) {
      // A row that names no op is itself and nothing else; one that changes in place becomes another row.
      const is = [id ?? (op === undefined ? text : ""), op ?? "", ...(rule.keeps ? content : [])].join("\n");
      const before = seen.get(is);
      seen.set(is, {
        row: id ?? `~${createHash("sha256").update(`${salt} ${text}`).digest("hex").slice(0, 8)}`,
        ...(op === undefined ? {} : { op }),
        ...(content.length === 0 ? {} : { content }),
        times: (before?.times ?? 0) + times,
      });
    }
  }
  return seen;
}

export interface Changes {
  /** Each with how many more, or how many fewer, there are of it. */
  readonly came: readonly SeenRow[];
  readonly gone: readonly SeenRow[];
}

export function changesBetween(before: Seen, now: Seen): Changes {
  const came: SeenRow[] = [];
  const gone: SeenRow[] = [];
  for (const [is, row] of now) {
    const more = row.times - (before.get(is)?.times ?? 0);
    if (more > 0) came.push({ ...row, times: more });
  }
  for (const [is, row] of before) {
    const fewer = row.times - (now.get(is)?.times ?? 0);
    if (fewer > 0) gone.push({ ...row, times: fewer });
  }
  return { came, gone };
}

/** All that was ever seen, at its most: for rows that go again. */
export function most(before: Seen, now: Seen): Seen {
  const all = new Map(before);
  for (const [is, row] of now) if (row.times > (before.get(is)?.times ?? 0)) all.set(is, row);
  return all;
}

/** What a counter says that spreads over these rows. */
export function totalOf(rows: readonly unknown[], path: string): number {
  return rows.reduce<number>((sum, row) => sum + wholeNumber(row, path), 0);
}

function wholeNumber(row: unknown, path: string): number {
  const value = fieldOf(row, path);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw new Error(`expected a whole number in ${path}, got ${shown(value)}`);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

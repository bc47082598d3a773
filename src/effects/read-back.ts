/**
 * A read-back: all rows of a source, again and again. Comes in: what stands in a foreign database, API or file. Goes
 * out: effects that came and went between two reads, each with the interval that it lies in.
 */
import { createHash } from "node:crypto";
import type { Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import { counted } from "../units.ts";
import type { World } from "../world.ts";
import { followLedger, type LedgerReader, type Standing } from "./follow.ts";
import type { Source } from "./kinds.ts";
import { changesBetween, most, seenIn, totalOf, type RowRule, type Seen, type SeenRow } from "./rows.ts";

export interface ReadBackOptions {
  readonly effect: string;
  readonly ledger: string;
  readonly source: Source;
  /** Rows that name their ops, or a number in them that grows with each op. */
  readonly rule: RowRule | { readonly total: string };
  readonly rowsMax: number;
  /** Absent: before the run and after it. */
  readonly everyMs?: number;
  readonly quietForMs: number;
  readonly tracer: Tracer;
  /** What digests of content are salted with. */
  readonly salt: string;
  readonly recorder: Recorder;
  readonly world: World;
  /** Ends the first read; those that follow have signals of their own. */
  readonly signal: AbortSignal;
}

/** A database that has just been started takes connections before it takes queries. */
const firstWithinMs = 10_000;
const firstPauseMs = 250;
const readTimeoutMs = 10_000;
const failuresMax = 10;

/** Reads once: what is there already is not this run's. Rejects where that cannot be told. */
export async function openReadBack(options: ReadBackOptions): Promise<LedgerReader> {
  const { ledger, recorder, world, everyMs, quietForMs } = options;
  const watched = "total" in options.rule ? watchTotal(options, options.rule) : watchRows(options, options.rule);
  let lastFromUs = recorder.nowUs();
  const readOnce = async (signal: AbortSignal): Promise<Standing> => {
    const fromUs = recorder.nowUs();
    const rows = await readWithin(options, signal);
    const standing = watched.take(rows, [lastFromUs, recorder.nowUs()]);
    // What this read did not show was committed after it began, at the earliest.
    lastFromUs = fromUs;
    return standing;
  };
  watched.begin(await readFirst(options));
  const when = everyMs === undefined ? {} : { everyMs };
  return followLedger({ ledger, read: readOnce, ...when, quietForMs, failuresMax, recorder, world });
}

async function readFirst(options: ReadBackOptions): Promise<readonly unknown[]> {
  const { world, signal } = options;
  const untilUs = world.nowUs() + firstWithinMs * 1000;
  for (;;) {
    try {
      return await readWithin(options, signal);
    } catch (error) {
      if (world.nowUs() >= untilUs || !(await world.sleep(firstPauseMs, signal))) throw error;
    }
  }
}

async function readWithin(
  { source, rowsMax, world }: ReadBackOptions,
  ended: AbortSignal,
): Promise<readonly unknown[]> {
  const over = new AbortController();
  const patience = world.timer(readTimeoutMs, () => over.abort(new Error(`no answer within ${readTimeoutMs} ms`)));
  const signal = AbortSignal.any([ended, over.signal]);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    const rows = await Promise.race([source.read({ rowsMax, timeoutMs: readTimeoutMs, signal }), aborted]);
    if (rows.length <= rowsMax) return rows;
    throw new Error(`there are more than ${counted(rowsMax, "row")}: narrow it to this run, for example by \${run}`);
  } finally {
    patience.cancel();
  }
}

type Interval = readonly [fromUs: number, toUs: number];

interface Watched {
  begin(rows: readonly unknown[]): void;
  take(rows: readonly unknown[], within: Interval): Standing;
}

function watchRows(options: ReadBackOptions, rule: RowRule): Watched {
  const { effect, ledger, recorder, rowsMax } = options;
  let seen: Seen = new Map();

  const record = (
    when:
      | { readonly type: "effect"; readonly committedUs: Interval }
      | { readonly type: "effect-gone"; readonly goneUs: Interval },
    { row, op, content, times }: SeenRow,
  ): void => {
    for (let n = 1; n <= times; n += 1) {
      recorder.record({
        ...when,
        effect,
        ledger,
        row: n === 1 ? row : `${row}#${n}`,
        // Of a row nothing is kept but the op that it names.
        key: op ?? "",
        ...(op === undefined ? {} : { op }),
        ...(content === undefined ? {} : { content }),
      });
    }
  };

  return {
    begin: (rows) => {
      seen = seenIn(rows, { ...options, rule });
    },
    take: (rows, within) => {
      const now = seenIn(rows, { ...options, rule });
      const next = rule.keeps ? now : most(seen, now);
      const { came, gone } = changesBetween(seen, next);
      // Told before anything is recorded: what a failed read has recorded would be recorded again by the next one.
      const timesMost = [...came, ...gone].reduce((highest, { times }) => Math.max(highest, times), 0);
      if (timesMost > rowsMax) throw new Error(`one row stands for ${timesMost} effects, more than ${rowsMax}`);
      for (const row of gone) record({ type: "effect-gone", goneUs: within }, row);
      for (const row of came) record({ type: "effect", committedUs: within }, row);
      seen = next;
      return { rows: rows.length, state: stateOf(now) };
    },
  };
}

function watchTotal(
  { effect, ledger, recorder, rowsMax }: ReadBackOptions,
  { total }: { readonly total: string },
): Watched {
  let first = 0;
  let highest = 0;
  return {
    begin: (rows) => {
      first = totalOf(rows, total);
      highest = first;
    },
    take: (rows, committedUs) => {
      const now = totalOf(rows, total);
      if (now - highest > rowsMax)
        throw new Error(`it grew by ${now - highest} between two reads, more than ${rowsMax}`);
      for (; highest < now; highest += 1) {
        recorder.record({ type: "effect", effect, ledger, row: String(highest + 1), key: "", committedUs });
      }
      return { rows: rows.length, state: String(now), grown: now - first };
    },
  };
}

function stateOf(seen: Seen): string {
  const digest = createHash("sha256");
  for (const [is, { times }] of [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))) digest.update(`${times} ${is}\n\n`);
  return digest.digest("hex");
}

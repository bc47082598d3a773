/** The table of ops against effects: what is wrong with which, the writes of one tool with one effect together. */
import { witnessesMax } from "./check.ts";
import { effectsMax, type Entry, type Kind, type Write, type Writes } from "./writes.ts";

export const wrongs = ["duplicated", "orphaned", "lost"] as const;
export type Wrong = (typeof wrongs)[number];

/** Where rows name their ops, it also shows that both a write and what stands in for it were done. */
export const rowWrongs = [...wrongs, "repeated"] as const;
export type RowWrong = (typeof rowWrongs)[number];

/** Undefined where all is well. */
export function wrongWith(outcome: Write["outcome"], effects: number, expect: number): Wrong | undefined {
  const most = effectsMax(outcome, expect);
  if (effects > most) return most === 0 ? "orphaned" : "duplicated";
  return outcome === "ok" && effects < expect ? "lost" : undefined;
}

export interface Wronged {
  count: number;
  readonly first: Entry[];
}

/** The writes of one tool with one effect, counted. */
export interface Tally {
  readonly kind: Kind;
  /** How many there were in all. */
  writes: number;
  firstTurn: number;
  /** Of those in the baseline: that were ok, and that show up in the ledger. Where none does, its silence means nothing. */
  baselineOk: number;
  baselineSeen: number;
  /** Of those that were ok: that show up just as often as is meant. */
  baselineRight: number;
  recovered: number;
  /** The last that shows up. */
  lastSeenTurn: number;
  /** Of those that were seen and are no more the last, and of those that are there the first. */
  lastGoneTurn: number;
  firstKeptTurn: number;
  /** The first that was never seen, of those that should be. */
  firstUnseenTurn: number;
  readonly wrong: Readonly<Record<RowWrong, Wronged>>;
}

export function tally(writes: Writes, expectOf: (effect: string) => number): readonly Tally[] {
  const tallies = new Map<Kind, Tally>();
  for (const entry of writes.entries()) {
    const { kind, outcome, inBaseline, rows } = entry;
    const of = tallies.get(kind) ?? emptyTally(kind);
    tallies.set(kind, of);
    of.writes += 1;
    const expect = expectOf(kind.effect);
    if (inBaseline && outcome === "ok") of.baselineOk += 1;
    if (inBaseline && outcome === "ok" && rows === expect) of.baselineRight += 1;
    if (inBaseline && rows > 0) of.baselineSeen += 1;
    if (outcome === "unknown" && rows === expect) of.recovered += 1;
    const wrong = wrongWith(outcome, rows, expect);
    if (wrong !== undefined) note(of.wrong[wrong], entry);
    // Of a write and the one that stands in for it each is right by itself; both together are one too many.
    if (rows > 0 && entry.rowsBefore > 0) note(of.wrong.repeated, entry);
    markTurns(of, entry, wrong);
  }
  return [...tallies.values()].toSorted((a, b) => a.firstTurn - b.firstTurn);
}

function markTurns(of: Tally, { turn, rows, hasGone }: Entry, wrong: Wrong | undefined): void {
  of.firstTurn = Math.min(of.firstTurn, turn);
  if (rows > 0) {
    of.lastSeenTurn = Math.max(of.lastSeenTurn, turn);
    of.firstKeptTurn = Math.min(of.firstKeptTurn, turn);
  } else if (hasGone) of.lastGoneTurn = Math.max(of.lastGoneTurn, turn);
  else if (wrong === "lost") of.firstUnseenTurn = Math.min(of.firstUnseenTurn, turn);
}

function emptyTally(kind: Kind): Tally {
  const none = (): Wronged => ({ count: 0, first: [] });
  return {
    kind,
    writes: 0,
    firstTurn: Number.POSITIVE_INFINITY,
    baselineOk: 0,
    baselineSeen: 0,
    baselineRight: 0,
    recovered: 0,
    lastSeenTurn: 0,
    lastGoneTurn: 0,
    firstKeptTurn: Number.POSITIVE_INFINITY,
    firstUnseenTurn: Number.POSITIVE_INFINITY,
    wrong: { duplicated: none(), orphaned: none(), lost: none(), repeated: none() },
  };
}

/** Keeps the first as witnesses. */
function note(wronged: Wronged, entry: Entry): void {
  wronged.count += 1;
  const last = wronged.first.at(-1);
  if (wronged.first.length === witnessesMax && last !== undefined && last.turn < entry.turn) return;
  wronged.first.push(entry);
  wronged.first.sort((a, b) => a.turn - b.turn);
  wronged.first.length = Math.min(wronged.first.length, witnessesMax);
}

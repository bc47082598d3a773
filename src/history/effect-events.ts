/** What ledgers show: effects that came, effects that are there no more, and how the reading of it went. */

/** One row of a ledger: an effect that the world really saw. */
export interface Effect {
  readonly type: "effect";
  readonly effect: string;
  readonly ledger: string;
  readonly row: string;
  /** The op that the row names; absent where it names none of this run's. */
  readonly op?: string;
  readonly key: string;
  /** The interval in which it was committed. */
  readonly committedUs: readonly [number, number];
  /** The caller of the ledger's owner had hung up before the commit. */
  readonly afterHangup?: true;
  /** Digests of what was committed, in the order of what the effect declares. */
  readonly content?: readonly string[];
}

/** A row that a read-back had shown is there no more, or is another one now. */
export interface EffectGone extends Omit<Effect, "type" | "committedUs" | "afterHangup"> {
  readonly type: "effect-gone";
  /** The interval in which it went. */
  readonly goneUs: readonly [number, number];
}

export interface LedgerRead {
  readonly type: "ledger-read";
  readonly ledger: string;
  readonly rows: number;
  /** True once nothing changed any more: only then is a missing row a lost effect. */
  readonly quiet: boolean;
  /** Of a counter that names no op: what it has grown by since the run began. */
  readonly grown?: number;
  readonly failed?: string;
}

/** What a ledger shows names an op, but is no part of the op's own story: it may come before, within or after it. */
export function tellsOfEffect(type: string): boolean {
  return type === "effect" || type === "effect-gone";
}

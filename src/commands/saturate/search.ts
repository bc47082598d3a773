/**
 * Finding the highest rate that holds, without acting: from the tries so far to the rate that is worth the next one,
 * and to the range that they prove. A rate holds if most of its tries did; what cannot be told counts as not held.
 */
import { wilson, type Share } from "../../measure/wilson.ts";

export interface Try {
  readonly rate: number;
  readonly held: boolean;
}

export interface SearchOptions {
  /** Where it begins. */
  readonly from: number;
  /** Higher than this is not tried. */
  readonly most: number;
  /** The ends of the range are tried so often before they are believed. */
  readonly tries: number;
  /** The search ends after so many, however wide the range is. */
  readonly triesMax: number;
}

/** How often the load of one end of the range held, and how sure that makes us. */
export interface RangeEnd {
  readonly rate: number;
  readonly held: Share;
}

export interface Range {
  /** Absent where no rate held. */
  readonly holds?: RangeEnd;
  /** Absent where every rate held. */
  readonly fails?: RangeEnd;
}

/** A server that does not hold this share of where the search begins is asked for lower rates only by name. */
const leastShare = 1 / 16;
/** The ends of the range are this close when it is narrow enough. */
const narrow = 1.12;

export function nextRate(tried: readonly Try[], { from, most, tries, triesMax }: SearchOptions): number | undefined {
  if (tried.length >= triesMax) return undefined;
  const top = plain(most);
  if (tried.length === 0) return Math.min(plain(from), top);
  const { holds, fails } = rangeOf(tried);
  if (fails === undefined) {
    const rate = holds?.rate ?? from;
    if (rate < top) return Math.min(top, plain(rate * 2));
    return (holds?.held.n ?? 0) < tries ? rate : undefined;
  }
  if (holds === undefined) {
    if (fails.rate > plain(Math.min(from, top) * leastShare)) return plain(fails.rate / 2);
    return fails.held.n < tries ? fails.rate : undefined;
  }
  const middle = plain(Math.sqrt(holds.rate * fails.rate));
  if (fails.rate / holds.rate > narrow && middle > holds.rate && middle < fails.rate) return middle;
  if (holds.held.n < tries) return holds.rate;
  return fails.held.n < tries ? fails.rate : undefined;
}

/** What one higher rate did by luck does not outweigh a lower one that failed. */
export function rangeOf(tried: readonly Try[]): Range {
  const ends = [...Map.groupBy(tried, ({ rate }) => rate)]
    .map(([rate, all]): RangeEnd => ({ rate, held: wilson(all.filter(({ held }) => held).length, all.length) }))
    .toSorted((a, b) => a.rate - b.rate);
  const isHeld = ({ held: { k, n } }: RangeEnd): boolean => k > n / 2;
  const fails = ends.find((end) => !isHeld(end));
  const holds = ends.findLast((end) => isHeld(end) && (fails === undefined || end.rate < fails.rate));
  return { ...(holds === undefined ? {} : { holds }), ...(fails === undefined ? {} : { fails }) };
}

/** A rate that a person can say again. */
function plain(rate: number): number {
  return Number(rate.toPrecision(3));
}

/** A fair sample of ops, as points for a chart: those that were not ok come first, for they are looked for. */
import type { OpRecord } from "../history/records.ts";
import type { Random } from "../world.ts";
import type { Point } from "./figures.ts";

export interface Points {
  readonly on: (op: OpRecord) => void;
  readonly end: (endUs: number) => readonly Point[];
}

const pointsMax = 2000;
/** However much goes wrong, so many that went well stay, to compare with. */
const okMin = 500;

export function openPoints(random: Random): Points {
  const well = openSample(random, slim);
  const amiss = openSample(random, slim);
  return {
    on: (op) => (op.outcome === "ok" ? well : amiss).add(op),
    end: (endUs) => {
      const bad = amiss.take(pointsMax - Math.min(okMin, well.size()));
      const good = well.take(pointsMax - bad.length);
      return [...bad, ...good]
        .toSorted((a, b) => a.started.intendedUs - b.started.intendedUs || (a.op < b.op ? -1 : 1))
        .map((op) => pointOf(op, endUs));
    },
  };
}

/** What a point needs of an op; the rest would be held for nothing. */
function slim(op: OpRecord): OpRecord {
  return { ...op, exchanges: [], faults: [], attempts: op.attempts.slice(-1) };
}

function pointOf({ started, ended, outcome, attempts }: OpRecord, endUs: number): Point {
  const last = attempts.at(-1);
  return {
    atUs: started.intendedUs,
    tookUs: Math.max(0, (ended?.atUs ?? endUs) - started.intendedUs),
    tool: `${started.server}.${started.tool}`,
    outcome,
    ...(last === undefined ? {} : { class: last.class }),
  };
}

interface Sample<T> {
  readonly add: (item: T) => void;
  readonly size: () => number;
  /** At most so many of them, each as likely as any other. */
  readonly take: (most: number) => readonly T[];
}

/** Everyone draws a lot, and the lowest lots stay: of those again the lowest are a fair sample too. */
function openSample<T>(random: Random, kept: (item: T) => T): Sample<T> {
  let drawn: { readonly lot: number; readonly item: T }[] = [];
  let limit = 1;
  const thin = (): void => {
    drawn = drawn.toSorted((a, b) => a.lot - b.lot).slice(0, pointsMax);
    if (drawn.length === pointsMax) limit = drawn.at(-1)?.lot ?? limit;
  };
  return {
    add: (item) => {
      const lot = random.next();
      if (lot >= limit) return;
      drawn.push({ lot, item: kept(item) });
      if (drawn.length >= 2 * pointsMax) thin();
    },
    size: () => Math.min(drawn.length, pointsMax),
    take: (most) => {
      thin();
      return drawn.slice(0, most).map(({ item }) => item);
    },
  };
}

/** What one tool's attempts cost its upstream: in the baseline, and when they met the fault. */
import type { OpRecord } from "../history/records.ts";
import { keepWitness, type Witness } from "./storm-witness.ts";
import { eagerMs, type Work } from "./upstream-repeats.ts";

export interface Counted {
  attempts: number;
  requests: number;
  /** Summed over the attempts: how often the same request was made. */
  same: number;
  sameMax: number;
}

export interface Hits extends Counted {
  /** Attempts that repeated a request two times or more. */
  heavy: number;
  /** Attempts that repeated without end, by how often they made the same request. */
  readonly endless: Map<number, number>;
  repeats: number;
  /** Waits before the first repeat and before later ones: how many there were of each length, in ms. */
  readonly firstWaits: Map<number, number>;
  readonly laterWaits: Map<number, number>;
  resent: number;
  /** Repeats that began when nobody waited for the attempt any more. */
  late: number;
  readonly witnesses: Witness[];
}

export interface Tries {
  ops: number;
  attempts: number;
}

export interface Tally {
  readonly before: Counted;
  /** Attempts that count as looked at: those that met the fault, or in a control run all later ones. */
  readonly exposed: Counted;
  readonly hit: Hits;
  readonly tries: { readonly before: Tries; readonly hit: Tries };
  /** Ops whose requests nobody can tell apart from those of others. */
  leftOut: number;
}

export const baselineMin = 5;
export const hitsMin = 5;
const endlessRepeats = 10;

const counted = (): Counted => ({ attempts: 0, requests: 0, same: 0, sameMax: 0 });
export const tries = (): Tries => ({ ops: 0, attempts: 0 });

export function emptyTally(): Tally {
  return {
    before: counted(),
    exposed: counted(),
    hit: {
      ...counted(),
      heavy: 0,
      endless: new Map(),
      repeats: 0,
      firstWaits: new Map(),
      laterWaits: new Map(),
      resent: 0,
      late: 0,
      witnesses: [],
    },
    tries: { before: tries(), hit: tries() },
    leftOut: 0,
  };
}

export function count(into: Counted, { exchanges, same }: Work): void {
  into.attempts += 1;
  into.requests += exchanges.length;
  into.same += same;
  into.sameMax = Math.max(into.sameMax, same);
}

export function countHit(hit: Hits, record: OpRecord, attempt: number, work: Work): void {
  count(hit, work);
  const { repeats, exchanges, same } = work;
  const ended = record.attempts.find((candidate) => candidate.attempt === attempt);
  hit.repeats += repeats.length;
  hit.resent += work.resent;
  hit.late += repeats.filter(({ again }) => ended !== undefined && again.startedUs > ended.atUs).length;
  if (repeats.length >= 2) hit.heavy += 1;
  if (repeats.length > endlessRepeats) bump(hit.endless, same);
  for (const [index, { waitMs }] of repeats.entries()) {
    bump(index === 0 ? hit.firstWaits : hit.laterWaits, Math.round(waitMs));
  }
  if (repeats.length + work.resent === 0) return;
  const events = [record.started.id, ...exchanges.map(({ id }) => id), ...(ended === undefined ? [] : [ended.id])];
  keepWitness(hit.witnesses, { op: record.op, weight: repeats.length, events });
}

/** What a tool's repeats amount to, the worst first. */
export type Storm =
  /** Repeated more than ten times. */
  | "endless"
  /** Repeated several times without a wait. */
  | "eager"
  /** The same, but seen too rarely to be sure. */
  | "eager-perhaps"
  /** Several times, after waits. */
  | "often"
  | "once-at-once"
  | "once"
  /** Only what HTTP clients send again by themselves. */
  | "resent";

const amplified = 1.1;
const clearlyAmplified = 1.5;

export function stormIn({ before, hit }: Tally): Storm | undefined {
  if (hit.repeats === 0) return hit.resent > 0 ? "resent" : undefined;
  const endless = [...hit.endless].filter(([same]) => same > before.sameMax + endlessRepeats);
  if (endless.reduce((sum, [, attempts]) => sum + attempts, 0) >= hitsMin) return "endless";
  const growth = mean(hit) / mean(before);
  // A loop over many things asks for each of them, whether the one before failed or not.
  if (growth <= amplified) return undefined;
  const eager = medianOf(hit.firstWaits, hit.laterWaits) < eagerMs && !backsOff(hit);
  if (eager && growth > clearlyAmplified) {
    if (hit.heavy >= hitsMin) return "eager";
    if (hit.heavy * 2 > hit.attempts) return "eager-perhaps";
  }
  if (hit.heavy > 0) return "often";
  return eager ? "once-at-once" : "once";
}

/** Times that the same request was made, per attempt. */
export function mean({ same, attempts }: Counted): number {
  return same / attempts;
}

export function requestsPerAttempt({ requests, attempts }: Counted): number {
  return requests / attempts;
}

export function attemptsPerOp({ attempts, ops }: Tries): number {
  return ops === 0 ? 1 : attempts / ops;
}

// Back-off with full jitter starts below any bound; what tells it from none is that later waits are longer.
const backOffMs = 25;

function backsOff({ firstWaits, laterWaits }: Hits): boolean {
  if (laterWaits.size === 0) return false;
  const laterMs = medianOf(laterWaits);
  return laterMs >= backOffMs && laterMs >= 2 * medianOf(firstWaits);
}

/** Of the waits in all these counts; 0 where there is none. */
export function medianOf(...counts: readonly ReadonlyMap<number, number>[]): number {
  const waits = counts.flatMap((one) => [...one]).toSorted(([a], [b]) => a - b);
  const total = waits.reduce((sum, [, times]) => sum + times, 0);
  let seen = 0;
  for (const [waitMs, times] of waits) {
    seen += times;
    if (seen * 2 >= total) return waitMs;
  }
  return 0;
}

function bump(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

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
  /** Attempts that repeated one request two times or more, and four times or more. */
  heavy: number;
  heavier: number;
  /** Attempts that repeated without end, by how often they made the same request. */
  readonly endless: Map<number, number>;
  repeats: number;
  /** Waits before the first repeat of a request, the second and later ones: how many of each length, in ms. */
  readonly waits: readonly [first: Waits, second: Waits, later: Waits];
  /** Requests made again while the same one was unanswered; and attempts that did so, by how often they made it. */
  unanswered: number;
  readonly pressing: Map<number, number>;
  resent: number;
  /** Repeats that began when nobody waited for the attempt any more. */
  late: number;
  readonly witnesses: Witness[];
}

type Waits = Map<number, number>;

export interface Tries {
  ops: number;
  attempts: number;
}

export interface Tally {
  readonly before: Counted;
  /** Attempts that count as looked at: those that met the fault, or in a control run all later ones. */
  readonly exposed: Counted;
  readonly hit: Hits;
  /** Attempts that asked their upstream, or met the fault there, of how many ops. */
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
      heavier: 0,
      endless: new Map(),
      repeats: 0,
      waits: [new Map(), new Map(), new Map()],
      unanswered: 0,
      pressing: new Map(),
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

export function addTries(into: Tries, attempts: number): void {
  if (attempts === 0) return;
  into.ops += 1;
  into.attempts += attempts;
}

export function countHit(hit: Hits, record: OpRecord, work: Work): void {
  count(hit, work);
  const { attempt, repeats, exchanges, same, unanswered } = work;
  const ended = record.attempts.find((candidate) => candidate.attempt === attempt);
  const most = Math.max(0, ...repeats.map(({ depth }) => depth));
  const [first, second, later] = hit.waits;
  hit.repeats += repeats.length;
  hit.unanswered += unanswered;
  hit.resent += work.resent;
  hit.late += repeats.filter(({ again }) => ended !== undefined && again.startedUs > ended.atUs).length;
  if (most >= 2) hit.heavy += 1;
  if (most >= 4) hit.heavier += 1;
  if (Math.max(most, unanswered) > endlessRepeats) bump(hit.endless, same);
  if (unanswered > 0) bump(hit.pressing, same);
  for (const { waitMs, depth } of repeats) {
    bump(depth === 1 ? first : depth === 2 ? second : later, Math.round(waitMs));
  }
  const weight = repeats.length + unanswered;
  if (weight + work.resent === 0) return;
  const events = [record.started.id, ...exchanges.map(({ id }) => id), ...(ended === undefined ? [] : [ended.id])];
  keepWitness(hit.witnesses, { op: record.op, weight, events });
}

/** What a tool's repeats amount to, the worst first. */
export type Storm =
  /** Repeated more than ten times. */
  | "endless"
  /** Repeated several times with hardly a wait. */
  | "eager"
  /** The same, but seen too rarely to be sure. */
  | "eager-perhaps"
  /** Several times, after waits. */
  | "often"
  /** Several times, while the same request was unanswered. */
  | "pressing"
  | "once-at-once"
  | "once"
  /** Once more, while the same request was unanswered. */
  | "hedged"
  /** Only what HTTP clients send again by themselves. */
  | "resent";

const amplified = 1.1;
const clearlyAmplified = 1.5;

/** `lateMs`: so much of each wait may have been the harness's own lateness. */
export function stormIn(tally: Tally, lateMs = 0): Storm | undefined {
  const { before, hit } = tally;
  if (hit.repeats + hit.unanswered === 0) return hit.resent > 0 ? "resent" : undefined;
  if (attemptsAbove(hit.endless, before.sameMax + endlessRepeats) >= hitsMin) return "endless";
  const growth = growthOf(tally);
  // A loop over many things asks for each of them, whether the one before failed or not.
  if (growth <= amplified) return undefined;
  const eagerly = eagerAttempts(hit, lateMs);
  if (growth > clearlyAmplified) {
    if (eagerly >= hitsMin) return "eager";
    if (eagerly * 2 > hit.attempts) return "eager-perhaps";
  }
  if (hit.heavy > 0) return "often";
  if (attemptsAbove(hit.pressing, before.sameMax + 1) > 0) return "pressing";
  if (hit.repeats === 0) return "hedged";
  return medianOf(...hit.waits) < backOffMs ? "once-at-once" : "once";
}

/** Whether it waited only as far as the harness was late. */
export function mayBeHasty(tally: Tally, lateMs: number): boolean {
  return stormIn(tally) === "often" && stormIn(tally, lateMs) !== "often";
}

/** How much oftener the same request was made than in the baseline. */
function growthOf({ before, hit }: Tally): number {
  return mean(hit) / mean(before);
}

/** Whether a storm may be in here that is none among what is surely the same request, nor explained by it. */
export function mayHide(byPath: Tally, exact: Tally): boolean {
  const storm = stormIn(byPath);
  const isGrave = storm === "endless" || storm === "eager" || storm === "eager-perhaps";
  return isGrave && growthOf(byPath) > clearlyAmplified * growthOf(exact);
}

/** Whether what it asks again and again at any time, as who polls does, may cover repeats of something else. */
export function mayBeCovered(exact: Tally): boolean {
  const { before, hit } = exact;
  return mean(before) > amplified && growthOf(exact) <= clearlyAmplified && eagerAttempts(hit) >= hitsMin;
}

function attemptsAbove(bySame: ReadonlyMap<number, number>, most: number): number {
  return [...bySame].reduce((sum, [same, attempts]) => sum + (same > most ? attempts : 0), 0);
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

export function hasteOf({ hit }: Tally): string {
  return medianOf(...hit.waits) < backOffMs ? "without waiting" : "with hardly a wait";
}

/** Attempts that repeated with hardly a wait; what lies between none and enough may be jitter if repeats are few. */
function eagerAttempts(hit: Hits, lateMs = 0): number {
  const medianMs = medianOf(...hit.waits);
  if (medianMs >= eagerMs + lateMs || backsOff(hit)) return 0;
  return medianMs < backOffMs + lateMs ? hit.heavy : hit.heavier;
}

// Growth is told by means, as few samples of a jitter scatter less around them than around medians.
function backsOff({ waits: [first, second, later] }: Hits): boolean {
  if (second.size === 0 || medianOf(second, later) < backOffMs) return false;
  const goesOn = later.size === 0 || meanOf(later) >= 1.2 * meanOf(second);
  return goesOn && meanOf(second, later) >= 2 * meanOf(first);
}

function meanOf(...counts: readonly Waits[]): number {
  const waits = counts.flatMap((one) => [...one]);
  const total = waits.reduce((sum, [, times]) => sum + times, 0);
  return waits.reduce((sum, [waitMs, times]) => sum + waitMs * times, 0) / total;
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

/**
 * Work behind a server for callers that have gone: what the requests at its upstreams did once the patience was over
 * that they had been made for. A request belongs to an attempt only by its canary, never because the times fit.
 */
import type { Attempt, EventOf } from "../history/events.ts";
import type { OpRecord } from "../history/records.ts";

export type OwnExchange = EventOf<"exchange">;

/** An op with an attempt whose caller ran out of patience. */
export interface ImpatientOp {
  readonly record: OpRecord;
  /** Requests that ended so late that the op's record had been closed before. */
  readonly late: OwnExchange[];
}

/** An attempt whose caller ran out of patience, and what became of the work behind it. */
export interface GaveUp {
  readonly op: string;
  readonly server: string;
  readonly tool: string;
  readonly policy: NonNullable<Attempt["onTimeout"]>;
  readonly startedUs: number;
  readonly gaveUpUs: number;
  /** Nothing kept its words from the server: neither the call nor the cancel. */
  readonly heard: boolean;
  /** A request of its own was waiting where the fault was seen. */
  readonly metFault: boolean;
  /** It had a request of its own at all. */
  readonly asked: boolean;
  readonly work: Work;
  /** Of the requests that it left behind, those that met the fault. */
  readonly wasted: number;
  readonly events: readonly string[];
}

export type Work =
  /** Nothing was under way any more. */
  | { readonly is: "none" }
  /** All of it came to its end in time. */
  | { readonly is: "stopped"; readonly afterUs: number }
  /** It was ended from outside, before the server had to let go of it. */
  | { readonly is: "cut" }
  /** Something began after it that names the op but no attempt: others may have asked for what the op is about. */
  | { readonly is: "unclear" }
  | { readonly is: "left"; readonly untilUs: number; readonly exchanges: readonly OwnExchange[] };

export interface Limits {
  /** So long after the cancel a request may still be under way. */
  readonly stopUs: number;
  /** So long after the cancel a new one may still begin. */
  readonly beginUs: number;
  /** From here on the run itself ends everything. */
  readonly closingUs: number;
  /** When the server ended by itself: a process that ends lets go of everything, and obeys nobody. */
  readonly exitsUs: readonly number[];
}

const exitNearUs = 1_000_000;

/** The requests at a server's upstreams that were surely made for this op. */
export function ownExchanges(record: OpRecord, watched: ReadonlyMap<string, string>): readonly OwnExchange[] {
  const { server } = record.started;
  return record.exchanges.filter(({ link, joinedBy }) => joinedBy === "canary" && watched.get(link) === server);
}

export function gaveUpsOf(
  { record, late }: ImpatientOp,
  about: { readonly links: ReadonlyMap<string, string>; readonly watched: ReadonlyMap<string, string> },
  limits: Limits,
): readonly GaveUp[] {
  const { started, attempts, faults } = record;
  const own = [...ownExchanges(record, about.watched), ...late];
  // A fault between caller and server may have swallowed the call or its cancel.
  const heard = !faults.some(({ link }) => about.links.get(link) === started.server && !about.watched.has(link));
  return attempts.flatMap((attempt): GaveUp[] => {
    if (attempt.class !== "timeout" || attempt.onTimeout === undefined) return [];
    const gaveUpUs = attempt.atUs;
    const mine = own.filter((exchange) => attemptOf(exchange, attempts) === attempt.attempt);
    const waiting = mine.filter((exchange) => exchange.startedUs <= gaveUpUs && endOf(exchange) > gaveUpUs);
    const metFault = waiting.some((exchange) => isUnderFault(exchange, faults));
    // What several ops share is nobody's alone.
    const work = workOf(
      mine.filter(({ ops }) => ops.length === 1),
      gaveUpUs,
      limits,
    );
    return [
      {
        op: record.op,
        server: started.server,
        tool: `${started.server}.${started.tool}`,
        policy: attempt.onTimeout,
        startedUs: attempt.startedUs,
        gaveUpUs,
        heard,
        metFault,
        asked: mine.length > 0,
        work,
        wasted: work.is === "left" ? work.exchanges.filter((exchange) => isUnderFault(exchange, faults)).length : 0,
        events: [started.id, attempt.id, ...(work.is === "left" ? work.exchanges.map(({ id }) => id) : [])],
      },
    ];
  });
}

export function isUnderFault(exchange: OwnExchange, faults: OpRecord["faults"]): boolean {
  return faults.some(
    ({ link, observed, fromUs, toUs = Number.POSITIVE_INFINITY }) =>
      observed && link === exchange.link && fromUs < endOf(exchange) && toUs > exchange.startedUs,
  );
}

/** When its server was done with it: its answer may come all the same, once nobody waits for it any more. */
export function endOf({ leftUs, atUs }: OwnExchange): number {
  return leftUs ?? atUs;
}

/** Where the canary does not tell the attempt, it is the latest that had begun: the one with the latest cancel. */
function attemptOf(exchange: OwnExchange, attempts: OpRecord["attempts"]): number | undefined {
  return exchange.attempt ?? attempts.findLast(({ startedUs }) => startedUs <= exchange.startedUs)?.attempt;
}

function workOf(own: readonly OwnExchange[], gaveUpUs: number, limits: Limits): Work {
  const going = own.filter((exchange) => endOf(exchange) > gaveUpUs);
  const overdue = going.filter((exchange) => {
    // What begins soon after the cancel may be the clearing up, and has as long for itself.
    const overUs = endOf(exchange) - Math.max(gaveUpUs, exchange.startedUs);
    return overUs > limits.stopUs || exchange.startedUs - gaveUpUs > limits.beginUs;
  });
  const left = overdue.filter(({ attempt, startedUs }) => attempt !== undefined || startedUs <= gaveUpUs);
  const untilUs = Math.max(...going.map(endOf));
  if (going.length === 0) return { is: "none" };
  if (left.length > 0) return { is: "left", untilUs, exchanges: left };
  if (overdue.length > 0) return { is: "unclear" };
  const ended = going.every(
    (exchange) =>
      endedByItself(exchange) &&
      endOf(exchange) < limits.closingUs &&
      limits.exitsUs.every((exitUs) => Math.abs(exitUs - endOf(exchange)) > exitNearUs),
  );
  return ended ? { is: "stopped", afterUs: untilUs - gaveUpUs } : { is: "cut" };
}

function endedByItself({ leftUs, ended }: OwnExchange): boolean {
  return leftUs !== undefined || ended === "caller-left" || ended === "answered";
}

/** The server has given it up, before anything else could end it. */
export function wasLetGo({ leftUs, ended }: OwnExchange): boolean {
  return leftUs !== undefined || ended === "caller-left";
}

/** A call that waited without a request of its own, however it ended. */
export interface Waiter {
  readonly tool: string;
  readonly fromUs: number;
  readonly toUs: number;
}

// Whoever is answered sooner has not waited for anybody's request.
const waitedUs = 100_000;

export function waiterOf({ started, ended, attempts }: OpRecord): Waiter | undefined {
  const fromUs = started.atUs;
  const toUs = ended?.atUs ?? Number.POSITIVE_INFINITY;
  if (attempts.length === 0 || toUs - fromUs < waitedUs) return undefined;
  return { tool: `${started.server}.${started.tool}`, fromUs, toUs };
}

/**
 * Work that may have been for others as well: calls of the same tool that waited meanwhile without a request of their
 * own. A server that asks once for all who want the same must go on while one of them waits.
 */
export function sharedWork(gaveUps: readonly GaveUp[], patient: readonly Waiter[]): (gaveUp: GaveUp) => boolean {
  const without = gaveUps.filter(({ asked, heard }) => heard && !asked);
  const waited = without.map(({ tool, startedUs, gaveUpUs }) => ({ tool, fromUs: startedUs, toUs: gaveUpUs }));
  const waits = new Map<string, { fromUs: number; toUs: number }[]>();
  for (const { tool, fromUs, toUs } of [...waited, ...patient].toSorted((a, b) => a.fromUs - b.fromUs)) {
    const spans = waits.get(tool) ?? [];
    waits.set(tool, spans);
    const last = spans.at(-1);
    if (last !== undefined && fromUs <= last.toUs) last.toUs = Math.max(last.toUs, toUs);
    else spans.push({ fromUs, toUs });
  }
  return ({ tool, gaveUpUs, work }) =>
    work.is === "left" && (waits.get(tool) ?? []).some(({ fromUs, toUs }) => fromUs < work.untilUs && toUs > gaveUpUs);
}

/**
 * Work behind a server for callers that have gone: what the requests at its upstreams did once the patience was over
 * that they had been made for. A request belongs to an attempt only by its canary, never because the times fit.
 */
import type { Attempt, EventOf } from "../history/events.ts";
import type { OpRecord } from "../history/records.ts";
import type { Waits } from "./waits.ts";

/** As much of a request as tells when it was under way, and what of. */
export interface OwnExchange extends Pick<
  EventOf<"exchange">,
  "id" | "atUs" | "link" | "attempt" | "method" | "path" | "startedUs" | "leftUs" | "ended"
> {
  /** It was made for several ops. */
  readonly shared: boolean;
}

/** An op with an attempt whose caller ran out of patience. */
export interface ImpatientOp {
  readonly op: string;
  readonly server: string;
  readonly tool: string;
  readonly startedId: string;
  readonly attempts: readonly Pick<
    OpRecord["attempts"][number],
    "id" | "attempt" | "startedUs" | "atUs" | "onTimeout"
  >[];
  readonly faults: OpRecord["faults"];
  /** Nothing kept its words from the server: neither the call nor the cancel. */
  readonly heard: boolean;
  /** The requests at the server's upstreams for it; also such that ended when the op's record had been closed. */
  readonly own: OwnExchange[];
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
  | {
      readonly is: "left";
      /** By then the last of it had to be over: who comes later has not kept it going. */
      readonly dueUs: number;
      readonly exchanges: readonly OwnExchange[];
    };

export interface Limits {
  /** So long after the cancel a request may still be under way. */
  readonly stopUs: number;
  /** So long after the cancel a new one may still begin. */
  readonly beginUs: number;
  /** From here on the run itself ends everything. */
  readonly closingUs: number;
  /** When the server ended, by itself or not: a process that ends lets go of everything, and obeys nobody. */
  readonly exitsUs: readonly number[];
}

const exitNearUs = 1_000_000;

/** The requests at a server's upstreams that were surely made for this op. */
export function ownExchanges(record: OpRecord, watched: ReadonlyMap<string, string>): OpRecord["exchanges"] {
  const { server } = record.started;
  return record.exchanges.filter(({ link, joinedBy }) => joinedBy === "canary" && watched.get(link) === server);
}

export function slim(exchange: EventOf<"exchange">): OwnExchange {
  const { id, atUs, link, attempt, method, path, startedUs, leftUs, ended, ops } = exchange;
  return {
    id,
    atUs,
    link,
    method,
    path,
    startedUs,
    ended,
    shared: ops.length > 1,
    ...(attempt === undefined ? {} : { attempt }),
    ...(leftUs === undefined ? {} : { leftUs }),
  };
}

export function impatientOp(
  record: OpRecord,
  about: {
    readonly own: OpRecord["exchanges"];
    readonly links: ReadonlyMap<string, string>;
    readonly watched: ReadonlyMap<string, string>;
  },
): ImpatientOp {
  const { op, started, attempts, faults } = record;
  const { server, tool, id: startedId } = started;
  return {
    op,
    server,
    tool: `${server}.${tool}`,
    startedId,
    attempts: attempts.map(({ id, attempt, startedUs, atUs, class: is, onTimeout }) => {
      return { id, attempt, startedUs, atUs, ...(is === "timeout" && onTimeout !== undefined ? { onTimeout } : {}) };
    }),
    faults,
    // A fault between caller and server may have swallowed the call or its cancel.
    heard: !faults.some(({ links }) =>
      links.some((link) => about.links.get(link) === server && !about.watched.has(link)),
    ),
    own: about.own.map(slim),
  };
}

export function gaveUpsOf(
  { op, server, tool, startedId, attempts, faults, heard, own }: ImpatientOp,
  limits: Limits,
): readonly GaveUp[] {
  return attempts.flatMap((attempt): GaveUp[] => {
    if (attempt.onTimeout === undefined) return [];
    const gaveUpUs = attempt.atUs;
    const mine = own.filter((exchange) => attemptOf(exchange, attempts) === attempt.attempt);
    const waiting = mine.filter((exchange) => exchange.startedUs <= gaveUpUs && endOf(exchange) > gaveUpUs);
    const metFault = waiting.some((exchange) => isUnderFault(exchange, faults));
    // What several ops share is nobody's alone.
    const work = workOf(
      mine.filter(({ shared }) => !shared),
      gaveUpUs,
      limits,
    );
    return [
      {
        op,
        server,
        tool,
        policy: attempt.onTimeout,
        startedUs: attempt.startedUs,
        gaveUpUs,
        heard,
        metFault,
        asked: mine.length > 0,
        work,
        wasted: work.is === "left" ? work.exchanges.filter((exchange) => isUnderFault(exchange, faults)).length : 0,
        events: [startedId, attempt.id, ...(work.is === "left" ? work.exchanges.map(({ id }) => id) : [])],
      },
    ];
  });
}

type Spanned = Pick<OwnExchange, "link" | "startedUs" | "atUs" | "leftUs">;

export function isUnderFault(exchange: Spanned, faults: OpRecord["faults"]): boolean {
  return faults.some(
    ({ links, observed, fromUs, toUs = Number.POSITIVE_INFINITY }) =>
      observed && links.includes(exchange.link) && fromUs < endOf(exchange) && toUs > exchange.startedUs,
  );
}

/** When its server was done with it: its answer may come all the same, once nobody waits for it any more. */
export function endOf({ leftUs, atUs }: Pick<OwnExchange, "leftUs" | "atUs">): number {
  return leftUs ?? atUs;
}

/** Where the canary does not tell the attempt, it is the latest that had begun: the one with the latest cancel. */
export function attemptOf(exchange: OwnExchange, attempts: ImpatientOp["attempts"]): number | undefined {
  return exchange.attempt ?? attempts.findLast(({ startedUs }) => startedUs <= exchange.startedUs)?.attempt;
}

function workOf(own: readonly OwnExchange[], gaveUpUs: number, limits: Limits): Work {
  const going = own.filter((exchange) => endOf(exchange) > gaveUpUs);
  // What begins soon after the cancel may be the clearing up, and has as long for itself.
  const dueOf = ({ startedUs }: OwnExchange): number => Math.max(gaveUpUs, startedUs) + limits.stopUs;
  const overdue = going.filter(
    (exchange) => endOf(exchange) > dueOf(exchange) || exchange.startedUs - gaveUpUs > limits.beginUs,
  );
  const left = overdue.filter(({ attempt, startedUs }) => attempt !== undefined || startedUs <= gaveUpUs);
  const untilUs = Math.max(...going.map(endOf));
  if (going.length === 0) return { is: "none" };
  if (left.length > 0) return { is: "left", dueUs: Math.min(untilUs, Math.max(...left.map(dueOf))), exchanges: left };
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

// Whoever is answered sooner has not waited for anybody's request.
const waitedUs = 100_000;

/** Notes a call that waited without a request of its own, however it ended. */
export function noteWaiter({ started, ended, attempts }: OpRecord, waits: Waits): void {
  const toUs = ended?.atUs ?? Number.POSITIVE_INFINITY;
  if (attempts.length === 0 || toUs - started.atUs < waitedUs) return;
  waits.add(`${started.server}.${started.tool}`, { fromUs: started.atUs, toUs });
}

/**
 * Work that may have been for others as well: calls of the same tool that waited meanwhile without a request of their
 * own. A server that asks once for all who want the same must go on while one of them waits.
 */
export function sharedWork(gaveUps: readonly GaveUp[], patient: Waits): (gaveUp: GaveUp) => boolean {
  const waits = patient.copy();
  for (const { tool, startedUs, gaveUpUs, heard, asked } of gaveUps) {
    if (heard && !asked) waits.add(tool, { fromUs: startedUs, toUs: gaveUpUs });
  }
  return ({ tool, gaveUpUs, work }) =>
    work.is === "left" && waits.overlaps(tool, { fromUs: gaveUpUs, toUs: work.dueUs });
}

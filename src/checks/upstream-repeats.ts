/**
 * What a server did upstream for one attempt: how often it made the same request, and which of its requests repeat
 * one that had failed. The same request is the same method, path, query and body on the same link.
 */
import type { Exchange } from "../history/events.ts";
import type { JoinedExchange, OpRecord } from "../history/records.ts";

/** A repeat sooner than this was hardly waited for. */
export const eagerMs = 100;

/** Surely the same, or as far as method and path tell: who asks for many things at one path repeats nothing. */
export type Sameness = "exact" | "by-path";

/** A request that was made again, of the server's own accord, after it had failed. */
export interface Repeat {
  readonly failed: JoinedExchange;
  readonly again: JoinedExchange;
  readonly waitMs: number;
  /** The first repeat of a request is 1, the repeat of that one 2. */
  readonly depth: number;
}

export interface Work {
  readonly attempt: number;
  readonly exchanges: readonly JoinedExchange[];
  readonly repeats: readonly Repeat[];
  /** Made again while the same request was still unanswered. */
  readonly unanswered: number;
  /** How often the same request was made, without what it was told to repeat and what its transport sent again. */
  readonly same: number;
  /** Sent again at once, by the transport: the kept connection was dead. */
  readonly resent: number;
}

export function hasFailed({ ended, status = 0, leftUs, firstByteUs, meddled }: Exchange): boolean {
  // An answer that came when its caller had given up was none.
  if (leftUs !== undefined && (firstByteUs ?? leftUs) >= leftUs) return true;
  // What was still open when the run ended has not failed.
  if (ended === "open") return false;
  return ended !== "answered" || status >= 500 || status === 429 || meddled?.made === "garbage";
}

/** For each attempt that asked; undefined where nobody can tell which attempt a request was for. */
export function workOf(
  { attempts, ended }: OpRecord,
  exchanges: readonly JoinedExchange[],
  sameness: Sameness,
): readonly Work[] | undefined {
  // What is asked for many ops at once is nobody's own.
  if (exchanges.some(({ ops }) => ops.length > 1)) return undefined;
  const numbered = exchanges.every(({ attempt }) => attempt !== undefined);
  // An attempt is written when it has ended, so an op that was cut off may have had one more.
  const mayBeMany = attempts.length > 1 || ended === undefined;
  if (!numbered && mayBeMany) return undefined;
  const [only] = exchanges;
  if (only === undefined) return nothing;
  if (exchanges.length < 2) return [single(only)];
  const byAttempt = Map.groupBy(exchanges, ({ attempt }) => (numbered ? (attempt ?? 1) : 1));
  return [...byAttempt].map(([attempt, made]) => workIn(attempt, made, sameness));
}

const nothing: readonly never[] = [];

/** As most are: it repeats nothing. */
function single(exchange: JoinedExchange): Work {
  const { attempt = 1 } = exchange;
  return { attempt, exchanges: [exchange], repeats: nothing, unanswered: 0, same: 1, resent: 0 };
}

function workIn(attempt: number, exchanges: readonly JoinedExchange[], sameness: Sameness): Work {
  const ordered = exchanges.toSorted((a, b) => a.startedUs - b.startedUs);
  const requests = Map.groupBy(ordered, (exchange) => requestOf(exchange, sameness));
  const sorted = [...requests.values()].map(sortRepeats);
  return {
    attempt,
    exchanges: ordered,
    repeats: sorted.flatMap(({ repeats }) => repeats),
    unanswered: Math.max(0, ...sorted.map(({ unanswered }) => unanswered)),
    same: Math.max(0, ...sorted.map(({ same }) => same)),
    resent: sorted.reduce((sum, { resent }) => sum + resent, 0),
  };
}

export function requestOf({ link, method, path, asks = "" }: Exchange, sameness: Sameness): string {
  return `${link} ${method} ${path}${sameness === "exact" ? ` ${asks}` : ""}`;
}

interface Sorted {
  readonly repeats: Repeat[];
  unanswered: number;
  same: number;
  resent: number;
}

interface Failure {
  readonly failed: JoinedExchange;
  readonly depth: number;
}

/** One request, each time that it was made, in order of their start. */
function sortRepeats(made: readonly JoinedExchange[]): Sorted {
  const sorted: Sorted = { repeats: [], unanswered: 0, same: made.length, resent: 0 };
  const failures: Failure[] = [];
  for (const [index, again] of made.entries()) {
    const before = takeFailure(failures, again);
    if (before === undefined && made.slice(0, index).some((earlier) => isUnanswered(earlier, again.startedUs))) {
      sorted.unanswered += 1;
    }
    const depth = before === undefined ? 0 : noteRepeat(sorted, before, again);
    if (hasFailed(again)) failures.push({ failed: again, depth });
  }
  return sorted;
}

/** Counts it as what it is, and tells how often the request was repeated by then. */
function noteRepeat(sorted: Sorted, { failed, depth }: Failure, again: JoinedExchange): number {
  const waitMs = Math.max(0, again.startedUs - overUs(failed)) / 1000;
  if (wasTold(failed, waitMs)) sorted.same -= 1;
  else if (isResend(failed, waitMs, sorted.resent)) {
    sorted.same -= 1;
    sorted.resent += 1;
  } else {
    sorted.repeats.push({ failed, again, waitMs, depth: depth + 1 });
    return depth + 1;
  }
  return depth;
}

function isUnanswered(exchange: JoinedExchange, us: number): boolean {
  return Math.min(exchange.firstByteUs ?? Number.POSITIVE_INFINITY, overUs(exchange)) > us;
}

// A server that gives up closes one connection and opens the next at once; the tap may see the two in either order.
const slackUs = 20_000;

/** The failure that this request follows: each is repeated once, those first that were repeated least. */
function takeFailure(failures: Failure[], again: JoinedExchange): Failure | undefined {
  const over = failures.filter(({ failed }) => {
    const hasLeft = failed.ended === "caller-left" || failed.leftUs !== undefined;
    return overUs(failed) - (hasLeft ? slackUs : 0) <= again.startedUs;
  });
  const least = Math.min(...over.map(({ depth }) => depth));
  const taken = over.findLast(({ depth }) => depth === least);
  if (taken !== undefined) failures.splice(failures.indexOf(taken), 1);
  return taken;
}

/** When it was over for who made it. */
function overUs({ atUs, leftUs = atUs }: JoinedExchange): number {
  return Math.min(atUs, leftUs);
}

// Waits and headers are rounded on their way.
const nearly = 0.9;

function wasTold({ retryAfterMs }: JoinedExchange, waitMs: number): boolean {
  return retryAfterMs !== undefined && waitMs >= retryAfterMs * nearly;
}

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** HTTP clients send again what was lost with a kept connection: once, or for each dead connection they had kept. */
function isResend({ ended, firstByteUs, method, reusedSocket }: JoinedExchange, waitMs: number, before: number) {
  const lost = (ended === "closed" || ended === "reset") && firstByteUs === undefined;
  return lost && idempotent.has(method) && waitMs < eagerMs && (before === 0 || reusedSocket === true);
}

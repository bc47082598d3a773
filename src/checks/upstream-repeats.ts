/**
 * What a server did upstream for one attempt: how often it made the same request, and which of its requests repeat
 * one that had failed. The same request is the same method and path on the same link; queries are not in a history.
 */
import type { Exchange } from "../history/events.ts";
import type { JoinedExchange, OpRecord } from "../history/records.ts";

/** A repeat sooner than this was not waited for. */
export const eagerMs = 100;

/** A request that was made again, of the server's own accord, after it had failed. */
export interface Repeat {
  readonly failed: JoinedExchange;
  readonly again: JoinedExchange;
  readonly waitMs: number;
}

export interface Work {
  readonly exchanges: readonly JoinedExchange[];
  readonly repeats: readonly Repeat[];
  /** How often the same request was made, without what it was told to repeat and what its transport sent again. */
  readonly same: number;
  /** Sent again at once, by the transport: the kept connection was dead. */
  readonly resent: number;
}

export function hasFailed({ ended, status = 0, leftUs, firstByteUs }: Exchange): boolean {
  // An answer that came when its caller had given up was none.
  if (leftUs !== undefined && (firstByteUs ?? leftUs) >= leftUs) return true;
  // What was still open when the run ended has not failed.
  if (ended === "open") return false;
  return ended !== "answered" || status >= 500 || status === 429;
}

/** By attempt; undefined where nobody can tell which attempt a request was for. */
export function workOf(
  { attempts, ended }: OpRecord,
  exchanges: readonly JoinedExchange[],
): ReadonlyMap<number, Work> | undefined {
  // What is asked for many ops at once is nobody's own.
  if (exchanges.some(({ ops }) => ops.length > 1)) return undefined;
  const numbered = exchanges.every(({ attempt }) => attempt !== undefined);
  // An attempt is written when it has ended, so an op that was cut off may have had one more.
  const mayBeMany = attempts.length > 1 || ended === undefined;
  if (!numbered && mayBeMany) return undefined;
  const byAttempt = Map.groupBy(exchanges, ({ attempt }) => (numbered ? (attempt ?? 1) : 1));
  return new Map([...byAttempt].map(([attempt, made]) => [attempt, workIn(made)]));
}

function workIn(exchanges: readonly JoinedExchange[]): Work {
  const ordered = exchanges.toSorted((a, b) => a.startedUs - b.startedUs);
  const requests = Map.groupBy(ordered, ({ link, method, path }) => `${link} ${method} ${path}`);
  const sorted = [...requests.values()].map(sortRepeats);
  return {
    exchanges: ordered,
    repeats: sorted.flatMap(({ repeats }) => repeats),
    same: Math.max(0, ...sorted.map(({ same }) => same)),
    resent: sorted.reduce((sum, { resent }) => sum + resent, 0),
  };
}

interface Sorted {
  readonly repeats: Repeat[];
  same: number;
  resent: number;
}

/** One request, each time that it was made, in order of their start. */
function sortRepeats(made: readonly JoinedExchange[]): Sorted {
  const sorted: Sorted = { repeats: [], same: made.length, resent: 0 };
  const failures: JoinedExchange[] = [];
  for (const again of made) {
    const failed = takeLatest(failures, again);
    if (hasFailed(again)) failures.push(again);
    if (failed === undefined) continue;
    const waitMs = Math.max(0, again.startedUs - overUs(failed)) / 1000;
    if (wasTold(failed, waitMs)) sorted.same -= 1;
    else if (isResend(failed, waitMs, sorted.resent)) {
      sorted.same -= 1;
      sorted.resent += 1;
    } else sorted.repeats.push({ failed, again, waitMs });
  }
  return sorted;
}

// A server that gives up closes one connection and opens the next at once; the tap may see the two in either order.
const slackUs = 20_000;

/** The failure that this request follows; each is repeated once, and requests side by side repeat nothing. */
function takeLatest(failures: JoinedExchange[], again: JoinedExchange): JoinedExchange | undefined {
  const at = failures.findLastIndex((failed) => {
    const hasLeft = failed.ended === "caller-left" || failed.leftUs !== undefined;
    return overUs(failed) - (hasLeft ? slackUs : 0) <= again.startedUs;
  });
  return at === -1 ? undefined : failures.splice(at, 1)[0];
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

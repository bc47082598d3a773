/** What faults on the way to a server did to an op: nothing that the server is to be judged by. */
import type { Declared } from "../history/declared.ts";
import { opOutcome, type OpOutcome } from "../history/outcomes.ts";
import type { JoinedExchange, OpRecord } from "../history/records.ts";

/** Agents' own links, and those of balancers to replicas: MCP is spoken on both. */
export function linksBeforeServers({ links }: Declared): ReadonlySet<string> {
  return new Set(links.filter(({ plane }) => plane !== "server-upstream").map(({ link }) => link));
}

function isMadeUp({ link, meddled }: JoinedExchange, linksBefore: ReadonlySet<string>): boolean {
  return linksBefore.has(link) && meddled?.made !== undefined && meddled.made !== "data";
}

/** Its caller had an answer that its server never gave. */
export function wasAnsweredByFault({ exchanges }: OpRecord, linksBefore: ReadonlySet<string>): boolean {
  return exchanges.some((exchange) => isMadeUp(exchange, linksBefore));
}

/** Its server got it more often than its caller sent it. */
export function wasDeliveredTwice({ exchanges }: OpRecord, linksBefore: ReadonlySet<string>): boolean {
  return exchanges.some((exchange) => isDeliveredTwice(exchange, linksBefore));
}

function isDeliveredTwice({ link, meddled }: JoinedExchange, linksBefore: ReadonlySet<string>): boolean {
  return linksBefore.has(link) && meddled?.delivered === 2;
}

/** Behind its server a refusal stands in place of the upstream's answer, which has acted: the server cannot know. */
function isRefusedFalsely({ link, meddled, status = 0 }: JoinedExchange, linksBefore: ReadonlySet<string>): boolean {
  if (linksBefore.has(link) || meddled?.made !== "error" || meddled.delivered === 0) return false;
  // These leave open what was done, and so must the server.
  return status !== 502 && status !== 504;
}

/**
 * What it came to as far as its server has said so: of an attempt that a fault answered, nothing is known. Of one that
 * was delivered twice the caller has one answer of two, so where that says no the other may have been done.
 */
export function outcomeByServer(record: OpRecord, linksBefore: ReadonlySet<string>): OpOutcome {
  const made = record.exchanges.filter((exchange) => isMadeUp(exchange, linksBefore));
  const acted = record.exchanges.filter(
    (exchange) => isDeliveredTwice(exchange, linksBefore) || isRefusedFalsely(exchange, linksBefore),
  );
  if (made.length + acted.length === 0) return record.outcome;
  const isOf = (exchanges: readonly JoinedExchange[], attempt: number): boolean =>
    exchanges.some((exchange) => (exchange.attempt ?? attempt) === attempt);
  const attempts = record.attempts.map(({ attempt, outcome, lostStream }) => {
    // Who resumed a stream that a fault had cut has the server's own answer in the end.
    const isItsOwn = lostStream?.resumptions.at(-1)?.came === "answer";
    const isOpen = (isOf(made, attempt) && !isItsOwn) || (outcome === "failed" && isOf(acted, attempt));
    return { outcome: isOpen ? ("unknown" as const) : outcome };
  });
  return opOutcome(attempts);
}

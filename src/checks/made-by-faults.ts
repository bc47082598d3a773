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
  return exchanges.some(({ link, meddled }) => linksBefore.has(link) && meddled?.delivered === 2);
}

/** What it came to as far as its server has said so: of an attempt that a fault answered, nothing is known. */
export function outcomeByServer(record: OpRecord, linksBefore: ReadonlySet<string>): OpOutcome {
  const made = record.exchanges.filter((exchange) => isMadeUp(exchange, linksBefore));
  if (made.length === 0) return record.outcome;
  const isMade = (attempt: number): boolean => made.some((exchange) => (exchange.attempt ?? attempt) === attempt);
  const attempts = record.attempts.map(({ attempt, outcome }) => ({
    outcome: isMade(attempt) ? ("unknown" as const) : outcome,
  }));
  return opOutcome(attempts);
}

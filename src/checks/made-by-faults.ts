/** What faults on the agents' own links did to an op: nothing that its server is to be judged by. */
import type { Declared } from "../history/declared.ts";
import { opOutcome, type OpOutcome } from "../history/outcomes.ts";
import type { JoinedExchange, OpRecord } from "../history/records.ts";

export function agentLinksOf({ links }: Declared): ReadonlySet<string> {
  return new Set(links.filter(({ plane }) => plane === "agent-server").map(({ link }) => link));
}

/** Its caller had an answer that its server never gave. */
export function wasAnsweredByFault({ exchanges }: OpRecord, agentLinks: ReadonlySet<string>): boolean {
  return exchanges.some((exchange) => agentLinks.has(exchange.link) && exchange.meddled?.made !== undefined);
}

/** Its server got it more often than its caller sent it. */
export function wasDeliveredTwice({ exchanges }: OpRecord, agentLinks: ReadonlySet<string>): boolean {
  return exchanges.some(({ link, meddled }) => agentLinks.has(link) && meddled?.delivered === 2);
}

/** What it came to as far as its server has said so: of an attempt that a fault answered, nothing is known. */
export function outcomeByServer(record: OpRecord, agentLinks: ReadonlySet<string>): OpOutcome {
  const made = record.exchanges.filter(({ link, meddled }) => agentLinks.has(link) && meddled?.made !== undefined);
  if (made.length === 0) return record.outcome;
  const isMade = (attempt: number): boolean =>
    made.some((exchange: JoinedExchange) => (exchange.attempt ?? attempt) === attempt);
  const attempts = record.attempts.map(({ attempt, outcome }) => ({
    outcome: isMade(attempt) ? ("unknown" as const) : outcome,
  }));
  return opOutcome(attempts);
}

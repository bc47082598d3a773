/** The defect of disconnect, put into a history: work whose caller has gone, and which is committed all the same. */
import type { Effect } from "../history/effect-events.ts";
import type { HistoryEvent, SessionEvent, Stamp } from "../history/events.ts";
import type { Plant } from "./check.ts";
import { plantOrphans } from "./planted-orphans.ts";

/** In a session of the revision that forbids it, whatever was spoken before. */
export function plantLateCommit(watched: ReadonlyMap<string, string>, { stopUs }: { readonly stopUs: number }): Plant {
  const orphans = plantOrphans(watched, { stopUs, count: 1 });
  return (event) => orphans(event)?.flatMap((put): HistoryEvent[] => (put === event ? [put] : withLateCommit(put)));
}

function withLateCommit(put: HistoryEvent): HistoryEvent[] {
  const { atUs } = put;
  const stamp: Stamp = { id: `${put.id}~beside`, atUs };
  if (put.type === "op-started") {
    const { group, agent, server } = put;
    const session: SessionEvent = {
      type: "session",
      group,
      agent,
      server,
      edge: "opened",
      protocolVersion: "2026-07-28",
    };
    return [{ ...session, ...stamp }, put];
  }
  if (put.type !== "exchange") return [put];
  const [op = ""] = put.ops;
  const effect: Effect = {
    type: "effect",
    effect: "planted",
    ledger: "planted",
    row: op,
    key: op,
    op,
    committedUs: [atUs, atUs],
  };
  return [{ ...effect, ...stamp }, put];
}

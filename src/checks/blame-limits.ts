/**
 * How long after a cancel work may go on before its server is to blame: fixed bounds, widened by how late the harness
 * itself was, and ended by the run's own end and by the ends of servers.
 */
import type { EventOf } from "../history/events.ts";
import type { HistoryRecord } from "../history/records.ts";
import type { Limits } from "./orphaned-work.ts";

/** From the cancel on: when the work must have stopped, and when no more of it may begin. */
export const stopUs = 2_000_000;
const beginUs = 1_000_000;

/** Of event loops: beyond it the bounds would hide what is planted to try a check. */
const delayMostUs = 900_000;

export interface BlameLimits {
  on(record: HistoryRecord): void;
  /** As far as the run has been seen. */
  of(server: string): Limits;
}

/** The bounds alone, for a call that is looked at while the run goes on. */
export const plainLimits: Limits = { stopUs, beginUs, closingUs: Number.POSITIVE_INFINITY, exitsUs: [] };

export function watchLimits(): BlameLimits {
  let lagUs = 0;
  let closingUs = Number.POSITIVE_INFINITY;
  const exits = new Map<string, number[]>();
  return {
    on: (record) => {
      if (record.type === "generator") {
        // A cancel that an event loop held back was sent late, and the end of the work seen late.
        const delaysUs = (record.threads ?? []).map(({ delayMaxUs }) => Math.min(delayMaxUs, delayMostUs));
        lagUs = Math.max(lagUs, record.lagMaxUs, ...delaysUs);
      } else if (record.type === "phase") {
        if (record.role === "final" && record.edge === "end") closingUs = record.atUs;
      } else if (record.type === "target" && isEndOfServer(record)) {
        const known = exits.get(record.target);
        if (known === undefined) exits.set(record.target, [record.atUs]);
        else known.push(record.atUs);
      }
    },
    of: (server) => ({
      stopUs: stopUs + lagUs,
      beginUs: beginUs + lagUs,
      closingUs,
      exitsUs: exits.get(server) ?? [],
    }),
  };
}

function isEndOfServer({ target, role, edge, instance }: EventOf<"target">): boolean {
  if (role !== "server") return false;
  // Over stdio processes are stopped with their sessions, which is no end of a server.
  const isOfSession = instance !== undefined && !instance.startsWith(`${target}.`);
  return edge === "exited" || edge === "killed" || (edge === "stopped" && !isOfSession);
}

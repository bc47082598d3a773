/** The ends of servers' processes that a fault brought, and whether what was started again came back. */
import type { EventOf } from "../history/events.ts";
import type { HistoryRecord } from "../history/records.ts";
import type { Exit } from "./server-exits.ts";

export interface ServerKills {
  readonly server: string;
  readonly kills: readonly Exit[];
  /** It was started again and did not answer in time. */
  readonly unready?: EventOf<"target">;
  /** The history ends before it would have had to be back. */
  readonly isUndecided: boolean;
}

export interface KillsFold {
  readonly on: (record: HistoryRecord) => void;
  readonly end: () => readonly ServerKills[];
}

interface Course {
  readonly kills: Exit[];
  unready?: EventOf<"target">;
  /** Of the last kill it is not known yet. */
  isAway: boolean;
}

export function followKills(): KillsFold {
  const byServer = new Map<string, Course>();
  return {
    on: (record) => {
      if (record.type !== "target" || record.role !== "server") return;
      const course = byServer.get(record.target);
      if (record.edge === "killed") follow(byServer, course ?? { kills: [], isAway: false }, record);
      // Over stdio a process comes back when its agent calls again: that it does not tells nothing of the server.
      else if (course === undefined || record.instance !== undefined) return;
      else if (record.edge === "ready") {
        for (const kill of course.kills) kill.backUs ??= record.atUs;
        course.isAway = false;
        delete course.unready;
      } else {
        // What ends by itself is told by its own end.
        if (record.edge === "unready") course.unready = record;
        course.isAway = false;
      }
    },
    end: () =>
      [...byServer].map(([server, { kills, unready, isAway }]) => ({
        server,
        kills,
        ...(unready === undefined ? {} : { unready }),
        isUndecided: isAway,
      })),
  };
}

function follow(byServer: Map<string, Course>, course: Course, killed: EventOf<"target">): void {
  byServer.set(killed.target, course);
  course.kills.push({ event: killed });
  course.isAway = killed.instance === undefined;
}

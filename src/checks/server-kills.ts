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
      else if (course === undefined) return;
      else if (record.edge === "ready") comeBack(course, record);
      else if (record.instance === undefined) {
        // What ends by itself is told by its own end.
        if (record.edge === "unready") course.unready = record;
        course.isAway = false;
      }
    },
    end: () =>
      [...byServer].map(([server, { kills, unready, isAway }]) => ({
        server,
        kills: kills.map(atOnceOverStdio),
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

/** There a session starts its process itself: one that does not come is not on its way, and excuses no call. */
function atOnceOverStdio(kill: Exit): Exit {
  const { event } = kill;
  return event.instance === undefined || kill.backUs !== undefined ? kill : { event, backUs: event.atUs };
}

function comeBack(course: Course, { instance, atUs }: EventOf<"target">): void {
  for (const kill of course.kills) if (kill.event.instance === instance) kill.backUs ??= atUs;
  if (instance !== undefined) return;
  course.isAway = false;
  delete course.unready;
}

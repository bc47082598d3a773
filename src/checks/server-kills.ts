/** The ends of servers' processes that a fault brought, and whether what was started again came back. */
import type { Declared } from "../history/declared.ts";
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
  readonly server: string;
  /** Its processes are those of sessions, which start them themselves. */
  readonly isOfSessions: boolean;
  readonly kills: Exit[];
  unready?: EventOf<"target">;
  /** Of the last kill it is not known yet. */
  isAway: boolean;
}

export function followKills({ servers }: Declared): KillsFold {
  const replicated = new Set(servers.flatMap(({ server, replicas }) => (replicas === undefined ? [] : [server])));
  /** By server; by replica where it has several. */
  const courses = new Map<string, Course>();
  return {
    on: (record) => {
      if (record.type !== "target" || record.role !== "server") return;
      const { target: server, instance, edge } = record;
      const isOfSessions = instance !== undefined && !replicated.has(server);
      const key = isOfSessions ? server : (instance ?? server);
      const course = courses.get(key) ?? { server, isOfSessions, kills: [], isAway: false };
      if (edge === "killed") {
        courses.set(key, course);
        course.kills.push({ event: record });
        // Over stdio a process comes back when its agent calls again: that it does not tells nothing of the server.
        course.isAway = !isOfSessions;
        return;
      }
      if (edge === "ready") comeBack(course, record);
      if (isOfSessions) return;
      // What ends by itself is told by its own end.
      if (edge === "unready") course.unready = record;
      if (edge === "ready") delete course.unready;
      course.isAway = false;
    },
    end: () => [...Map.groupBy(courses.values(), ({ server }) => server)].map(([server, of]) => joined(server, of)),
  };
}

function comeBack({ kills }: Course, { instance, atUs }: EventOf<"target">): void {
  for (const kill of kills) if (kill.event.instance === instance) kill.backUs ??= atUs;
}

function joined(server: string, courses: readonly Course[]): ServerKills {
  // What stays away is told together with its own kill.
  const away = courses.find(({ unready }) => unready !== undefined);
  const others = courses.filter((course) => course !== away);
  const kills = [...others, ...(away === undefined ? [] : [away])].flatMap(killsOf);
  const isUndecided = courses.some(({ isAway }) => isAway);
  return { server, kills, ...(away?.unready === undefined ? {} : { unready: away.unready }), isUndecided };
}

/** What a session does not start again is not on its way, and excuses no call. */
function killsOf({ isOfSessions, kills }: Course): readonly Exit[] {
  return isOfSessions ? kills.map(({ event, backUs = event.atUs }) => ({ event, backUs })) : kills;
}

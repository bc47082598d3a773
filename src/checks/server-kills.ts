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
  /** Over stdio a process comes back when its agent calls again: that it does not tells nothing of the server. */
  readonly ofSessions: boolean;
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
      const ofSessions = instance !== undefined && !replicated.has(server);
      const key = ofSessions ? server : (instance ?? server);
      const known = courses.get(key);
      if (edge === "killed") {
        const course = known ?? { server, ofSessions, kills: [], isAway: false };
        courses.set(key, course);
        course.kills.push({ event: record });
        course.isAway = !ofSessions;
      } else if (known === undefined) return;
      else if (edge === "ready") comeBack(known, record);
      else if (!ofSessions) {
        // What ends by itself is told by its own end.
        if (edge === "unready") known.unready = record;
        known.isAway = false;
      }
    },
    end: () => [...Map.groupBy(courses.values(), ({ server }) => server)].map(([server, of]) => joined(server, of)),
  };
}

function comeBack(course: Course, { instance, atUs }: EventOf<"target">): void {
  for (const kill of course.kills) if (kill.event.instance === instance) kill.backUs ??= atUs;
  if (course.ofSessions) return;
  course.isAway = false;
  delete course.unready;
}

function joined(server: string, courses: readonly Course[]): ServerKills {
  // What stays away is told together with its own kill.
  const away = courses.find(({ unready }) => unready !== undefined);
  const others = courses.filter((course) => course !== away);
  const inOrder = [...others, ...(away === undefined ? [] : [away])];
  const kills = inOrder.flatMap((course) => (course.ofSessions ? course.kills.map(atOnce) : course.kills));
  const isUndecided = courses.some(({ isAway }) => isAway);
  return { server, kills, ...(away?.unready === undefined ? {} : { unready: away.unready }), isUndecided };
}

/** A session starts its process itself: one that does not come is not on its way, and excuses no call. */
function atOnce(kill: Exit): Exit {
  const { event } = kill;
  return kill.backUs === undefined ? { event, backUs: event.atUs } : kill;
}

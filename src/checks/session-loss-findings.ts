/** What `session-loss` has to say, in words. */
import type { Finding } from "./check.ts";

export interface Lost {
  readonly server: string;
  /** Requests in sessions that a replica has answered, and those that it answered as if there were no such session. */
  asked: number;
  lost: number;
  /** What is spoken has no sessions. */
  sessionless: boolean;
  /** Sessions that were refused with the first request after their opening. */
  openings: number;
  /** What the lost ones were answered with. */
  readonly statuses: Map<number, number>;
  /** Who answered them. */
  readonly replicas: Set<string>;
  readonly events: string[];
  readonly ops: string[];
}

const missing = 404;

export function sessionFindings(lost: Lost): readonly Finding[] {
  const { server, events, ops } = lost;
  if (lost.lost + lost.openings === 0) return [];
  const witness = { events, ops };
  if (lost.sessionless) return [aboutWanted(lost)];
  const violation: Finding = {
    grade: "violation",
    blames: "server",
    says: `${server} does not know sessions that it had opened itself and nobody had ended: ${how(lost)}`,
    why: "An agent loses its session with all that it holds in the middle of its work, and most clients open no other by themselves.",
    fix:
      "Keep sessions in a store that all replicas share, or serve without session ids; " +
      "a sticky balancer alone still loses them with the process that holds them.",
    witness,
  };
  const others = [...lost.statuses.keys()].filter((status) => status !== missing);
  if (others.length === 0) return [violation];
  return [
    violation,
    {
      grade: "weakness",
      blames: "server",
      says: `${server} answers a session that it does not know with HTTP ${others.join(", ")} in place of ${missing}`,
      why: "Only 404 tells a client to open a new session; after anything else it goes on with the dead one.",
      fix: "Answer every request of a session that is not known with 404.",
      witness,
    },
  ];
}

function aboutWanted(lost: Lost): Finding {
  const { server, events, ops } = lost;
  return {
    grade: "violation",
    blames: "server",
    says: `${server} asks for sessions in a revision that has none: ${how(lost)}`,
    why: "No client of this revision opens a session, so whichever replica wants one serves nobody.",
    fix: "Serve every request by what it says itself; let tools hand out and take names for what they keep.",
    witness: { events, ops },
  };
}

function how({ asked, lost, openings, statuses, replicas }: Lost): string {
  const answered = [...statuses.keys()].sort((a, b) => a - b).join(", ");
  const requests =
    lost === 0
      ? []
      : [`${lost} of ${asked} requests were answered with HTTP ${answered} (by ${[...replicas].sort().join(", ")})`];
  const first =
    openings === 0
      ? []
      : [`${openings} ${openings === 1 ? "session was" : "sessions were"} refused right after being opened`];
  return [...requests, ...first].join("; ");
}

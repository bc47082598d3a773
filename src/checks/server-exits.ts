/** The ends of servers' processes that came by themselves, and whether a restart policy of the scenario covers them. */
import type { Declared, DeclaredServer } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import type { HistoryRecord } from "../history/records.ts";

export interface Exit {
  readonly event: EventOf<"target">;
  /** When it was ready again. */
  backUs?: number;
}

export interface ServerExits {
  readonly server: string;
  readonly policy: DeclaredServer["restart"];
  /** Each of its sessions has a process of its own. */
  readonly perSession: boolean;
  readonly exits: readonly Exit[];
  /** Undecided: the history ends before it would have had to be back. */
  readonly is: "no-policy" | "within-policy" | "too-often" | "not-back" | "undecided";
}

/** The end of a process is told once its last words are in, so this much later at most. */
export const exitToldUs = 300_000;

export interface ExitsFold {
  readonly on: (record: HistoryRecord | EventOf<"target" | "phase">) => void;
  /** The servers that ended by themselves. */
  readonly end: (untilUs: number) => readonly ServerExits[];
}

export function followExits(declared: Declared): ExitsFold {
  const byServer = new Map<string, Exit[]>();
  // From the end of the final phase on Squall itself stops what it has started.
  let watchedUs = Number.POSITIVE_INFINITY;

  const on: ExitsFold["on"] = (record) => {
    if (record.type === "phase" && record.role === "final" && record.edge === "end") watchedUs = record.atUs;
    if (record.type !== "target" || record.role !== "server") return;
    const exits = byServer.get(record.target) ?? [];
    byServer.set(record.target, exits);
    if (record.edge === "exited") {
      // Once we have closed the last session it may go too, if it does so in order.
      if (record.code !== 0 || record.atUs <= watchedUs) exits.push({ event: record });
    } else if (record.edge === "ready") {
      // One that dies once more before it is ready is back only then.
      for (const exit of exits) if (exit.event.instance === record.instance) exit.backUs ??= record.atUs;
    }
  };

  const end = (untilUs: number): readonly ServerExits[] =>
    [...byServer].flatMap(([server, exits]) => {
      if (exits.length === 0) return [];
      const of = declared.servers.find((candidate) => candidate.server === server);
      // Of several processes each is a session's own, or one of the replicas.
      const perSession = of?.replicas === undefined && exits.some(({ event }) => event.instance !== undefined);
      const about = { policy: of?.restart, perSession };
      return [{ server, ...about, exits, is: judged(exits, about, Math.min(watchedUs, untilUs)) }];
    });

  return { on, end };
}

function judged(
  exits: readonly Exit[],
  { policy, perSession }: Pick<ServerExits, "policy" | "perSession">,
  untilUs: number,
): ServerExits["is"] {
  if (policy === undefined) return "no-policy";
  const byInstance = Map.groupBy(exits, ({ event }) => event.instance);
  if ([...byInstance.values()].some((of) => of.length > policy.most)) return "too-often";
  // Over stdio a process comes back when its agent calls again, so how soon tells nothing of the server.
  const supervised = perSession ? [] : exits;
  const late = supervised.filter(({ event, backUs }) => (backUs ?? untilUs) - event.atUs > policy.withinMs * 1000);
  if (late.length > 0) return "not-back";
  return supervised.some(({ backUs }) => backUs === undefined) ? "undecided" : "within-policy";
}

/** How a process ended, in a person's words. */
export function howItEnded({ code, signal }: Pick<EventOf<"target">, "code" | "signal">): string {
  return signal ?? `exit code ${code ?? "unknown"}`;
}

/** A server that does not survive, put into a history: its calls fail in every recovery, or it ends, or loses a tool. */
import type { Declared } from "../history/declared.ts";
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { Plant } from "./check.ts";

/** Where the plan has a recovery, a pass stands on its ops most of all, so these are the ones to be broken. */
export function plantBrokenServer(declared: Declared): Plant {
  if (declared.phases.some(({ role }) => role === "recovery")) return plantStuck(declared);
  const started = declared.servers.find(({ isStarted }) => isStarted);
  return started === undefined ? plantVanished() : plantExits(started);
}

function plantStuck(declared: Declared): Plant {
  const recoveries = new Set(declared.phases.filter(({ role }) => role === "recovery").map(({ phase }) => phase));
  const broken = new Set<string>();
  return (event) => {
    if (event.type === "op-started" && recoveries.has(event.phase)) broken.add(event.op);
    if (event.type === "attempt" && broken.has(event.op)) {
      const { answer: _, ...rest } = event;
      return [{ ...rest, class: "tool-error", outcome: "failed" }];
    }
    if (event.type !== "op-ended" || !broken.delete(event.op) || event.outcome === "not-run") return undefined;
    return [{ ...event, outcome: "failed" }];
  };
}

/** As often as no policy allows it. */
function plantExits({ server, restart }: Declared["servers"][number]): Plant {
  let planted = false;
  return (event) => {
    if (planted || event.type !== "phase" || event.edge !== "start") return undefined;
    planted = true;
    const exits = Array.from({ length: (restart?.most ?? 0) + 1 }, (_, n): HistoryEvent => ({
      id: `${event.id}~planted${n}`,
      atUs: event.atUs,
      type: "target",
      target: server,
      role: "server",
      edge: "exited",
      code: 1,
    }));
    return [event, ...exits];
  };
}

function plantVanished(): Plant {
  const first = new Map<string, EventOf<"tools-listed">>();
  return (event) => {
    if (event.type !== "tools-listed" || event.failed !== undefined) return undefined;
    const before = first.get(event.server);
    if (before === undefined) first.set(event.server, event);
    return before === undefined
      ? undefined
      : [{ ...event, tools: event.tools.filter((tool) => tool !== before.tools[0]) }];
  };
}

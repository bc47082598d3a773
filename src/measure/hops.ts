/** Amplification hop by hop: how many requests each link carried for those that came to it, phase by phase. */
import type { Declared } from "../history/declared.ts";
import type { Exchange } from "../history/events.ts";
import { calleeOf } from "./callers.ts";
import type { Cell } from "./cells.ts";
import type { HopFigures } from "./figures.ts";

export interface Hops {
  readonly on: (exchange: Exchange, phase: string) => void;
  readonly end: (cells: readonly Cell[]) => readonly HopFigures[];
}

/** Links over which nothing went and nothing could have gone in a phase are left out of it. */
export function openHops({ links, phases, steps }: Declared): Hops {
  const exchanges = new Map<string, Map<string, number>>();
  // A balancer hands on what came to it: its links carry shares of one hop, and multiply nothing.
  const measured = links.flatMap(({ plane, ...link }) => (plane === "balancer-replica" ? [] : [{ ...link, plane }]));
  const upstream = new Set(links.filter(({ plane }) => plane === "server-upstream").map(({ link }) => link));

  const on = ({ link }: Exchange, phase: string): void => {
    if (!upstream.has(link)) return;
    const byPhase = exchanges.get(link) ?? new Map<string, number>();
    exchanges.set(link, byPhase);
    byPhase.set(phase, (byPhase.get(phase) ?? 0) + 1);
  };

  const into = (server: string): readonly string[] =>
    measured.filter((link) => upstream.has(link.link) && calleeOf(link) === server).map(({ link }) => link);
  const requestsTo = (server: string, phase: string): number =>
    into(server).reduce((sum, link) => sum + (exchanges.get(link)?.get(phase) ?? 0), 0);

  const hopOf = (
    { link, plane, server, protocol }: (typeof measured)[number],
    phase: string,
    cells: readonly Cell[],
  ): HopFigures => {
    const groups = new Set(
      plane === "server-upstream" ? steps.map(({ group }) => group) : [link.slice(0, -`@${server}`.length)],
    );
    const at = cells.filter((cell) => cell.server === server && cell.phase === phase && groups.has(cell.group));
    const sum = (key: "attempts" | "tried" | "sent"): number => at.reduce((total, cell) => total + cell[key], 0);
    const ofAgents = plane === "agent-server";
    const requests = ofAgents ? sum("attempts") : (exchanges.get(link)?.get(phase) ?? 0);
    // A server that is called by servers too has those to answer for as well.
    const callers = ofAgents ? sum("tried") : sum("sent") + requestsTo(server, phase);
    const counts = protocol !== "tcp" && callers > 0;
    return { link, plane, phase, requests, callers, ...(counts ? { ratio: requests / callers } : {}) };
  };

  return {
    on,
    end: (cells) =>
      measured.flatMap((link) =>
        phases.map(({ phase }) => hopOf(link, phase, cells)).filter(({ requests, callers }) => requests + callers > 0),
      ),
  };
}

/** When chain walks begin, and which agent makes them. Generators are lazy: five million arrivals cost nothing. */
import type { ScenarioGroup } from "../scenario/resolve.ts";

export type PlannedArrivals =
  | { readonly group: string; readonly is: "open"; readonly perSecond: number; readonly agents: number }
  | {
      readonly group: string;
      readonly is: "closed";
      readonly agents: number;
      /** Walks of each agent; until the phases end where absent. */
      readonly iterations?: number;
      readonly thinkTimeMs: number;
      /** The agents do not all begin at one instant. */
      readonly staggerMs: number;
    };

/** One walk of an open group, in coordinates: the k-th arrival is agent k mod n on its walk k div n. */
export interface Arrival {
  readonly atMs: number;
  readonly agent: number;
  readonly walk: number;
}

export function planArrivals({ name: group, arrivals }: ScenarioGroup): PlannedArrivals {
  if (arrivals.is === "open") return { group, ...arrivals };
  const { agents, iterations, thinkTimeMs } = arrivals;
  return {
    group,
    is: "closed",
    agents,
    ...(iterations === undefined ? {} : { iterations }),
    thinkTimeMs,
    staggerMs: Math.max(thinkTimeMs, 100) / agents,
  };
}

export function* openArrivals(
  { perSecond, agents }: Extract<PlannedArrivals, { is: "open" }>,
  durationMs: number,
): Generator<Arrival, void, undefined> {
  for (let k = 0; ; k += 1) {
    const atMs = (k * 1000) / perSecond;
    if (atMs >= durationMs) return;
    yield { atMs, agent: k % agents, walk: Math.floor(k / agents) };
  }
}

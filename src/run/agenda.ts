/** What is to be done when, in order of time; more may come up while the next is waited for. */
import type { World } from "../world.ts";

export interface Moment<Come> {
  readonly atMs: number;
  readonly act: () => Promise<Come | undefined>;
}

export interface Agenda<Come> {
  readonly add: (moments: readonly Moment<Come>[]) => void;
  /** Does one after another, until one comes to something or none is left. */
  readonly play: (clock: AgendaClock) => Promise<Come | "stopped" | undefined>;
}

export interface AgendaClock {
  /** How long until a moment. */
  readonly leftMs: (atMs: number) => number;
  readonly world: Pick<World, "sleep">;
  readonly stopping: AbortSignal;
}

/** At one instant, in the order in which they were given; what came up later comes before what was planned. */
export function createAgenda<Come>(first: readonly Moment<Come>[]): Agenda<Come> {
  const inOrder = (moments: readonly Moment<Come>[]): Moment<Come>[] => moments.toSorted((a, b) => a.atMs - b.atMs);
  let waiting = inOrder(first);
  let more = new AbortController();

  return {
    add: (moments) => {
      waiting = inOrder([...moments, ...waiting]);
      more.abort();
    },
    play: async ({ leftMs, world, stopping }) => {
      for (let [next] = waiting; next !== undefined; [next] = waiting) {
        more = new AbortController();
        const ms = leftMs(next.atMs);
        const slept = ms <= 0 || (await world.sleep(ms, AbortSignal.any([stopping, more.signal])));
        if (stopping.aborted) return "stopped";
        // Something that comes before may have come up.
        if (!slept || waiting[0] !== next) continue;
        waiting = waiting.slice(1);
        const come = await next.act();
        if (come !== undefined) return come;
      }
      return undefined;
    },
  };
}

/** What faults do to the processes of a target, and the signs by which that shows. */
import type { Cure, ProcessHandle, Sign } from "../faults/handles.ts";
import type { World } from "../world.ts";
import type { Herd } from "./herd.ts";
import { exitWords } from "./life.ts";
import { limit } from "./limits.ts";
import { openStillness } from "./stillness.ts";

export type Tell = (sign: Sign) => void;

export interface ProcessFaults {
  /** What is done through the handle shows in the signs that it gives. */
  handle(sign: Tell): ProcessHandle;
}

export function processFaults(herd: Herd, world: World): ProcessFaults {
  const stillness = openStillness(herd, world);
  return {
    handle: (tell) => ({
      name: herd.name,
      kill: (how) => Promise.resolve(kill(herd, { ...how, tell, world })),
      pause: () => Promise.resolve(stillness.pause(tell)),
      slowDown: (share) => Promise.resolve(stillness.slowDown(share, tell)),
      limit: (what, more) => limit({ herd, world, tell, what, more }),
    }),
  };
}

type Kill = Parameters<ProcessHandle["kill"]>[0] & { readonly tell: Tell; readonly world: World };

function kill(herd: Herd, { signal, backAfterMs, tell, world }: Kill): Cure {
  const down = herd.takeDown(signal);
  const healing = new AbortController();
  let rising: Promise<void> | undefined;
  const rise = (): Promise<void> => (rising ??= down.letUp());
  const awaitEnd = async (): Promise<void> => {
    for (const exit of await down.exits) tell({ is: "killed", how: exitWords(exit) });
  };
  const ended = awaitEnd();
  const riseLater = async (waitMs: number): Promise<void> => {
    await ended;
    if (await world.sleep(waitMs, healing.signal)) await rise();
  };
  // Whoever heals hears it if it cannot be started.
  if (backAfterMs !== undefined) riseLater(backAfterMs).catch(() => {});
  return {
    heal: async () => {
      healing.abort();
      await ended;
      await rise();
    },
  };
}

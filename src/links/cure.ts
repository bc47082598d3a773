import type { Cure } from "../faults/handles.ts";

/** A cure that succeeds once; after a failure it can be tried again. */
export function onceHealed(heal: () => Promise<void>): Cure {
  let healed = false;
  return {
    heal: async () => {
      if (healed) return;
      await heal();
      healed = true;
    },
  };
}

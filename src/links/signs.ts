/** Who listens to the signs of a link. */
import type { Sign } from "../faults/handles.ts";

export interface Signs {
  readonly give: (sign: Sign) => void;
  /** Returns how to stop listening. */
  readonly on: (listener: (sign: Sign) => void) => () => void;
}

export function createSigns(): Signs {
  const listeners = new Set<(sign: Sign) => void>();
  return {
    give: (sign) => {
      for (const listener of listeners) listener(sign);
    },
    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

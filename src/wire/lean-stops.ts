/** Ending calls when their signal aborts, with one listener a signal however many calls wait on it. */

import { Bag } from "../bag.ts";

export interface Stops {
  /** Calls `stop` when the signal aborts; the returned function forgets it. */
  add(signal: AbortSignal, stop: () => void): () => void;
  /** Calls every stop that waits, whatever its signal. */
  stopAll(): void;
}

export function createStops(): Stops {
  // A signal walks all its listeners on every add, so a run's one signal with thousands of calls would grow slow.
  const watches = new Map<AbortSignal, Watch>();
  let newest: Watch | undefined;

  const watch = (signal: AbortSignal): Watch => {
    const known = watches.get(signal);
    if (known !== undefined) return known;
    if (newest !== undefined) drop(newest);
    const stops = new Bag<() => void>();
    const fire = (): void => {
      for (const stop of stops.empty()) stop();
    };
    signal.addEventListener("abort", fire, { once: true });
    newest = { signal, stops, fire };
    watches.set(signal, newest);
    return newest;
  };

  /** A signal that no call waits on is let go of as soon as another one comes; the newest is likely to come again. */
  const drop = (old: Watch): void => {
    if (old.stops.size > 0) return;
    old.signal.removeEventListener("abort", old.fire);
    watches.delete(old.signal);
  };

  return {
    add: (signal, stop) => {
      const at = watch(signal);
      const place = at.stops.add(stop);
      return () => {
        at.stops.delete(place);
        if (at !== newest) drop(at);
      };
    },
    stopAll: () => {
      for (const at of watches.values()) {
        at.fire();
        drop(at);
      }
      newest = undefined;
    },
  };
}

interface Watch {
  readonly signal: AbortSignal;
  readonly stops: Bag<() => void>;
  readonly fire: () => void;
}

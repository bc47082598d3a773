/**
 * Sleeps that one signal ends together. Thousands of agents think at the same time, and a signal searches through all
 * of its listeners for each one that leaves.
 */
import type { World } from "../world.ts";

/** Resolves to true after so many milliseconds, or to false as soon as the signal aborts. */
export type Nap = (ms: number) => Promise<boolean>;

export function napsUntil(signal: AbortSignal, world: Pick<World, "timer">): Nap {
  const wakers = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of wakers) wake();
  };
  signal.addEventListener("abort", wakeAll, { once: true });
  return (ms) => {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const wake = (): void => {
        wakers.delete(wake);
        timer.cancel();
        resolve(false);
      };
      const timer = world.timer(ms, () => {
        wakers.delete(wake);
        resolve(true);
      });
      wakers.add(wake);
    });
  };
}

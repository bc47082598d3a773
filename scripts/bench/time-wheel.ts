/** Puts in order of time what is made a few seconds ahead, a whole walk at once. */
import type { Unstamped } from "../../src/history/events.ts";

const slotUs = 1000;
const slots = 32_768;

/** An event that gets its number once its turn comes. */
export type Due = Unstamped & { id: string; readonly atUs: number };

export interface TimeWheel {
  /** At most half a minute ahead of what was taken last. */
  readonly put: (event: Due) => void;
  readonly until: (atUs: number) => readonly Due[];
}

export function openTimeWheel(): TimeWheel {
  const wheel: Due[][] = Array.from({ length: slots }, () => []);
  // Agents write their own events; taps and ledgers are read elsewhere.
  const counts = { w1: 0, w2: 0, m: 0 };
  let slot = 0;
  let waiting = 0;

  const stamped = (event: Due): Due => {
    const isOfAgent = event.type === "op-started" || event.type === "attempt" || event.type === "op-ended";
    const writer = !isOfAgent ? "m" : event.op.includes("planner") ? "w1" : "w2";
    counts[writer] += 1;
    event.id = `${writer}:${counts[writer]}`;
    return event;
  };

  return {
    put: (event) => {
      waiting += 1;
      wheel[Math.max(slot, Math.floor(event.atUs / slotUs)) % slots]?.push(event);
    },
    until: (atUs) => {
      const last = Math.floor(atUs / slotUs);
      const taken: Due[] = [];
      for (; slot < last && waiting > 0; slot += 1) {
        const due = wheel[slot % slots] ?? [];
        if (due.length === 0) continue;
        wheel[slot % slots] = [];
        waiting -= due.length;
        for (const event of due.sort((a, b) => a.atUs - b.atUs)) taken.push(stamped(event));
      }
      if (Number.isFinite(last)) slot = Math.max(slot, last);
      return taken;
    },
  };
}

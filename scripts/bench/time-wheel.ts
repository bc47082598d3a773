/** Puts in order of time what is made a few seconds ahead, a whole walk at once. */
import type { Unstamped } from "../../src/history/events.ts";

const slotUs = 125;
const slots = 65_536;

/** Its id is that of its writer until its turn comes, and its number with it. */
export type Due = Unstamped & { id: string; readonly atUs: number };

export interface TimeWheel {
  /** At most eight seconds ahead of what was taken last. */
  readonly put: (event: Due) => void;
  readonly until: (atUs: number) => readonly Due[];
}

export function openTimeWheel(): TimeWheel {
  const wheel: (Due[] | undefined)[] = Array.from({ length: slots }, () => undefined);
  const counts = new Map<string, number>();
  let slot = 0;
  let waiting = 0;

  const stamped = (event: Due): Due => {
    const count = (counts.get(event.id) ?? 0) + 1;
    counts.set(event.id, count);
    event.id = `${event.id}:${count}`;
    return event;
  };

  return {
    put: (event) => {
      waiting += 1;
      const at = Math.max(slot, Math.floor(event.atUs / slotUs)) % slots;
      const due = wheel[at];
      if (due === undefined) wheel[at] = [event];
      else insert(due, event);
    },
    until: (atUs) => {
      const last = Math.floor(atUs / slotUs);
      const taken: Due[] = [];
      for (; slot < last && waiting > 0; slot += 1) {
        const due = wheel[slot % slots];
        if (due === undefined) continue;
        wheel[slot % slots] = undefined;
        waiting -= due.length;
        for (const event of due) taken.push(stamped(event));
      }
      if (Number.isFinite(last)) slot = Math.max(slot, last);
      return taken;
    },
  };
}

/** Where its time is; of the same moment, behind what was put before. */
function insert(due: Due[], event: Due): void {
  let at = due.length;
  due.push(event);
  for (let before = due[at - 1]; before !== undefined && before.atUs > event.atUs; before = due[at - 1]) {
    due[at] = before;
    at -= 1;
  }
  due[at] = event;
}

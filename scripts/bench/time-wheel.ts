/** Puts in order of time what is made a few seconds ahead, a whole walk at once. */
import type { HistoryEvent, Stamp } from "../../src/history/events.ts";

const slotUs = 125;
const slots = 65_536;

/** It is made only when its turn comes: until then tens of thousands wait, and whole events would be felt as memory. */
export interface Due {
  readonly writer: string;
  readonly atUs: number;
  readonly make: (stamp: Stamp) => HistoryEvent;
}

export interface TimeWheel {
  /** At most eight seconds ahead of what was taken last. */
  readonly put: (due: Due) => void;
  readonly until: (atUs: number) => readonly HistoryEvent[];
}

export function openTimeWheel(): TimeWheel {
  const wheel: (Due[] | undefined)[] = Array.from({ length: slots }, () => undefined);
  const counts = new Map<string, number>();
  let slot = 0;
  let waiting = 0;

  const made = ({ writer, atUs, make }: Due): HistoryEvent => {
    const count = (counts.get(writer) ?? 0) + 1;
    counts.set(writer, count);
    return make({ id: `${writer}:${count}`, atUs });
  };

  return {
    put: (due) => {
      waiting += 1;
      const at = Math.max(slot, Math.floor(due.atUs / slotUs)) % slots;
      const others = wheel[at];
      if (others === undefined) wheel[at] = [due];
      else insert(others, due);
    },
    until: (atUs) => {
      const last = Math.floor(atUs / slotUs);
      const taken: HistoryEvent[] = [];
      for (; slot < last && waiting > 0; slot += 1) {
        const due = wheel[slot % slots];
        if (due === undefined) continue;
        wheel[slot % slots] = undefined;
        waiting -= due.length;
        for (const one of due) taken.push(made(one));
      }
      if (Number.isFinite(last)) slot = Math.max(slot, last);
      return taken;
    },
  };
}

/** Where its time is; of the same moment, behind what was put before. */
function insert(others: Due[], due: Due): void {
  let at = others.length;
  others.push(due);
  for (let before = others[at - 1]; before !== undefined && before.atUs > due.atUs; before = others[at - 1]) {
    others[at] = before;
    at -= 1;
  }
  others[at] = due;
}

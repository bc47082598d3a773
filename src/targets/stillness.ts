/** Processes that stand still, or run in short turns only. Faults may overlap: what one stops no other lets go. */
import type { Cure } from "../faults/handles.ts";
import { membersOf, readProcStat, signalGroup } from "../processes.ts";
import type { World } from "../world.ts";
import type { Herd } from "./herd.ts";
import type { Tell } from "./process-faults.ts";

export interface Stillness {
  pause(tell: Tell): Cure;
  slowDown(share: number, tell: Tell): Cure;
}

const seenWithinMs = 1000;
const lookEveryMs = 10;

export function openStillness(herd: Herd, world: World): Stillness {
  let pausedBy = 0;
  const goOn = (leader: number): void => {
    if (pausedBy === 0) signalGroup(leader, "SIGCONT");
  };

  const pause = (tell: Tell): Cure => {
    let told = false;
    const stop = async (leader: number): Promise<void> => {
      signalGroup(leader, "SIGSTOP");
      for (let waitedMs = 0; waitedMs < seenWithinMs && !told; waitedMs += lookEveryMs) {
        if (standsStill(leader)) {
          told = true;
          tell({ is: "paused" });
        } else await world.sleep(lookEveryMs);
      }
    };
    pausedBy += 1;
    const forget = herd.onStarted((leader) => void stop(leader));
    for (const leader of herd.leaders()) void stop(leader);
    return {
      heal: () => {
        told = true;
        forget();
        pausedBy -= 1;
        herd.leaders().forEach(goOn);
        return Promise.resolve();
      },
    };
  };

  const slowDown = (share: number, tell: Tell): Cure => {
    const over = new AbortController();
    const turns = takeTurns({ herd, world, share, goOn, tell, over: over.signal });
    return {
      heal: async () => {
        over.abort();
        await turns;
      },
    };
  };

  return { pause, slowDown };
}

/** Whether every process of the group was seen to be stopped; false where nobody can tell. */
function standsStill(leader: number): boolean {
  const members = membersOf(leader) ?? [];
  return members.length > 0 && members.every((pid) => readProcStat(pid)?.stopped === true);
}

const turnMs = 10;
/** One late turn is not paid for with one long stop: a caller would take that for a pause. */
const debtMostMs = 100;
const tellAfterMs = 500;

interface Turns {
  readonly herd: Herd;
  readonly world: World;
  readonly share: number;
  readonly goOn: (leader: number) => void;
  readonly tell: Tell;
  readonly over: AbortSignal;
}

/**
 * Lets it run for about ten milliseconds, then stops it for as long as the share asks. Timers are late, so it is the
 * sum of both that is kept to the share. A stop counts only where the process was seen to stand still at its end.
 */
async function takeTurns({ herd, world, share, goOn, tell, over }: Turns): Promise<void> {
  const sinceUs = world.nowUs();
  let stoppedMs = 0;
  let seenMs = 0;
  const usualMs = (turnMs * (1 - share)) / share;
  let told = false;
  try {
    while (!over.aborted) {
      const leaders = herd.leaders();
      for (const leader of leaders) signalGroup(leader, "SIGSTOP");
      const stopUs = world.nowUs();
      // So long that all is even when the turn after this is over.
      const evenMs = ((1 - share) * ((stopUs - sinceUs) / 1000 + turnMs) - stoppedMs) / share;
      await world.sleep(Math.min(Math.max(1, evenMs), usualMs + debtMostMs), over);
      // One of them stands for all: to look at each would cost more than the turn.
      const [first] = leaders;
      const wasStill = first !== undefined && readProcStat(first)?.stopped === true;
      leaders.forEach(goOn);
      const lastedMs = (world.nowUs() - stopUs) / 1000;
      stoppedMs += lastedMs;
      if (wasStill) seenMs += lastedMs;
      const sinceMs = (world.nowUs() - sinceUs) / 1000;
      if (!told && sinceMs >= tellAfterMs) {
        told = true;
        tell({ is: "slowed", ranShare: 1 - seenMs / sinceMs, overMs: sinceMs });
      }
      await world.sleep(turnMs, over);
    }
  } finally {
    herd.leaders().forEach(goOn);
  }
}

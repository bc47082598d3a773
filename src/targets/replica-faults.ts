/** What faults do to the replicas of a server together, as whoever operates them would: one after another, or some. */
import type { Cure, ReplicasHandle, Sign } from "../faults/handles.ts";
import type { World } from "../world.ts";
import { awaitAnswer } from "./await-answer.ts";
import type { Herd } from "./herd.ts";
import { processFaults, type ProcessFaults } from "./process-faults.ts";

export interface ReplicaToBreak {
  readonly herd: Herd;
  readonly url: URL;
  /** Its balancer gives it nothing more; `idle` resolves once what it has is answered. */
  readonly drain: () => { readonly idle: Promise<void>; readonly admit: () => void };
}

const readyWithinMs = 30_000;
/** Healing may not hold up the run for longer: a replica that does not listen yet is passed over by its balancer. */
const healedWithinMs = 5000;

export function replicaFaults(name: string, replicas: readonly ReplicaToBreak[], world: World): ProcessFaults {
  const together = processFaults(herdOf(name, replicas), world);
  return {
    handle: (tell) => ({ ...together.handle(tell), replicas: replicasHandle(replicas, { tell, world }) }),
  };
}

function herdOf(name: string, replicas: readonly ReplicaToBreak[]): Herd {
  const herds = replicas.map(({ herd }) => herd);
  return {
    name,
    leaders: () => herds.flatMap((herd) => herd.leaders()),
    onStarted: (listener) => {
      const forgets = herds.map((herd) => herd.onStarted(listener));
      return () => forgets.forEach((forget) => forget());
    },
    takeDown: (signal) => {
      const downs = herds.map((herd) => herd.takeDown(signal));
      return {
        exits: Promise.all(downs.map(({ exits }) => exits)).then((all) => all.flat()),
        letUp: async () => {
          await Promise.all(downs.map((down) => down.letUp()));
        },
      };
    },
  };
}

interface Means {
  readonly tell: (sign: Sign) => void;
  readonly world: World;
}

function replicasHandle(replicas: readonly ReplicaToBreak[], means: Means): ReplicasHandle {
  return {
    roll: (how) => Promise.resolve(roll(replicas, how, means)),
    takeAway: (count, how) => Promise.resolve(takeAway(replicas.slice(-count), how, means)),
  };
}

type How = Parameters<ReplicasHandle["roll"]>[0];

function roll(replicas: readonly ReplicaToBreak[], how: How, means: Means): Cure {
  const healing = new AbortController();
  const rollAll = async (): Promise<void> => {
    for (const replica of replicas) {
      if (healing.signal.aborted) return;
      const away = await leave(replica, how, { ...means, signal: healing.signal });
      await away.comeBack({ withinMs: readyWithinMs, signal: healing.signal });
    }
    if (!healing.signal.aborted) means.tell({ is: "rolled", replicas: replicas.length });
  };
  const rolling = rollAll();
  // Whoever heals hears it if one cannot be started.
  rolling.catch(() => {});
  return {
    heal: async () => {
      // The one that is away comes back; those behind it stay as they are.
      healing.abort();
      await rolling;
    },
  };
}

function takeAway(replicas: readonly ReplicaToBreak[], how: How, means: Means): Cure {
  const healing = new AbortController();
  const leaveAll = async () => {
    const away = await Promise.all(
      replicas.map((replica) => leave(replica, how, { ...means, signal: healing.signal })),
    );
    if (!healing.signal.aborted) means.tell({ is: "scaled-in", replicas: away.length });
    return away;
  };
  const leaving = leaveAll();
  leaving.catch(() => {});
  return {
    heal: async () => {
      healing.abort();
      const { signal } = new AbortController();
      await Promise.all((await leaving).map(({ comeBack }) => comeBack({ withinMs: healedWithinMs, signal })));
    },
  };
}

interface Away {
  /**
   * Started again; it is given requests once it answers, and in any case once the time is over or the signal aborts.
   * One that another fault keeps down is not waited for: that starts it when it is healed.
   */
  readonly comeBack: (wait: { readonly withinMs: number; readonly signal: AbortSignal }) => Promise<void>;
}

/** It gets nothing new, finishes what it has for so long, and is then asked to end. */
async function leave(
  { herd, url, drain }: ReplicaToBreak,
  { drainMs }: How,
  { world, signal }: Means & { readonly signal: AbortSignal },
): Promise<Away> {
  const drained = drain();
  if (drainMs > 0) {
    const waited = new AbortController();
    await Promise.race([drained.idle, world.sleep(drainMs, AbortSignal.any([waited.signal, signal]))]);
    waited.abort();
  }
  const down = herd.takeDown("SIGTERM");
  await down.exits;
  return {
    comeBack: async ({ withinMs, signal: hurry }) => {
      await down.letUp();
      if (herd.leaders().length > 0) await awaitAnswer({ url, world, timeoutMs: withinMs, signal: hurry });
      drained.admit();
    },
  };
}

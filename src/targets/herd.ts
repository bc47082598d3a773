/** The processes of one target, as faults take hold of them: one at a time, or over stdio one for each session. */
import { signalGroup } from "../processes.ts";
import type { World } from "../world.ts";
import { exitWithin, graceMs, type Running } from "./launch.ts";
import type { Exit } from "./target.ts";

export interface Herd {
  readonly name: string;
  /** Who leads each group that runs. */
  leaders(): readonly number[];
  /** Hears of each that is started from now on; returns how to stop listening. */
  onStarted(listener: (leader: number) => void): () => void;
  /** Ends all that run, and keeps any from starting. */
  takeDown(signal: DeadlySignal): TakenDown;
}

export type DeadlySignal = "SIGKILL" | "SIGTERM";

export interface TakenDown {
  /** How those ended that ran; of one that cannot be ended nothing is said. */
  readonly exits: Promise<readonly Exit[]>;
  /** They may start again; resolves once what we start ourselves is started, and rejects where it cannot be. */
  letUp(): Promise<void>;
}

const diesWithinMs = 1000;

/** Ends a group from outside, as an operator would; undefined where it is there all the same. */
export async function endBy(signal: DeadlySignal, running: Running, world: World): Promise<Exit | undefined> {
  signalGroup(running.pid, signal);
  if (signal === "SIGTERM") {
    // A stopped process hears it only once it goes on.
    signalGroup(running.pid, "SIGCONT");
    const exit = await exitWithin(running, graceMs, world);
    if (exit !== undefined) return exit;
    signalGroup(running.pid, "SIGKILL");
  }
  return exitWithin(running, diesWithinMs, world);
}

export interface Starts {
  readonly on: Herd["onStarted"];
  readonly tell: (leader: number) => void;
}

export function hearStarts(): Starts {
  const listeners = new Set<(leader: number) => void>();
  return {
    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell: (leader) => {
      for (const listener of listeners) listener(leader);
    },
  };
}

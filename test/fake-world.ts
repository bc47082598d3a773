/** A world whose clock moves only when a test says so. */
import { sleepWith, type Timer, type World } from "../src/world.ts";

export interface FakeWorld extends World {
  /** Moves the clock on, firing what falls due in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
}

interface Pending {
  readonly dueUs: number;
  readonly fire: () => void;
}

export function fakeWorld(overrides: Partial<World> = {}): FakeWorld {
  let nowUs = 0;
  const pending = new Set<Pending>();

  const timer = (ms: number, fire: () => void): Timer => {
    const entry = { dueUs: nowUs + ms * 1000, fire };
    pending.add(entry);
    return { cancel: () => void pending.delete(entry) };
  };

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };

  const advance = async (ms: number): Promise<void> => {
    const untilUs = nowUs + ms * 1000;
    await settle();
    for (;;) {
      const [next] = [...pending].filter((entry) => entry.dueUs <= untilUs).sort((a, b) => a.dueUs - b.dueUs);
      if (next === undefined) break;
      pending.delete(next);
      nowUs = Math.max(nowUs, next.dueUs);
      next.fire();
      await settle();
    }
    nowUs = untilUs;
  };

  return {
    nowUs: () => nowUs,
    date: () => new Date("2026-01-01T00:00:00Z"),
    timer,
    sleep: (ms, signal) => sleepWith(timer, ms, signal),
    nonce: () => "0000f00d",
    env: {},
    execPath: process.execPath,
    nodeVersion: process.versions.node,
    pid: process.pid,
    parallelism: 1,
    advance,
    ...overrides,
  };
}

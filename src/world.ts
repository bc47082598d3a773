/**
 * The world outside: clocks, timers, chance, the host. Whatever is not pure takes a World, so that tests pass one with
 * a fake clock. This file is the only door to Date, setTimeout, Math.random and (beside the commands) to process.
 */
import { createHash, randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { Bag } from "./bag.ts";

export interface Timer {
  cancel(): void;
}

export interface World {
  /** Microseconds on the machine's monotonic clock, the same for every process on it. */
  readonly nowUs: () => number;
  /** Time of day: for names and headings, never for arithmetic. */
  date(): Date;
  /** Calls back once, never before `ms` have passed. */
  readonly timer: (ms: number, fire: () => void) => Timer;
  /** Resolves to true after `ms`, or to false as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>;
  /** Eight hex digits, unlike those of any other run; never all zero. */
  nonce(): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  /** The version of Node that runs us, without a `v`. */
  readonly nodeVersion: string;
  readonly pid: number;
  /** How many threads can run at the same time. */
  readonly parallelism: number;
}

const nowUs = (): number => Math.floor(Number(process.hrtime.bigint()) / 1000);

const startTimer = punctualTimers<NodeJS.Timeout>({
  nowUs,
  after: (ms, call) => setTimeout(call, ms),
  forget: (handle) => clearTimeout(handle),
});

export const realWorld: World = {
  nowUs,
  date: () => new Date(),
  timer: startTimer,
  sleep: (ms, signal) => sleepWith(startTimer, ms, signal),
  nonce: () =>
    randomBytes(4)
      .toString("hex")
      .replace(/^0{8}$/, "00000001"),
  env: process.env,
  execPath: process.execPath,
  nodeVersion: process.versions.node,
  pid: process.pid,
  parallelism: availableParallelism(),
};

/** A sleep made of a timer; fake worlds use it too. */
export function sleepWith(timer: World["timer"], ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const sleepers = signal === undefined ? undefined : sleepersOn(signal);
    const running = timer(ms, () => {
      if (place !== undefined) sleepers?.delete(place);
      resolve(true);
    });
    const place = sleepers?.add(() => {
      running.cancel();
      resolve(false);
    });
  });
}

// A signal walks all its listeners on every add: ten thousand agents that think would be slow to fall asleep.
const asleep = new WeakMap<AbortSignal, Bag<() => void>>();

/** Those to be woken when this signal aborts, behind its one listener. */
function sleepersOn(signal: AbortSignal): Bag<() => void> {
  const known = asleep.get(signal);
  if (known !== undefined) return known;
  const sleepers = new Bag<() => void>();
  asleep.set(signal, sleepers);
  const wakeAll = (): void => {
    for (const wake of sleepers.empty()) wake();
  };
  signal.addEventListener("abort", wakeAll, { once: true });
  return sleepers;
}

// Node's timers take at most 2^31-1 ms.
const timerMaxMs = 2 ** 31 - 1;

interface HastyClock<Handle> {
  readonly nowUs: () => number;
  /** Calls back after about so many whole milliseconds. */
  readonly after: (ms: number, call: () => void) => Handle;
  readonly forget: (handle: Handle) => void;
}

/** Timers out of such as may fire early, as Node's do by up to a millisecond: they are armed again until it is time. */
export function punctualTimers<Handle>(clock: HastyClock<Handle>): World["timer"] {
  return (ms, fire) => new PunctualTimer(clock, ms, fire);
}

class PunctualTimer<Handle> implements Timer {
  readonly #clock: HastyClock<Handle>;
  readonly #dueUs: number;
  readonly #check: () => void;
  #armed: Handle;

  constructor(clock: HastyClock<Handle>, ms: number, fire: () => void) {
    this.#clock = clock;
    this.#dueUs = clock.nowUs() + ms * 1000;
    this.#check = () => {
      const leftUs = this.#dueUs - clock.nowUs();
      if (leftUs > 0) this.#armed = clock.after(clockMs(leftUs / 1000), this.#check);
      else fire();
    };
    this.#armed = clock.after(clockMs(ms), this.#check);
  }

  cancel(): void {
    this.#clock.forget(this.#armed);
  }
}

function clockMs(ms: number): number {
  return Math.min(timerMaxMs, Math.max(0, Math.ceil(ms)));
}

/** Chance that repeats: the same keys give the same draws. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer, both ends included. */
  integer(min: number, max: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
}

export function seededRandom(...keys: readonly (string | number)[]): Random {
  return new SeededRandom(keys);
}

class SeededRandom implements Random {
  readonly #keys: readonly (string | number)[];
  #generator: ReturnType<typeof xoroshiro128plus> | undefined;

  constructor(keys: readonly (string | number)[]) {
    this.#keys = keys;
  }

  next(): number {
    const generator = (this.#generator ??= this.#seeded());
    const high = generator.next() >>> 5;
    const low = generator.next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.integer(0, from.length - 1)] ?? from[0];
  }

  /** Only for the first draw: most walks draw nothing, and a digest costs more than the rest of their beginning. */
  #seeded(): ReturnType<typeof xoroshiro128plus> {
    const digest = createHash("sha256").update(JSON.stringify(this.#keys)).digest();
    return xoroshiro128plus(digest.readInt32LE(0));
  }
}

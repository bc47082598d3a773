/**
 * What becomes of a target once it is ready: its end is recorded, and where the scenario has a policy for that, it is
 * started again at the same place, as a supervisor in production would do it; so it is when a fault has ended it and
 * keeps it down no longer. Nothing is started after stop().
 */
import type { Recorder, TargetEvent } from "../history/events.ts";
import { signalGroup } from "../processes.ts";
import type { World } from "../world.ts";
import { endBy, hearStarts, type DeadlySignal, type Herd, type TakenDown } from "./herd.ts";
import { endedWithoutLease, type Running } from "./launch.ts";
import { exitOf, howOf } from "./life.ts";
import { shownAddress, type Exit, type ProcessTarget, type TargetRole } from "./target.ts";

export interface Supervised {
  readonly name: string;
  readonly role: TargetRole;
  /** Which of several processes of the target this is. */
  readonly instance?: string;
  readonly lease: string;
  readonly recorder: Recorder;
  readonly world: World;
  readonly first: Running;
  readonly url: URL;
  /** How often it is started again when it ends by itself. */
  readonly restartsMost: number;
  readonly launch: () => Promise<Running | { readonly failed: string }>;
  /** Where it answers; undefined where it does not, or not in time. */
  readonly awaitReady: (running: Running, signal: AbortSignal) => Promise<URL | undefined>;
}

export function supervise(options: Supervised): ProcessTarget {
  const supervision = new Supervision(options);
  const { name, role, url } = options;
  return {
    name,
    role,
    url,
    herd: supervision.herd,
    get pid() {
      return supervision.running.pid;
    },
    exited: supervision.exited,
    stop: () => supervision.stop(),
    stderrTail: () => supervision.running.output.stderrTail(),
  };
}

class Supervision {
  readonly exited: Promise<Exit>;
  readonly herd: Herd;
  running: Running;
  readonly #options: Supervised;
  readonly #about: Pick<TargetEvent, "type" | "target" | "role" | "instance">;
  readonly #stopping = new AbortController();
  readonly #gate = openGate(this.#stopping.signal);
  readonly #starts = hearStarts();
  readonly #awaitingStart = new Set<(started: boolean) => void>();
  #isUp = true;
  #isOver = false;
  /** What a fault has ended. */
  #killed: Running | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: Supervised) {
    const { name, role, instance, first, url } = options;
    this.#options = options;
    this.#about = { type: "target", target: name, role, ...(instance === undefined ? {} : { instance }) };
    this.running = first;
    this.#recordReady({ is: "ready", at: url });
    this.exited = this.#watch().finally(() => {
      this.#isOver = true;
      this.#tellStart(false);
    });
    this.herd = {
      name: instance ?? name,
      leaders: () => (this.#isUp ? [this.running.pid] : []),
      onStarted: this.#starts.on,
      takeDown: (signal) => this.#takeDown(signal),
    };
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const wasUp = this.#isUp;
    this.#stopping.abort();
    await this.running.end();
    // A start that had just begun when it was stopped has been ended when the watch is over.
    const exit = await this.exited;
    if (wasUp) this.#options.recorder.record({ ...this.#about, edge: "stopped", ...howOf(exit) });
  }

  async #watch(): Promise<Exit> {
    for (let left = this.#options.restartsMost; ;) {
      const { by, exit } = await this.#endOf(this.running);
      if (by === "us" || (by === "itself" && left === 0)) return exit;
      if (by === "itself") left -= 1;
      await this.#gate.opened();
      const started = await this.#startAgain();
      this.#tellStart(started);
      if (!started) return exit;
    }
  }

  async #endOf(watched: Running): Promise<{ readonly by: "itself" | "fault" | "us"; readonly exit: Exit }> {
    const { lease, recorder } = this.#options;
    const exit = await watched.exited;
    this.#isUp = false;
    const isOurs = this.#stopping.signal.aborted || endedWithoutLease(exit, lease);
    const by = isOurs ? "us" : this.#killed === watched ? "fault" : "itself";
    await watched.silent;
    if (by === "itself") recorder.record(exitOf(this.#about, { exit, output: watched.output }));
    if (by === "fault") recorder.record({ ...this.#about, edge: "killed", ...howOf(exit) });
    return { by, exit };
  }

  async #startAgain(): Promise<boolean> {
    // What it left in its group may hold its port.
    const isGone = await this.running.end().then(
      () => true,
      () => false,
    );
    if (!isGone || this.#stopping.signal.aborted) return false;
    const next = await this.#options.launch();
    if ("failed" in next) return false;
    if (this.#stopping.signal.aborted) {
      await next.end();
      return false;
    }
    this.running = next;
    this.#isUp = true;
    if (this.#gate.isShut()) {
      // It was on its way when a fault came to keep it down.
      this.#killed = next;
      signalGroup(next.pid, "SIGKILL");
      return true;
    }
    this.#starts.tell(next.pid);
    void whenReady(this.#options, next, this.#stopping.signal).then((came) => this.#recordReady(came));
    return true;
  }

  #recordReady(came: Came): void {
    if (came.is === "over") return;
    const { pid } = this.running;
    const ready =
      came.is === "ready"
        ? ({ edge: "ready", address: shownAddress(came.at) } as const)
        : ({ edge: "unready" } as const);
    this.#options.recorder.record({ ...this.#about, ...ready, pid });
  }

  #tellStart(started: boolean): void {
    for (const tell of this.#awaitingStart) tell(started);
    this.#awaitingStart.clear();
  }

  #takeDown(signal: DeadlySignal): TakenDown {
    this.#gate.shut();
    const letUp = (): Promise<void> => this.#letUp();
    if (!this.#isUp) return { exits: Promise.resolve([]), letUp };
    this.#killed = this.running;
    const ended = endBy(signal, this.running, this.#options.world);
    return { exits: ended.then((exit) => (exit === undefined ? [] : [exit])), letUp };
  }

  async #letUp(): Promise<void> {
    this.#gate.open();
    if (this.#gate.isShut() || this.#isUp || this.#isOver) return;
    const started = await new Promise<boolean>((resolve) => this.#awaitingStart.add(resolve));
    if (started || this.#stopping.signal.aborted) return;
    throw new Error(`${this.#options.role} ${this.#options.name} could not be started again`);
  }
}

interface Gate {
  readonly isShut: () => boolean;
  shut(): void;
  /** As often as it was shut. */
  open(): void;
  /** Resolves when nobody keeps it shut, or when all is over. */
  opened(): Promise<void>;
}

function openGate(over: AbortSignal): Gate {
  let shutBy = 0;
  const waiting = new Set<() => void>();
  const passAll = (): void => {
    for (const pass of waiting) pass();
    waiting.clear();
  };
  over.addEventListener("abort", passAll, { once: true });
  return {
    isShut: () => shutBy > 0,
    shut: () => void (shutBy += 1),
    open: () => {
      shutBy -= 1;
      if (shutBy === 0) passAll();
    },
    opened: () =>
      shutBy === 0 || over.aborted ? Promise.resolve() : new Promise<void>((resolve) => waiting.add(resolve)),
  };
}

type Came =
  | { readonly is: "ready"; readonly at: URL }
  /** It runs, and did not answer in time. */
  | { readonly is: "late" }
  /** It ended or was stopped before. */
  | { readonly is: "over" };

async function whenReady({ awaitReady }: Supervised, started: Running, stopping: AbortSignal): Promise<Came> {
  const over = new AbortController();
  void started.exited.then(() => over.abort());
  const signal = AbortSignal.any([over.signal, stopping]);
  const at = await awaitReady(started, signal);
  if (signal.aborted) return { is: "over" };
  return at === undefined ? { is: "late" } : { is: "ready", at };
}

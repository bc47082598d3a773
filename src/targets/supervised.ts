/**
 * What becomes of a target once it is ready: its end is recorded, and where the scenario has a policy for that, it is
 * started again at the same place, as a supervisor in production would do it. Nothing is started after stop().
 */
import type { Recorder } from "../history/events.ts";
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
  readonly first: Running;
  readonly url: URL;
  /** How often it is started again. */
  readonly restartsMost: number;
  readonly launch: () => Promise<Running | { readonly failed: string }>;
  /** Where it answers; undefined where it does not, or not in time. */
  readonly awaitReady: (running: Running, signal: AbortSignal) => Promise<URL | undefined>;
}

export function supervise(options: Supervised): ProcessTarget {
  const { name, role, instance, lease, recorder, url } = options;
  const about = {
    type: "target",
    target: name,
    role,
    ...(instance === undefined ? {} : { instance }),
  } as const;
  const stopping = new AbortController();
  let running = options.first;
  let isUp = true;

  const recordReady = (at: URL | undefined): void => {
    if (at === undefined) return;
    recorder.record({ ...about, edge: "ready", address: shownAddress(at), pid: running.pid });
  };

  /** Answers whether it ended by itself, and how. */
  const endOf = async (watched: Running): Promise<{ readonly byItself: boolean; readonly exit: Exit }> => {
    const exit = await watched.exited;
    isUp = false;
    const byItself = !stopping.signal.aborted && !endedWithoutLease(exit, lease);
    await watched.silent;
    if (byItself) recorder.record(exitOf(about, { exit, output: watched.output }));
    return { byItself, exit };
  };

  const startAgain = async (): Promise<boolean> => {
    // What it left in its group may hold its port.
    const isGone = await running.end().then(
      () => true,
      () => false,
    );
    if (!isGone || stopping.signal.aborted) return false;
    const next = await options.launch();
    if ("failed" in next) return false;
    if (stopping.signal.aborted) {
      await next.end();
      return false;
    }
    running = next;
    isUp = true;
    void whenReady(options, next, stopping.signal).then(recordReady);
    return true;
  };

  const watch = async (): Promise<Exit> => {
    for (let left = options.restartsMost; ; left -= 1) {
      const { byItself, exit } = await endOf(running);
      if (!byItself || left === 0 || !(await startAgain())) return exit;
    }
  };

  recordReady(url);
  const exited = watch();
  const stop = async (): Promise<void> => {
    const wasUp = isUp;
    stopping.abort();
    await running.end();
    // A start that had just begun when it was stopped has been ended when the watch is over.
    const exit = await exited;
    if (wasUp) recorder.record({ ...about, edge: "stopped", ...howOf(exit) });
  };
  let stopped: Promise<void> | undefined;
  return {
    name,
    role,
    url,
    get pid() {
      return running.pid;
    },
    exited,
    stop: () => (stopped ??= stop()),
    stderrTail: () => running.output.stderrTail(),
  };
}

/** Where it answers again; undefined where it ends or is stopped before. */
async function whenReady({ awaitReady }: Supervised, started: Running, stopping: AbortSignal) {
  const over = new AbortController();
  void started.exited.then(() => over.abort());
  const signal = AbortSignal.any([over.signal, stopping]);
  const at = await awaitReady(started, signal);
  return signal.aborted ? undefined : at;
}

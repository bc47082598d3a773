/**
 * A server that speaks over stdin and stdout. Its client starts it, so it has one process for each session, each in a
 * group of its own under the run's lease, and one log for all of them.
 */
import { exitCodes, UserError } from "../errors.ts";
import type { Masks } from "../masks.ts";
import type { Recorder } from "../history/events.ts";
import type { World } from "../world.ts";
import { endBy, hearStarts, type DeadlySignal, type Herd } from "./herd.ts";
import { exitWithin, lastWordsMs, launch, type Running } from "./launch.ts";
import { endedEarly, recordLife, startFailure, startMistakes, type Life } from "./life.ts";
import { openLog, prefixedLog, type Log } from "./output.ts";
import type { Exit } from "./target.ts";
import type { Readable, Writable } from "node:stream";

export interface StdioServerOptions {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly lease: string;
  readonly logFile?: string;
  /** What it writes is kept without these. */
  readonly masks?: Pick<Masks, "stream">;
  readonly world: World;
  readonly recorder: Recorder;
  /** Ends those that are not ready yet. */
  readonly signal: AbortSignal;
}

export interface StdioServer {
  readonly name: string;
  /** Starts one more process of it, with these variables beside those of all, or throws a UserError that says why it cannot. */
  start(instance: string, env?: Readonly<Record<string, string>>): Promise<StdioProcess>;
  /** Ends every process that is left; none can be started any more. */
  close(): Promise<void>;
  /** For faults: while they keep it down, no session gets a process. */
  readonly herd: Herd;
}

export interface StdioProcess {
  readonly pid: number;
  readonly stdin: Writable;
  /** Paused until its reader resumes it. */
  readonly stdout: Readable;
  /** Resolves when it has exited and its last words are read. */
  readonly silent: Promise<Exit>;
  /** To be called when it has answered `initialize`. */
  ready(): void;
  /** Why it never got ready: its own end, if it ended by itself, else what its client says. */
  notReady(says: string): { readonly what: string; readonly error: UserError };
  /** As the specification wants it: stdin is closed; what is still there then gets SIGTERM, at last SIGKILL. */
  end(): Promise<void>;
}

const leaveMs = 2000;

export function openStdioServer(options: StdioServerOptions): StdioServer {
  const { name, logFile, signal } = options;
  const log = logFile === undefined ? undefined : openLog(logFile);
  const live = new Set<Started>();
  const starts = hearStarts();
  let closed = false;
  let keptDownBy = 0;
  const giveUp = (): void => {
    for (const one of live) one.giveUp();
  };
  signal.addEventListener("abort", giveUp, { once: true });

  const start: StdioServer["start"] = async (instance, own = {}) => {
    signal.throwIfAborted();
    if (closed) throw new UserError(`server "${name}" is closed`);
    if (keptDownBy > 0) throw new UserError(`server "${name}" does not start: a fault keeps it down`);
    const running = await launch({
      ...options,
      env: { ...options.env, ...own },
      speaksStdio: true,
      ...logOf(log, instance),
    });
    if ("failed" in running) throw failure(options, running.failed);
    const started: Started = processOf(options, { running, instance, onEnd: () => live.delete(started) });
    live.add(started);
    // It was on its way when the others were ended.
    if (keptDownBy > 0) void started.kill("SIGKILL");
    else starts.tell(started.pid);
    return started;
  };
  const herd: Herd = {
    name,
    leaders: () => [...live].filter((one) => one.isUp()).map(({ pid }) => pid),
    onStarted: starts.on,
    takeDown: (signal) => {
      keptDownBy += 1;
      const ended = [...live].filter((one) => one.isUp()).map((one) => one.kill(signal));
      return {
        exits: Promise.all(ended).then((exits) => exits.filter((exit) => exit !== undefined)),
        letUp: () => {
          keptDownBy -= 1;
          return Promise.resolve();
        },
      };
    },
  };
  const close = async (): Promise<void> => {
    closed = true;
    signal.removeEventListener("abort", giveUp);
    await Promise.all([...live].map((one) => one.end()));
    log?.close();
  };
  let closing: Promise<void> | undefined;
  return { name, start, close: () => (closing ??= close()), herd };
}

function logOf(log: Log | undefined, instance: string): { readonly log?: Log } {
  return log === undefined ? {} : { log: prefixedLog(log, `${instance} | `) };
}

type Started = StdioProcess & {
  /** Ends it, unless it is ready. */
  readonly giveUp: () => void;
  readonly isUp: () => boolean;
  /** A fault ends it. */
  readonly kill: (signal: DeadlySignal) => Promise<Exit | undefined>;
};

function processOf(
  options: StdioServerOptions,
  { running, instance, onEnd }: { running: Running; instance: string; onEnd: () => void },
): Started {
  const { name, lease, world, recorder } = options;
  const { pid, stdin, stdout, silent } = running;
  if (stdin === null) throw new Error("a stdio server has a stdin");
  let life: Life | undefined;
  let exit: Exit | undefined;
  let isUp = true;
  let asked = false;
  let isKilled = false;
  const keepExit = (how: Exit): void => {
    isUp = false;
    // What ends after we asked it to says nothing about its start.
    if (!asked) exit = how;
  };
  void running.exited.then(keepExit);

  const leave = async (): Promise<void> => {
    stdin.end();
    await exitWithin(running, leaveMs, world);
    await running.end();
  };
  const end = async (): Promise<void> => {
    // A process that dies closes its stdout a moment before its end is told: it has not been stopped by us.
    if (stdout.readableEnded) await exitWithin(running, lastWordsMs, world);
    asked = true;
    await (life === undefined ? leave() : life.stop(leave));
    onEnd();
  };
  let ending: Promise<void> | undefined;
  const endOnce = (): Promise<void> => (ending ??= end());

  return {
    pid,
    stdin,
    stdout,
    silent,
    ready: () => {
      // An answer may still come from one that has been told to end: its end is ours then, and it was never in use.
      if (asked) return;
      life ??= recordLife({ target: name, role: "server", instance }, { running, recorder });
      // Nor did it end by itself if a fault came while its answer was on the way.
      if (isKilled) life.killed();
    },
    notReady: (says) => {
      const waitedFor = "its answer to initialize";
      const what = exit === undefined ? says : endedEarly(exit, { lease, waitedFor });
      return { what, error: failure(options, what, { running, exit }) };
    },
    end: endOnce,
    giveUp: () => {
      // Whoever ends it in earnest hears it if it cannot be ended.
      if (life === undefined) endOnce().catch(() => {});
    },
    isUp: () => isUp,
    kill: (signal) => {
      isKilled = true;
      life?.killed();
      return endBy(signal, running, world);
    },
  };
}

function failure(
  { name, command }: StdioServerOptions,
  what: string,
  { running, exit }: { readonly running?: Running; readonly exit?: Exit | undefined } = {},
): UserError {
  const about = { name, role: "server", command, output: running?.output } as const;
  const mistakes = startMistakes({ ...about, speaksStdio: true, exit });
  return new UserError(startFailure({ ...about, what }), { exitCode: exitCodes.unreachable, mistakes });
}

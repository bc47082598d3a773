/** One started process: its group under the run's lease, its output, its end. What it is for is not known here. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Masks } from "../masks.ts";
import { endGroup, groupFile, groupLives, leaseGoneCode, leaseVariable, underLease } from "../processes.ts";
import type { World } from "../world.ts";
import { keepOutput, type Log, type Output } from "./output.ts";
import type { Exit } from "./target.ts";
import type { Readable, Writable } from "node:stream";

export interface Launch {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly lease: string;
  readonly log?: Log;
  /** What it writes is kept without these. */
  readonly masks?: Pick<Masks, "stream">;
  readonly world: World;
  /** Its stdin stays open, and its stdout is paused until somebody reads the messages on it. */
  readonly speaksStdio?: true;
}

export interface Running {
  readonly pid: number;
  /** Null unless it speaks stdio. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly output: Output;
  readonly exited: Promise<Exit>;
  /** Resolves when it has exited and its last words are in the output. */
  readonly silent: Promise<Exit>;
  /** Ends the whole group, and resolves when it is gone. */
  end(): Promise<void>;
}

export const graceMs = 2000;
// Its children may hold its pipes open for ever; its own last words come at once.
export const lastWordsMs = 250;

/** Answers the system's words where nothing could be started at all. */
export async function launch(what: Launch): Promise<Running | { readonly failed: string }> {
  const { lease, world, speaksStdio = false } = what;
  if (what.cwd !== undefined && !existsSync(what.cwd)) return { failed: `no such directory: ${what.cwd}` };
  const [shell, args] = underLease(lease, what.command);
  const child = spawn(shell, args, {
    detached: true,
    stdio: [speaksStdio ? "pipe" : "ignore", "pipe", "pipe"],
    env: { ...world.env, ...what.env, [leaseVariable]: lease },
    ...(what.cwd === undefined ? {} : { cwd: what.cwd }),
  });
  const exited = new Promise<Exit>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) {
    return new Promise((resolve) => child.once("error", (error) => resolve({ failed: error.message })));
  }
  child.on("error", () => {});
  // Its end is told by `exit`; what is written to it after that is lost anyhow.
  stdin?.on("error", () => {});
  if (speaksStdio) stdout.pause();
  const logged = speaksStdio ? (["stderr"] as const) : (["stdout", "stderr"] as const);
  const output = keepOutput({ stdout, stderr, log: what.log, logged, masks: what.masks });
  const silent = exited.then(async (exit) => {
    const waited = new AbortController();
    await Promise.race([closed, world.sleep(lastWordsMs, waited.signal)]);
    waited.abort();
    return exit;
  });
  const forget = (): Promise<void> => rm(groupFile(lease, pid), { force: true });
  // Once the group is gone its number may be given to others, and the lease must not name them.
  void exited.then(() => (groupLives(pid) ? undefined : forget())).catch(() => {});

  const end = async (): Promise<void> => {
    if (!(await endGroup(pid, { graceMs, clock: world }))) {
      throw new Error(`the process group ${pid} (${what.command.join(" ")}) did not end after SIGKILL`);
    }
    await silent;
    output.close();
    await forget();
  };
  let ending: Promise<void> | undefined;
  return { pid, stdin, stdout, output, exited, silent, end: () => (ending ??= end()) };
}

/** How it ended; undefined where it has not by then. */
export async function exitWithin({ exited }: Running, ms: number, world: World): Promise<Exit | undefined> {
  const waited = new AbortController();
  const late = world.sleep(ms, waited.signal).then(() => undefined);
  const exit = await Promise.race([exited, late]);
  waited.abort();
  return exit;
}

/** Whether it ended because the run's lease is gone: then nothing may be started any more. */
export function endedWithoutLease(exit: Exit, lease: string): boolean {
  return exit.code === leaseGoneCode && !existsSync(lease);
}

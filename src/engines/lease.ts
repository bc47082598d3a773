/**
 * A run's lease: the directory that names all that the run must not leave behind, and the reaper that ends it when the
 * run is over. Whatever ends the run, the pipe to the reaper ends with it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import type { World } from "../world.ts";
import { leaseBase, openBase, ownerName } from "./lease-files.ts";
import { pidNamespace, startOf } from "./process-start.ts";
import { reap } from "./reaper.ts";

export interface Lease extends AsyncDisposable {
  readonly directory: string;
  /** Resolves when the reaper has ended though the lease is open: nothing would clean up after this run any more. */
  readonly broken: Promise<Error>;
  /** Ends the reaper, which ends what is still in the lease and removes it. */
  close(): Promise<void>;
}

export interface LeaseOptions {
  readonly world: World;
  readonly run: { readonly id: string; readonly nonce: string };
  readonly base?: string;
}

/** Who holds a lease, as `owner.json` says it. */
export interface Owner {
  readonly run: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly reaper: { readonly pid: number; readonly startedAt: string };
  readonly pidNamespace: string;
}

export async function openLease({ world, run, base = leaseBase() }: LeaseOptions): Promise<Lease> {
  const { refused } = await openBase(base);
  if (refused !== undefined) throw new UserError(refused);
  const directory = resolve(base, run.nonce);
  await mkdir(directory, { mode: 0o700 });
  const reaper = startReaper(directory, world);
  try {
    const pid = await reaper.watching;
    const owner = { run: run.id, pid: world.pid, startedAt: await identityOf(world.pid, world) };
    const watcher = { pid, startedAt: await identityOf(pid, world) };
    await writeOwner(directory, { ...owner, reaper: watcher, pidNamespace: await pidNamespace() });
  } catch (error) {
    await closeLease({ directory, reaper, world });
    throw error;
  }

  let closing: Promise<void> | undefined;
  const broken = reaper.ended.then((how) => {
    // A lease that was closed in time is not broken, and nobody shall hear that it is.
    if (closing !== undefined) return new Promise<never>(() => {});
    return new Error(`the reaper ended before the run (${how}): nothing would clean up after it`);
  });
  const close = (): Promise<void> => (closing ??= closeLease({ directory, reaper, world }));
  return { directory, broken, close, [Symbol.asyncDispose]: close };
}

interface Reaper {
  readonly child: ChildProcess;
  /** Its pid, once it holds its end of the pipe. */
  readonly watching: Promise<number>;
  /** How it ended; never rejects. */
  readonly ended: Promise<string>;
}

const startMaxMs = 10_000;
const closeMaxMs = 10_000;

async function closeLease({ directory, reaper, world }: { directory: string; reaper: Reaper; world: World }) {
  // The lease does not keep a finished runner alive, but this does.
  reaper.child.ref();
  reaper.child.stdin?.end();
  const limit = world.timer(closeMaxMs, () => void reaper.child.kill("SIGKILL"));
  await reaper.ended;
  limit.cancel();
  // Usually there is nothing left to do; a reaper that was killed has left it all.
  const { left } = await reap(directory, { clock: world });
  if (left.length > 0) throw new Error(`could not end ${left.join(", ")}; the lease is kept: ${directory}`);
}

function startReaper(directory: string, world: World): Reaper {
  const worker = fileURLToPath(new URL(`./reaper-worker${extname(import.meta.filename)}`, import.meta.url));
  const child = spawn(world.execPath, [worker, directory], {
    // Its own session: what a terminal or a shell sends to the runner's group does not reach it.
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
    // Nothing that makes Node slow to start or load other things, such as NODE_OPTIONS.
    env: { PATH: world.env["PATH"] },
  });
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once("error", (error) => resolve(error.message));
  });
  // Its end is told by `exit`; a pipe that breaks a moment earlier is no news.
  child.stdin.on("error", () => {});
  const limit = world.timer(startMaxMs, () => void child.kill("SIGKILL"));
  void ended.then(() => limit.cancel());
  const watching = new Promise<number>((resolve, reject) => {
    child.stdout.once("data", () => {
      limit.cancel();
      if (child.pid !== undefined) resolve(child.pid);
      // A reaper that watches lets the runner end: that is what it watches for.
      child.stdout.destroy();
      child.unref();
      if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
    });
    void ended.then((how) => reject(new Error(`the reaper did not start: ${how}`)));
  });
  return { child, watching, ended };
}

async function identityOf(pid: number, world: World): Promise<string> {
  const start = await startOf(pid, world);
  return typeof start === "string" ? start : start.identity;
}

async function writeOwner(directory: string, owner: Owner): Promise<void> {
  // Renamed into place, so that a sweep never reads half of it.
  const fresh = join(directory, `${ownerName}.new`);
  await writeFile(fresh, `${JSON.stringify(owner)}\n`);
  await rename(fresh, join(dirname(fresh), ownerName));
}

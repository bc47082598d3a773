/**
 * The sweep before each run, and `squall clean`: ends what runs of the past have left behind. Only what is ours and
 * lapsed: a lease whose owner or reaper still lives is theirs, and a process that only has the number of ours is not.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { messageOf } from "../errors.ts";
import { carriesMark, membersOf, pidIsTaken } from "../processes.ts";
import type { World } from "../world.ts";
import type { Owner } from "./lease.ts";
import { isMissing, leaseBase, openBase, ownerName } from "./lease-files.ts";
import { pidNamespace, startOf } from "./process-start.ts";
import { reap, type ProcessEntry } from "./reaper.ts";

export interface Swept {
  readonly leases: readonly SweptLease[];
}

/** One lapsed lease that was removed, or could not be. */
export interface SweptLease {
  /** The run's id, or the lease's name where it does not tell. */
  readonly run: string;
  readonly killed: readonly number[];
  /** Those that were removed, by name. */
  readonly containers?: readonly string[];
  /** What was not done, and why. */
  readonly because?: string;
}

export async function sweepLapsed({ world, base = leaseBase() }: { world: World; base?: string }): Promise<Swept> {
  const { refused } = await openBase(base);
  if (refused !== undefined) return { leases: [{ run: base, killed: [], because: refused }] };
  const entries = await readdir(base, { withFileTypes: true });
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const swept = await Promise.all(directories.sort().map((name) => sweep(name, resolve(base, name), world)));
  return { leases: swept.filter((lease) => lease !== undefined) };
}

/** The runs that are gone and have left something behind; nothing is touched. */
export async function lapsedRuns({ world, base = leaseBase() }: { world: World; base?: string }): Promise<string[]> {
  const names = await readdir(base).catch((error: unknown): string[] => {
    if (isMissing(error)) return [];
    throw error;
  });
  const runs = await Promise.all(
    names.sort().map(async (name) => {
      const directory = resolve(base, name);
      const owner = await readOwner(directory);
      const lapsed = await hasLapsed(owner, directory, world).catch(() => false);
      return lapsed ? [owner?.run ?? name] : [];
    }),
  );
  return runs.flat();
}

async function sweep(name: string, directory: string, world: World): Promise<SweptLease | undefined> {
  let run = name;
  try {
    const owner = await readOwner(directory);
    run = owner?.run ?? name;
    if (!(await hasLapsed(owner, directory, world))) return undefined;
    const isOurs = (entry: ProcessEntry): Promise<boolean> => startedUnder(directory, entry, world);
    const { killed, containers, spared, left } = await reap(directory, { clock: world, isOurs });
    const notes = [
      ...spared.map((pid) => `left ${pid} alone: it is not what this run started`),
      ...left.map((what) => `kept for ${what}: could not end or does not know it`),
    ];
    const removed = containers.length > 0 ? { containers } : {};
    return { run, killed, ...removed, ...(notes.length > 0 ? { because: notes.join("; ") } : {}) };
  } catch (error) {
    // Another sweep, or the reaper itself, was faster.
    return isMissing(error) ? undefined : { run, killed: [], because: messageOf(error) };
  }
}

// A runner may well be the first process, in a container.
const processSchema = z.object({ pid: z.int().min(1), startedAt: z.string() });
const ownerSchema = z.object({
  ...processSchema.shape,
  run: z.string(),
  reaper: processSchema,
  pidNamespace: z.string(),
}) satisfies z.ZodType<Owner>;

/** Undefined where there is none that can be read. */
async function readOwner(directory: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(join(directory, ownerName), "utf8")));
  } catch {
    return undefined;
  }
}

// A lease has its owner's name within a second of its making; one that has none for a minute was never finished.
const halfWrittenMaxMs = 60_000;

async function hasLapsed(owner: Owner | undefined, directory: string, world: World): Promise<boolean> {
  if (owner === undefined) {
    // The file system knows only the time of day.
    return world.date().getTime() - (await stat(directory)).mtimeMs > halfWrittenMaxMs;
  }
  // In another container the same pids are other processes, so nothing can be told of them from here.
  if (owner.pidNamespace !== (await pidNamespace())) return false;
  return !(await lives(owner, world)) && !(await lives(owner.reaper, world));
}

async function lives({ pid, startedAt }: { pid: number; startedAt: string }, world: World): Promise<boolean> {
  const start = await startOf(pid, world);
  if (start === "gone") return false;
  // Who cannot tell leaves it alone.
  if (start === "unknown" || startedAt === "unknown") return pidIsTaken(pid);
  return start.identity === startedAt;
}

const startToleranceMs = 2000;

/** Whether the group is the one that the lease names: its leader started when its file was written. */
async function startedUnder(directory: string, entry: ProcessEntry, world: World): Promise<boolean> {
  if (entry.leader === world.pid) return false;
  const start = await startOf(entry.leader, world);
  if (start === "unknown") return false;
  if (start === "gone") {
    // A leader can be gone while its children run on; they still carry the lease's mark in their environment.
    return (membersOf(entry.leader) ?? []).some((pid) => carriesMark(pid, directory));
  }
  return Math.abs(start.atMs - (await stat(entry.path)).mtimeMs) <= startToleranceMs;
}

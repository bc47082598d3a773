/**
 * Reaping a lease: every process group in it is ended, and all who have left theirs, every container removed, then its
 * directory, so that nothing more can start under it. The reaper does this when its runner is gone, and the sweep does it
 * for leases of the past.
 */
import { rm, rmdir } from "node:fs/promises";
import { endGroup, endMarked, groupLives, type Clock } from "../processes.ts";
import { readLease, type LeaseEntry } from "./lease-files.ts";

export type ProcessEntry = Extract<LeaseEntry, { readonly kind: "process" }>;

type ContainerEntry = Extract<LeaseEntry, { readonly kind: "container" }>;

export interface Reaped {
  readonly killed: readonly number[];
  /** Containers that were removed, by name. */
  readonly containers: readonly string[];
  /** Process groups that had lived in the lease, but whose number now belongs to others. */
  readonly spared: readonly number[];
  /** What could not be ended or is unknown: for its sake the lease is still there. */
  readonly left: readonly string[];
}

const graceMs = 1500;
const roundsMax = 20;
const noStrays = { ended: [], left: [] };

export async function reap(
  directory: string,
  { clock, isOurs }: { clock: Clock; isOurs?: (entry: ProcessEntry) => Promise<boolean> },
): Promise<Reaped> {
  const graceUntilUs = clock.nowUs() + graceMs * 1000;
  const leftMs = (): number => Math.max(0, (graceUntilUs - clock.nowUs()) / 1000);
  const killed = new Set<number>();
  const spared = new Set<number>();
  const containers = new Set<string>();

  const ended = async (entry: ProcessEntry): Promise<boolean> => {
    if (groupLives(entry.leader)) {
      if ((await isOurs?.(entry)) === false) {
        spared.add(entry.leader);
      } else {
        killed.add(entry.leader);
        if (!(await endGroup(entry.leader, { graceMs: leftMs(), clock }))) return false;
      }
    }
    await rm(entry.path, { force: true });
    return true;
  };

  const leftContainer = async (entry: ContainerEntry): Promise<string | undefined> => {
    // Loaded late, as what removes proxies.
    const { removeLeased } = await import("./container-removal.ts");
    const removal = await removeLeased(entry, clock);
    if (removal === "removed") containers.add(entry.name);
    return removal === "left" ? `the container ${entry.name}` : undefined;
  };

  const leftOf = async (entry: LeaseEntry): Promise<string | undefined> => {
    switch (entry.kind) {
      case "owner":
        return undefined;
      case "process":
        return (await ended(entry)) ? undefined : `the process group ${entry.leader}`;
      case "proxies":
        return leftProxies(entry.path);
      case "container":
        return leftContainer(entry);
      case "files":
        await rm(entry.path, { recursive: true, force: true });
        return undefined;
      case "unknown":
        return entry.name;
      default:
        return entry satisfies never;
    }
  };

  const results = (left: readonly string[]): Reaped => ({
    killed: [...killed],
    containers: [...containers],
    spared: [...spared],
    left,
  });
  // A process that was just starting either has its file here, and is seen in the next round, or finds no directory.
  for (let round = 0; round < roundsMax; round += 1) {
    const entries = (await readLease(directory)) ?? [];
    const left = await Promise.all(entries.map(leftOf));
    const strays = entries.length === 0 ? noStrays : await endMarked(directory, { graceMs: leftMs(), clock });
    for (const pid of strays.ended) killed.add(pid);
    const names = [...left.filter((name) => name !== undefined), ...strays.left.map((pid) => `the process ${pid}`)];
    if (names.length > 0 || (await removed(directory, entries))) return results(names);
  }
  return results(["processes that keep appearing"]);
}

/** What is left of them, in words; undefined once they are gone and their entry with them. */
async function leftProxies(path: string): Promise<string | undefined> {
  // It loads what only few leases need, and a reaper must be up in no time.
  const { removeLeftProxies } = await import("./left-proxies.ts");
  const left = await removeLeftProxies(path);
  if (left === undefined) await rm(path, { force: true });
  return left;
}

async function removed(directory: string, entries: readonly LeaseEntry[]): Promise<boolean> {
  // The owner goes last: a lease without one could be a lease that is just being opened.
  for (const entry of entries) if (entry.kind === "owner") await rm(entry.path, { force: true });
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return true;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw error;
  }
}

/**
 * What a lease looks like on disk: `<base>/<run nonce>/`, with `owner.json` and one file for each thing to end or to
 * heal, told apart by its name. Only Node's own modules, because the reaper loads this file.
 */
import { lstat, mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { userId } from "../processes.ts";

export const ownerName = "owner.json";
export const containerPrefix = "container-";

export type LeaseEntry =
  | { readonly kind: "owner"; readonly path: string }
  | { readonly kind: "process"; readonly path: string; readonly leader: number }
  /** On a Toxiproxy that is not ours: who removes them finds out by themselves which are the run's. */
  | { readonly kind: "proxies"; readonly path: string }
  | { readonly kind: "container"; readonly path: string; readonly name: string }
  /** What was written for the servers of the run. */
  | { readonly kind: "files"; readonly path: string }
  /** Written by another version of Squall, perhaps: not ours to throw away. */
  | { readonly kind: "unknown"; readonly path: string; readonly name: string };

/** What stands in a lease for proxies on a server that outlives the run. */
export interface LeftProxies {
  readonly url: string;
  /** What their names begin with. */
  readonly prefix: string;
}

const proxiesName = "proxies.json";

export function proxiesFile(lease: string): string {
  return join(lease, proxiesName);
}

const filesName = "files";

export function filesFolder(lease: string): string {
  return join(lease, filesName);
}

/** Where the leases of this user are; no other user can write there. */
export function leaseBase(): string {
  return join(tmpdir(), `squall-${userId}`, "leases");
}

/** Makes the base, or says why it cannot be made or trusted. */
export async function openBase(base: string): Promise<{ readonly refused?: string }> {
  try {
    return await trustedBase(base);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { refused: `${base} cannot be used: ${why}; point TMPDIR to a folder where you may write` };
  }
}

async function trustedBase(base: string): Promise<{ readonly refused?: string }> {
  if (base === leaseBase()) {
    const home = dirname(base);
    await mkdir(home, { recursive: true, mode: 0o700 });
    // Anyone may make this folder in a shared /tmp, or put a link in its place, and then put leases there that name
    // processes of ours.
    const found = await lstat(home);
    if (found.uid !== userId || !found.isDirectory()) {
      return { refused: `${home} is not a folder of this user's own: remove it, or point TMPDIR elsewhere` };
    }
  }
  await mkdir(base, { recursive: true, mode: 0o700 });
  return {};
}

/** Undefined where the lease is gone. */
export async function readLease(directory: string): Promise<readonly LeaseEntry[] | undefined> {
  try {
    return (await readdir(directory)).map((name) => entryNamed(directory, name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function entryNamed(directory: string, name: string): LeaseEntry {
  const path = join(directory, name);
  if (name.startsWith(ownerName)) return { kind: "owner", path };
  if (name === proxiesName) return { kind: "proxies", path };
  if (name === filesName) return { kind: "files", path };
  if (name.startsWith(containerPrefix)) return { kind: "container", path, name: name.slice(containerPrefix.length) };
  const leader = Number(/^process-([1-9]\d{0,9})$/.exec(name)?.[1]);
  return leader > 1 ? { kind: "process", path, leader } : { kind: "unknown", path, name };
}

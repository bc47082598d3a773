/**
 * Limits that the system sets to a running process, by prlimit of util-linux: any user may lower the soft limit of his
 * own processes, and raise it again up to the hard one. What is read back from /proc is what is believed.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { UserError } from "../errors.ts";
import type { Cure, Resource } from "../faults/handles.ts";
import { membersOf } from "../processes.ts";
import type { World } from "../world.ts";
import type { Herd } from "./herd.ts";
import type { Tell } from "./process-faults.ts";

const resources = {
  descriptors: { option: "nofile", row: /^Max open files\s+(\S+)/m, mostFor: descriptorsFor },
  heap: { option: "data", row: /^Max data size\s+(\S+)/m, mostFor: dataFor },
} as const;

export interface Limit {
  readonly herd: Herd;
  readonly world: World;
  readonly tell: Tell;
  readonly what: Resource;
  readonly more: number;
}

export async function limit({ herd, world, tell, what, more }: Limit): Promise<Cure> {
  const { option, row, mostFor } = resources[what];
  const before = new Map<number, string>();
  const softOf = (pid: number): string | undefined => row.exec(textOf(`/proc/${pid}/limits`))?.[1];
  const set = (pid: number, most: string): Promise<void> =>
    prlimit(["--pid", String(pid), `--${option}=${most}:`], world);

  // One that ends meanwhile needs no healing.
  const stillLimited = (pid: number, error: unknown): void => {
    if (softOf(pid) !== undefined) throw error;
  };

  for (const pid of herd.leaders().flatMap((leader) => membersOf(leader) ?? [])) {
    const most = mostFor(pid, more);
    const soft = softOf(pid);
    // It has just ended.
    if (most === undefined || soft === undefined) continue;
    if (soft !== "unlimited" && Number(soft) <= most) continue;
    before.set(pid, soft);
    await set(pid, String(most));
    if (softOf(pid) === String(most)) tell({ is: "limited", what, most });
  }
  return {
    heal: async () => {
      // The number of one that has ended may be somebody else's by now.
      const running = new Set(herd.leaders().flatMap((leader) => membersOf(leader) ?? []));
      for (const [pid, soft] of before) {
        if (running.has(pid)) await set(pid, soft).catch((error: unknown) => stillLimited(pid, error));
        before.delete(pid);
      }
    },
  };
}

/** New descriptors are numbers below the limit, and those that are open lie anywhere: so many free ones are left. */
function descriptorsFor(pid: number, more: number): number | undefined {
  const open = openDescriptors(pid);
  if (open === undefined) return undefined;
  let free = 0;
  for (let number = 0; ; number += 1) {
    if (open.has(number)) continue;
    if (free === more) return number;
    free += 1;
  }
}

function openDescriptors(pid: number): ReadonlySet<number> | undefined {
  try {
    return new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  } catch {
    return undefined;
  }
}

/** What the limit counts: the heap, and all that is mapped for itself alone and may be written. */
function dataFor(pid: number, more: number): number | undefined {
  const [, kib] = /^VmData:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`)) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024 + more;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const prlimitTimeoutMs = 5000;

/** Says why limits cannot be set here, before anything is started. */
export async function requirePrlimit(world: World): Promise<void> {
  await prlimit(["--version"], world);
}

function prlimit(args: readonly string[], world: World): Promise<void> {
  const env = { PATH: world.env["PATH"], LC_ALL: "C" };
  return new Promise((resolve, reject) => {
    execFile("prlimit", args, { env, timeout: prlimitTimeoutMs }, (error, _, stderr) => {
      if (error === null) resolve();
      else if (error.code === "ENOENT") {
        reject(
          new UserError(
            "heap-limit and descriptor-limit need prlimit, a program of util-linux on Linux: install it, or leave these faults out",
          ),
        );
      } else reject(new Error(`prlimit ${args.join(" ")}: ${stderr.trim() || error.message}`));
    });
  });
}

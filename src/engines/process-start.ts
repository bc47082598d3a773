/**
 * When a process started: with it, a pid names one process for ever, and a pid that was given to another one is told
 * from the first. From /proc where there is one, else from ps, as on macOS.
 */
import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { readProcStat } from "../processes.ts";
import type { World } from "../world.ts";

export interface ProcessStart {
  /** The same text for as long as the process lives, and for no other process of this pid. */
  readonly identity: string;
  /** Milliseconds since 1970, true to about a second. */
  readonly atMs: number;
}

/** "gone" where no such process runs, and a zombie does not run; "unknown" where nobody can tell. */
export type StartOf = ProcessStart | "gone" | "unknown";

export async function startOf(pid: number, world: World): Promise<StartOf> {
  const machine = await procMachine();
  return machine === undefined ? startFromPs(pid, world) : startFromProc(pid, machine);
}

/** Where pids mean what they mean here: the same number in another container is another process. */
export async function pidNamespace(): Promise<string> {
  return readlink("/proc/self/ns/pid").catch(() => "");
}

interface Machine {
  readonly bootId: string;
  readonly bootedAtMs: number;
}

async function procMachine(): Promise<Machine | undefined> {
  try {
    const bootId = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const [, bootedAtSeconds] = /^btime (\d+)$/m.exec(await readFile("/proc/stat", "utf8")) ?? [];
    if (bootedAtSeconds === undefined) return undefined;
    return { bootId: bootId.trim(), bootedAtMs: Number(bootedAtSeconds) * 1000 };
  } catch {
    return undefined;
  }
}

function startFromProc(pid: number, { bootId, bootedAtMs }: Machine): StartOf {
  const stat = readProcStat(pid);
  if (stat === undefined || stat.zombie) return "gone";
  return { identity: `${bootId} ${stat.startTicks}`, atMs: bootedAtMs + stat.startTicks * 10 };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const psTimeoutMs = 2000;

export async function startFromPs(pid: number, world: World): Promise<StartOf> {
  // lstart is written in the zone and the language of the environment, so both are set.
  const env = { PATH: world.env["PATH"], LC_ALL: "C", TZ: "UTC" };
  const args = ["-o", "stat=", "-o", "lstart=", "-p", String(pid)];
  const { code, text } = await new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile("ps", args, { env, timeout: psTimeoutMs }, (error, text) => resolve({ code: error?.code ?? 0, text }));
  });
  if (code === 1 && text.trim() === "") return "gone";
  const found = /^\s*(\S+)\s+\w{3} (\w{3}) +(\d+) (\d+):(\d+):(\d+) (\d+)\s*$/.exec(text);
  if (found === null) return "unknown";
  const [, state = "", month = "", ...numbers] = found;
  if (state.startsWith("Z")) return "gone";
  const [day = 0, hours = 0, minutes = 0, seconds = 0, year = 0] = numbers.map(Number);
  const at = world.date();
  at.setUTCFullYear(year, months.indexOf(month), day);
  return { identity: `${month} ${numbers.join(" ")}`, atMs: at.setUTCHours(hours, minutes, seconds, 0) };
}

/** What a process and all that descend from it have used, as Linux tells it in /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface Usage {
  /** Of those that live now, since their start, and of their children that have ended. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** The sum of what each had at its own worst moment: never less than they had together. */
  readonly peakBytes: number;
}

export function usageOf(root: number): Usage {
  const all = processes();
  if (all.length === 0) throw new Error("CPU and memory of other processes are read from /proc, which only Linux has");
  const family = new Set([root]);
  // A child has mostly a greater pid than its parent, but numbers begin anew.
  for (let grown = 0; grown !== family.size;) {
    grown = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  const living = all.filter(({ pid }) => family.has(pid));
  const memory = living.map(({ pid }) => memoryOf(pid));
  return {
    cpuUs: living.reduce((sum, { cpuTicks }) => sum + cpuTicks * tickUs, 0),
    rssBytes: memory.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    peakBytes: memory.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
  };
}

/** What all processes of the machine together have used, and how many processors it has had them on. */
function machineUsage(): { readonly busyUs: number; readonly processors: number } {
  const stat = textOf("/proc/stat");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "")
    .split(" ")
    .map(Number);
  const processors = [...stat.matchAll(/^cpu\d/gm)].length;
  return { busyUs: (user + nice + system + irq + softirq) * tickUs, processors };
}

/** Tells what share of the machine has gone to strangers since this was called; nothing where there is no /proc. */
export function watchStrangers(): () => number | undefined {
  const { processors } = machineUsage();
  if (processors === 0) return () => undefined;
  const strangersUs = (): number => machineUsage().busyUs - usageOf(process.pid).cpuUs;
  const [fromMs, fromUs] = [performance.now(), strangersUs()];
  return () => {
    const wholeUs = (performance.now() - fromMs) * 1000 * processors;
    return Math.max(0, (strangersUs() - fromUs) / wholeUs);
  };
}

/** How many files and sockets a process that we start may open. */
export function descriptorsMax(): number {
  const [, most = "0"] = /^Max open files\s+\S+\s+(\S+)/m.exec(textOf("/proc/self/limits")) ?? [];
  return most === "unlimited" ? Number.POSITIVE_INFINITY : Number(most);
}

// USER_HZ, in which /proc counts: 100 on every architecture that Node runs on.
const tickUs = 10_000;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
}

function processes(): Process[] {
  const pids = namesIn("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const stat = textOf(`/proc/${pid}/stat`);
    // The second field is the program's name in parentheses, which may hold anything; the rest is counted from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [, parent] = fields;
    if (parent === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), cpuTicks: ticksOf(fields.slice(11, 15)) }];
  });
}

/** User and system time, its own and that of the children it has waited for. */
function ticksOf(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + Number(field), 0);
}

function memoryOf(pid: number): Pick<Usage, "rssBytes" | "peakBytes"> {
  const status = textOf(`/proc/${pid}/status`);
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes("VmRSS"), peakBytes: bytes("VmHWM") };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty where the process has just gone. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/**
 * Other processes: starting a group of them under a lease, signalling it, ending it. This is the only door to signals.
 * It loads nothing but Node's own modules, because the reaper loads it too and must be up in no time.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./world.ts";

export type Clock = Pick<World, "nowUs" | "sleep">;

/** The user's number; Windows has none, and no process groups either. */
export const userId = process.getuid?.() ?? 0;

/** The mark that all processes of a lease carry in their environment: its directory. */
export const leaseVariable = "SQUALL_LEASE";

/** The file that stands in a lease for one process group. */
export function groupFile(lease: string, leader: number): string {
  return join(lease, `process-${leader}`);
}

// The shell writes its own pid down, then becomes the command: same pid, so no moment between the start and the lease.
// Without the lease's directory nothing starts. Not `:`, whose failing redirection ends a POSIX shell with 1 or 2.
const writeThenBecome = 'true > "$1/process-$$" || exit 125; shift; exec "$@"';

/** What the shell exits with when the lease is gone. */
export const leaseGoneCode = 125;

/** The command that starts another one under a lease; to be spawned detached, so that it leads its own group. */
export function underLease(lease: string, command: readonly [string, ...string[]]): readonly [string, string[]] {
  return ["/bin/sh", ["-c", writeThenBecome, "sh", lease, ...command]];
}

/** Signals a whole group (0 only asks); false where there is none, or none that we may signal. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  // kill(-1) would reach every process of the user, and our own group holds more than what we started.
  if (!Number.isSafeInteger(leader) || leader <= 1 || leader === process.pid) {
    throw new Error(`refusing to signal the process group ${leader}`);
  }
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    // macOS answers EPERM for a group that holds only zombies.
    if (error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM")) return false;
    throw error;
  }
}

/** Whether anything of the group still runs. */
export function groupLives(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  // On Linux zombies are signalled as well, and where the first process never waits, as in many containers, they stay.
  const members = membersOf(leader);
  return members === undefined || members.length > 0;
}

/** The running members of a group, from /proc; undefined where there is no /proc. */
export function membersOf(leader: number): readonly number[] | undefined {
  const names = namesIn("/proc").filter((name) => /^\d+$/.test(name));
  if (names.length === 0) return undefined;
  return names.map(Number).filter((pid) => {
    const stat = readProcStat(pid);
    return stat !== undefined && stat.group === leader && !stat.zombie;
  });
}

/** Whether a process was started under this lease, as its environment says, whatever group it is in. */
export function carriesMark(pid: number, lease: string): boolean {
  const environment = textOf(`/proc/${pid}/environ`) ?? "";
  return environment.split("\0").includes(`${leaseVariable}=${lease}`);
}

/** All of them that run; where there is no /proc nobody can tell. */
function markedBy(lease: string): readonly number[] {
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && carriesMark(pid, lease) && readProcStat(pid)?.zombie === false);
}

/** Whether a process has this pid, be it a zombie. */
export function pidIsTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

export interface ProcStat {
  readonly group: number;
  readonly zombie: boolean;
  /** It was told to stand still, and does. */
  readonly stopped: boolean;
  /** Since the machine's boot, in hundredths of a second. */
  readonly startTicks: number;
  /** Its processor time, with that of its children that have ended and were waited for. */
  readonly cpuUs: number;
}

const tickUs = 10_000;

export function readProcStat(pid: number): ProcStat | undefined {
  return procStatIn(textOf(`/proc/${pid}/stat`) ?? "");
}

export function procStatIn(text: string): ProcStat | undefined {
  if (text === "") return undefined;
  // The second field is the program's name in parentheses, which may hold anything; the rest is counted from its end.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return {
    group: Number(group),
    zombie: state === "Z" || state === "X",
    stopped: state === "T",
    startTicks: Number(fields[19]),
    cpuUs: ticks * tickUs,
  };
}

const killedWithinMs = 1000;

/** SIGTERM, then SIGKILL to what is left when the grace ends. Answers whether the whole group is gone. */
export async function endGroup(
  leader: number,
  { graceMs, clock }: { graceMs: number; clock: Clock },
): Promise<boolean> {
  if (graceMs > 0) {
    signalGroup(leader, "SIGTERM");
    // A stopped process hears SIGTERM only once it goes on.
    signalGroup(leader, "SIGCONT");
    if (await goneWithin(leader, { withinMs: graceMs, clock })) return true;
  }
  signalGroup(leader, "SIGKILL");
  return goneWithin(leader, { withinMs: killedWithinMs, clock });
}

/**
 * The same for those that have left their group, as browsers do and daemons: they still carry the lease's mark.
 * Answers who they were, and who is left of them.
 */
export async function endMarked(
  lease: string,
  { graceMs, clock }: { graceMs: number; clock: Clock },
): Promise<{ readonly ended: readonly number[]; readonly left: readonly number[] }> {
  const found = new Set<number>();
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of markedBy(lease)) {
      found.add(pid);
      signalProcess(pid, name);
    }
  };
  signal("SIGTERM");
  signal("SIGCONT");
  const anyLives = (): boolean => markedBy(lease).length > 0;
  if (found.size > 0 && !(await endsWithin(anyLives, { withinMs: graceMs, clock }))) {
    signal("SIGKILL");
    await endsWithin(anyLives, { withinMs: killedWithinMs, clock });
  }
  return { ended: [...found], left: markedBy(lease) };
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just gone, or is another user's by now.
  }
}

function goneWithin(leader: number, within: { withinMs: number; clock: Clock }): Promise<boolean> {
  return endsWithin(() => groupLives(leader), within);
}

async function endsWithin(
  lives: () => boolean,
  { withinMs, clock }: { withinMs: number; clock: Clock },
): Promise<boolean> {
  const untilUs = clock.nowUs() + withinMs * 1000;
  for (let waitMs = 5; lives(); waitMs = Math.min(50, waitMs * 2)) {
    if (clock.nowUs() >= untilUs) return false;
    await clock.sleep(waitMs);
  }
  return true;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

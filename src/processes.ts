/** Process groups: telling whether they live, when they began, and ending them. Node's own modules only. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { World } from "./world.ts";

const run = promisify(execFile);

// Polite first, then for sure. What not even SIGKILL ends is a zombie that its parent does not collect: no harm.
const politeMs = 1500;
const giveUpMs = 4000;
const pollMs = 25;

/** Resolves when none of the groups has a living member. */
export async function endGroups(pids: readonly number[], world: Pick<World, "sleep" | "nowUs">): Promise<void> {
  const beganUs = world.nowUs();
  for (const pid of pids) signalGroup(pid, "SIGTERM");
  let left = pids.filter((pid) => signalGroup(pid, 0));
  while (left.length > 0) {
    const passedMs = (world.nowUs() - beganUs) / 1000;
    if (passedMs >= giveUpMs) return;
    if (passedMs >= politeMs) for (const pid of left) signalGroup(pid, "SIGKILL");
    await world.sleep(pollMs);
    left = left.filter((pid) => signalGroup(pid, 0));
  }
}

/** Whether there was somebody to take the signal; 0 only asks. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left. EPERM: whoever has the number now is not ours.
    return false;
  }
}

/** When a process began, as `ps` tells it on Linux and macOS alike; undefined where there is none with this number. */
export async function startOf(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)], {
      env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
    });
    return stdout.trim() === "" ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}

/** What the tests of leases share: a folder of leases, runners to be killed, and who still lives. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

// They wait for a pipe that nobody ever opens. A child that slept for them would carry the mark as well, for the moment
// until it is another program, and would be counted or missed.
const withChild = `
sh -c 'read never <"$1/never"' grandchild "$1" &
echo '{"ready":{"url":"http://127.0.0.1:9/"}}'
read never <"$1/never"
`;
// What is ignored here is ignored by the children as well.
const stubborn = `trap "" TERM${withChild}`;

export interface Den extends AsyncDisposable {
  readonly base: string;
  /** In the arguments of every process that belongs to this test, and of no other. */
  readonly mark: string;
  /** A command that has a child. */
  readonly docile: readonly [string, string, string];
  /** The same, but neither of them listens to SIGTERM. */
  readonly stubborn: readonly [string, string, string];
}

export async function openDen(): Promise<Den> {
  const folder = await mkdtemp(join(tmpdir(), "squall-lease-test-"));
  await promisify(execFile)("mkfifo", [join(folder, "never")]);
  await writeFile(join(folder, "docile.sh"), withChild);
  await writeFile(join(folder, "stubborn.sh"), stubborn);
  return {
    base: join(folder, "leases"),
    mark: folder,
    docile: ["sh", join(folder, "docile.sh"), folder],
    stubborn: ["sh", join(folder, "stubborn.sh"), folder],
    [Symbol.asyncDispose]: async () => {
      for (const pid of await alive(folder)) killIfThere(pid);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What was alive when it was looked for may have ended since. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

export interface Runner {
  readonly child: ChildProcess & { readonly pid: number };
  /** Resolves with the rest of the line that begins with this word. */
  said(word: string): Promise<string>;
}

export function startRunner(den: Den, { nonce, targets = 1 }: { nonce: string; targets?: number }): Runner {
  const file = fileURLToPath(new URL("lease-runner.ts", import.meta.url));
  const args = [file, den.base, nonce, String(targets), ...den.stubborn];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error("the runner did not start");
  let heard = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (heard += text));
  const said = async (word: string): Promise<string> => {
    for (;;) {
      const line = heard.split("\n").find((line, index, all) => index < all.length - 1 && line.startsWith(word));
      if (line !== undefined) return line.slice(word.length).trim();
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the runner ended before "${word}"`);
      await sleep(2);
    }
  };
  return { child: Object.assign(child, { pid }), said };
}

/** The pids of all running processes that carry the mark. */
export async function alive(mark: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,stat=,args="], { maxBuffer: 2 ** 24 });
  return stdout
    .split("\n")
    .map((line) => /^\s*(\d+) (\S+)\s+(.*)$/.exec(line))
    .filter((found) => found !== null && found[3]!.includes(mark) && !found[2]!.startsWith("Z"))
    .map((found) => Number(found?.[1]));
}

/** Who still carries the mark when the time is over, or nobody as soon as that is so. */
export async function aliveAfter(mark: string, withinMs: number): Promise<number[]> {
  const until = performance.now() + withinMs;
  for (;;) {
    const left = await alive(mark);
    if (left.length === 0 || performance.now() > until) return left;
    await sleep(50);
  }
}

export async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

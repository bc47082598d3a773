/** What figures are measured with: a folder, processes that end with the lab, and a way to tell how it goes. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { watchStrangers } from "./usage.ts";

export interface Lab {
  /** Its own, and gone afterwards. */
  readonly folder: string;
  /** How many rounds were asked for; as many as the figure finds right where absent. */
  readonly rounds: number | undefined;
  readonly say: (text: string) => void;
  /** What share of the machine has gone, since the lab was opened, to processes that are none of ours, where that is known. */
  readonly strangersShare: () => number | undefined;
  /** Waits for a moment in which the machine has little else to do, but not for ever. */
  readonly quiet: () => Promise<void>;
  /** Starts a program under our own Node; it does not outlive the lab. */
  readonly start: (args: readonly string[], options?: StartOptions) => Running;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly program?: string;
  readonly onStdoutLine?: (line: string) => void;
  readonly onStderrLine?: (line: string) => void;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const cli = join(root, "dist", "cli.js");

export async function openLab(options: {
  readonly rounds: number | undefined;
  readonly say: (text: string) => void;
}): Promise<Lab & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "squall-bench-"));
  const children = new Set<ChildProcess>();
  let closed = false;
  const start: Lab["start"] = (args, how = {}) => {
    // A figure that was stopped does not know of it yet.
    if (closed) throw new Error("it was stopped");
    return startChild(children, args, { cwd: folder, ...how });
  };
  return {
    ...options,
    folder,
    start,
    strangersShare: watchStrangers(),
    quiet,
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await Promise.all([...children].map(endChild));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const quietMost = 0.1;
const looksMost = 15;

async function quiet(): Promise<void> {
  for (let look = 0; look < looksMost; look += 1) {
    const share = watchStrangers();
    await sleep(1000);
    if ((share() ?? 0) <= quietMost) return;
  }
}

const peerFile = (name: string): string => fileURLToPath(new URL(`./peers/${name}.ts`, import.meta.url));

/** Starts one of the programs in peers/ and waits until it says where it listens. */
export async function startPeer(
  lab: Lab,
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Running & { readonly url: URL }> {
  const ready = Promise.withResolvers<URL>();
  const running = lab.start([peerFile(name)], {
    env: { PORT: "0", ...env },
    onStdoutLine: (line) => {
      const [, url] = /^\{"ready":\{"url":"([^"]+)"\}\}$/.exec(line) ?? [];
      if (url !== undefined) ready.resolve(new URL(url));
    },
  });
  const gone = running.ended.then(({ code, stderr }): never => {
    throw new Error(`${name} ended with ${code} before it was ready: ${stderr.trim()}`);
  });
  return { ...running, url: await Promise.race([ready.promise, gone]) };
}

function startChild(children: Set<ChildProcess>, args: readonly string[], options: StartOptions): Running {
  const { env, cwd, program = process.execPath, onStdoutLine, onStderrLine } = options;
  // Their stdin ends with us, whatever ends us: whoever watches it does not outlive the bench.
  const child = spawn(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.add(child);
  child.stdin.on("error", () => undefined);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (onStdoutLine !== undefined) createInterface({ input: child.stdout }).on("line", onStdoutLine);
  if (onStderrLine !== undefined) createInterface({ input: child.stderr }).on("line", onStderrLine);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      children.delete(child);
      resolve({ code, stdout, stderr });
    });
  });
  // Who does not wait for it does not want to hear of it either.
  ended.catch(() => undefined);
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
}

const graceMs = 8000;

/** Squall heals and closes on SIGTERM; the others have nothing to heal. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  // One that was stopped hears it only once it goes on.
  child.kill("SIGCONT");
  const killing = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await closed;
  clearTimeout(killing);
}

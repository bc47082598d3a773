/** Running the built command line as a person would, and finding what it leaves behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { verdictsDocument, type Verdicts } from "../../src/reporters/verdicts.ts";

const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** In the environment of every process that the run started, and of nobody else. */
  readonly mark: string;
}

export function startSquall(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; stdout?: number } = {},
): Running {
  const mark = randomUUID();
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ...options.env, SQUALL_TEST_MARK: mark, NO_COLOR: "1" },
    stdio: ["ignore", options.stdout ?? "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended, mark };
}

const playsMax = 3;
const busyWords = /the load generator fell behind|Squall itself was late/;

/** A machine that is too busy to load anything says so, and then nothing of the server: such a run is played again. */
export async function squall(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  for (let plays = 1; ; plays += 1) {
    const before = await reportsIn(options.cwd);
    const ended = await startSquall(args, options).ended;
    if (!busyWords.test(`${ended.stdout}${ended.stderr}`) || plays === playsMax) return ended;
    const made = (await reportsIn(options.cwd)).filter((report) => !before.includes(report));
    await Promise.all(made.map((report) => rm(report, { recursive: true })));
    await calm();
  }
}

async function reportsIn(folder: string | undefined): Promise<readonly string[]> {
  if (folder === undefined) return [];
  const reports = join(folder, "reports");
  const names = await readdir(reports).catch((): string[] => []);
  return names.map((name) => join(reports, name));
}

/** Until timers come in time for a second, or for as long as it is worth to wait. */
async function calm(): Promise<void> {
  const until = performance.now() + 20_000;
  let latestMs: number;
  do {
    latestMs = 0;
    for (let times = 0; times < 50; times += 1) {
      const startedAt = performance.now();
      await sleep(20);
      latestMs = Math.max(latestMs, performance.now() - startedAt - 20);
    }
  } while (latestMs > 20 && performance.now() < until);
}

/** A run whose verdicts are read from what `--json` printed. */
export async function verdictsFrom(
  args: readonly string[],
  cwd: string,
): Promise<Verdicts & { readonly ended: Ended }> {
  const ended = await squall(["run", ...args, "--json", "--quiet"], { cwd });
  try {
    return { ...verdictsDocument.parse(JSON.parse(ended.stdout)), ended };
  } catch (error) {
    throw new Error(`no verdicts (exit ${ended.code}):\n${ended.stdout}\n${ended.stderr}`, { cause: error });
  }
}

/** The processes that still live with this mark; Linux tells by /proc. */
export async function alive(mark: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (!environment.includes(mark)) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (command !== "") found.push(`${pid} ${command}`);
  }
  return found;
}

/** Nothing of the run may be there five seconds after its end: no process, nor what else is looked for. */
export async function nothingIsLeft(running: Running, more: () => Promise<readonly string[]> = noMore): Promise<void> {
  const look = async (): Promise<string[]> => [...(await alive(running.mark)), ...(await more())];
  const deadline = performance.now() + 5000;
  let left = await look();
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(100);
    left = await look();
  }
  expect(left, "what outlives the run").toEqual([]);
}

const noMore = (): Promise<readonly string[]> => Promise.resolve([]);

/** Waits until it says this on stderr. */
export const started = (running: Running, says: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let heard = "";
    running.child.stderr?.on("data", (text: string) => {
      heard += text;
      if (heard.includes(says)) resolve();
    });
    void running.ended.then(({ stderr }) => reject(new Error(`ended before "${says}":\n${stderr}`)));
  });

export const canSeeProcesses = existsSync("/proc/self/environ");

export { isFull, rounds } from "../rounds.ts";
export { temporaryFolder } from "../temporary-folder.ts";

/** The only run in a folder. */
export async function onlyRun(folder: string): Promise<string> {
  const [run, ...others] = await readdir(join(folder, "reports"));
  if (run === undefined || others.length > 0) throw new Error(`expected one run, got ${[run, ...others].join(", ")}`);
  return join(folder, "reports", run);
}

/** Works on many things, a few at a time: the machine has two cores. */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Short phases: enough for every verdict, not for statistics. */
export const brief = {
  "duplicate-effects": [
    "--set",
    "phases=[{baseline: 1500ms}, {fault: 2s, recovery: 2s, name: lost-replies}]",
    "--set",
    "faults[0].count=6",
  ],
  "egress-gateway": [
    "--set",
    "phases=[{baseline: 1500ms}, {fault: 2s, recovery: 2s, name: outage}]",
    "--set",
    "faults[0].for=1s",
  ],
  "retry-storm": [
    "--set",
    "phases=[{baseline: 1500ms}, {fault: 2500ms, recovery: 2s, name: outage}]",
    "--set",
    "faults[0].for=1s",
  ],
  "silent-empty": [
    "--set",
    "phases=[{baseline: 1500ms}, {fault: 2s, recovery: 2s, name: outage}]",
    "--set",
    "faults[0].for=1s",
  ],
  survives: [
    "--set",
    "phases=[{baseline: 1500ms}, {fault: 1500ms, recovery: 2s, name: stall}, {fault: 1s, recovery: 2s, name: resets}]",
  ],
  // Work counts as left behind two seconds after its cancel, and that must be before the healing.
  "timeout-cascade": [
    "--set",
    "phases=[{baseline: 1500ms}, {fault: 4500ms, recovery: 2s, name: stall}]",
    "--set",
    "faults[0].for=3700ms",
  ],
} as const;

/** The same server with nothing wrong with it. */
export const hardened = ["--set", "servers.cloud.fixture=cloud-hardened"] as const;

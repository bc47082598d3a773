/**
 * Starting a server or an upstream as a process group of its own, awaiting its first answer, and ending all of it.
 * What it says is kept: a target that does not come up is explained by its own words.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { exitCodes, UserError } from "../errors.ts";
import type { Recorder, TargetEvent } from "../history/events.ts";
import { endGroups } from "../processes.ts";
import type { World } from "../world.ts";
import { answers } from "./await-answer.ts";
import { freePort } from "./free-port.ts";
import { keepOutput, type KeptOutput } from "./kept-output.ts";
import { readyLine } from "./ready-line.ts";

export type Command = readonly [string, ...string[]];

export interface ProcessOptions {
  readonly name: string;
  readonly role: TargetEvent["role"];
  /** `${port}` here, in `env` and in the URL is a free port of ours. */
  readonly command: Command;
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** The lease's folder, into which the process writes itself before it begins. */
  readonly lease: string;
  /** Fixtures say where they listen; other commands are asked until they answer. */
  readonly ready: { readonly by: "line" } | { readonly by: "url"; readonly url: string };
  readonly logFile?: string;
  readonly startTimeoutMs: number;
  readonly world: World;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
}

export interface StartedProcess {
  readonly url: URL;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  const first = await tryStart(options);
  if ("url" in first) return first;
  // Between our choosing a port and its taking it, somebody else was faster: once more with another.
  const again = first.portTaken ? await tryStart(options) : first;
  if ("url" in again) return again;
  throw again.error;
}

type Started = StartedProcess | { readonly error: UserError; readonly portTaken: boolean };

async function tryStart(options: ProcessOptions): Promise<Started> {
  const { name, role, recorder, world, signal, startTimeoutMs } = options;
  const filled = await withPort(options);
  const child = launch(options, filled);
  const output = keepOutput(child, options.logFile);
  const exited = exitOf(child);
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    if (child.pid !== undefined) await endGroups([child.pid], world);
    await exited;
  };

  const waiting = new AbortController();
  const giveUp = (): void => waiting.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  const patience = world.timer(startTimeoutMs, giveUp);
  const ready = options.ready.by === "line" ? readyLine(child, waiting.signal) : answers(filled.url, world, waiting.signal);
  const came = await Promise.race([ready, exited]);
  patience.cancel();
  waiting.abort();
  signal.removeEventListener("abort", giveUp);
  if (!(came instanceof URL) || child.pid === undefined) {
    await stop();
    const error = new UserError(explain(options, filled, came, output), { exitCode: exitCodes.unreachable });
    return { error, portTaken: output.tail().includes("EADDRINUSE") && filled.usesPort };
  }

  recorder.record({ type: "target", target: name, role, edge: "ready", address: came.host });
  void exited.then(({ code, signal: by }) => {
    const how = { ...(code === null ? {} : { code }), ...(by === null ? {} : { signal: by }) };
    if (stopping) recorder.record({ type: "target", target: name, role, edge: "stopped", ...how });
    else recorder.record({ type: "target", target: name, role, edge: "exited", ...how, stderr: output.tail() });
  });
  return { url: came, pid: child.pid, exited, stop };
}

interface Filled {
  readonly command: Command;
  readonly env: Readonly<Record<string, string>>;
  readonly url: URL | undefined;
  readonly usesPort: boolean;
}

async function withPort({ command, env, ready }: ProcessOptions): Promise<Filled> {
  const url = ready.by === "url" ? ready.url : undefined;
  const usesPort = [...command, ...Object.values(env), url ?? ""].some((text) => text.includes("${port}"));
  const port = usesPort ? String(await freePort()) : "";
  const fill = (text: string): string => text.replaceAll("${port}", port);
  const [program, ...args] = command;
  return {
    command: [fill(program), ...args.map(fill)],
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, fill(value)])),
    url: url === undefined ? undefined : new URL(fill(url)),
    usesPort,
  };
}

// The shell writes itself into the lease and becomes the command: the process is in the lease before it is itself, and
// without a lease it does not start at all.
const intoLease = ': > "$1/process-$$" || exit 125; shift; exec "$@"';

function launch({ lease, cwd, world }: ProcessOptions, { command, env }: Filled): ChildProcess {
  return spawn("/bin/sh", ["-c", intoLease, "sh", lease, ...command], {
    cwd,
    env: { ...world.env, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: null, signal: null }));
  });
}

function explain(
  { name, command, startTimeoutMs, signal }: ProcessOptions,
  { url }: Filled,
  came: URL | Exit | undefined,
  output: KeptOutput,
): string {
  const what = `${name} (${command.join(" ")})`;
  const where = url === undefined ? "" : ` at ${url.href}`;
  const said = output.tail().trim();
  const words = said === "" ? "It wrote nothing to stderr." : `Its last words on stderr:\n${indented(said)}`;
  if (came !== undefined && !(came instanceof URL)) {
    const how = came.signal === null ? `exit code ${came.code ?? "unknown"}` : came.signal;
    const hint = came.code === 127 || came.code === 126 ? " (the command was not found or cannot be executed)" : "";
    return `${what} ended with ${how}${hint} before it answered${where}. ${words}`;
  }
  if (signal.aborted) return `${what} was stopped before it answered${where}.`;
  return `${what} did not answer${where} within ${startTimeoutMs / 1000} s. ${words}`;
}

function indented(text: string): string {
  return text
    .split("\n")
    .slice(-12)
    .map((line) => `  ${line}`)
    .join("\n");
}

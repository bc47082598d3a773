/**
 * A target that Squall starts itself: a command in its own process group, under the run's lease. It is ready when it
 * says so on stdout, or when its address answers; until then its every end is an error that a person can mend.
 */
import { exitCodes, UserError, type Mistake } from "../errors.ts";
import type { Trust } from "../certificates.ts";
import type { Masks } from "../masks.ts";
import type { Recorder } from "../history/events.ts";
import { formatDuration } from "../units.ts";
import type { World } from "../world.ts";
import { askOnce, awaitAnswer } from "./await-answer.ts";
import { freePort } from "./free-port.ts";
import { launch, type Running } from "./launch.ts";
import { endedEarly, startFailure, startMistakes } from "./life.ts";
import { openLog } from "./output.ts";
import { awaitReadyLine } from "./ready-line.ts";
import { supervise } from "./supervised.ts";
import { shownAddress, type Exit, type ProcessTarget, type TargetRole } from "./target.ts";

/** How a started process shows that it is ready; in a url, `${port}` stands for a free port. */
export type Readiness =
  | { readonly by: "line" }
  | { readonly by: "url"; readonly url: string; readonly speaks?: "http" | "tcp" };

export interface ProcessOptions {
  readonly name: string;
  readonly role: TargetRole;
  /** Which of several processes of the target this is. */
  readonly instance?: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Added to Squall's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The directory of the run's lease. */
  readonly lease: string;
  /** Gets all that the target writes, up to 10 MiB. */
  readonly logFile?: string;
  /** What it writes is kept without these. */
  readonly masks?: Pick<Masks, "stream">;
  readonly ready: Readiness;
  /** Of an https url. Absent: as usual on this machine. */
  readonly trust?: Trust;
  readonly world: World;
  readonly recorder: Recorder;
  readonly startTimeoutMs: number;
  /** Started again at the same place when it ends by itself; where absent it stays down. */
  readonly restart?: { readonly most: number; readonly withinMs: number };
  /** Ends the wait for the start; a target that is ready is ended by its stop(). */
  readonly signal: AbortSignal;
}

const placeholder = "${port}";

export async function startProcess(options: ProcessOptions): Promise<ProcessTarget> {
  const { ready, signal } = options;
  signal.throwIfAborted();
  const portIsOurs = ready.by === "url" && ready.url.includes(placeholder);
  if (ready.by === "url" && !portIsOurs) await refuseTaken(options, ready);

  const first = await start(options);
  if ("url" in first) return first;
  // Between our choice of a port and its use somebody else may have taken it.
  const second = portIsOurs && first.addressInUse ? await start(options) : first;
  if ("url" in second) return second;
  throw new UserError(second.says, { exitCode: exitCodes.unreachable, mistakes: second.mistakes });
}

interface NotStarted {
  readonly says: string;
  readonly addressInUse: boolean;
  readonly mistakes: readonly Mistake[];
}

async function start(template: ProcessOptions): Promise<ProcessTarget | NotStarted> {
  const options = await withPort(template);
  const running = await launchLogged(options);
  if ("failed" in running) return notStarted(options, { what: running.failed });
  try {
    const came = await awaitReady(options, running);
    if (came.is === "ready") return kept(options, running, came.url);
    await running.end();
    options.signal.throwIfAborted();
    return notStarted(options, { what: came.what, running, exit: came.exit });
  } catch (error) {
    await running.end();
    throw error;
  }
}

type Readied =
  | { readonly is: "ready"; readonly url: URL }
  | { readonly is: "not"; readonly what: string; readonly exit?: Exit };

const not = (what: string): Readied => ({ is: "not", what });

async function awaitReady(options: ProcessOptions, running: Running): Promise<Readied> {
  const { ready, world, startTimeoutMs, lease, trust } = options;
  // Whichever comes first ends the others.
  const first = new AbortController();
  const signal = AbortSignal.any([first.signal, options.signal]);
  const within = `within ${formatDuration(startTimeoutMs)}`;

  const readied = async (): Promise<Readied> => {
    if (ready.by === "line") {
      const url = await awaitReadyLine(running.stdout, signal);
      return url === undefined ? not("stopped") : { is: "ready", url };
    }
    const url = new URL(ready.url);
    const came = await awaitAnswer({
      url,
      world,
      timeoutMs: startTimeoutMs,
      signal,
      ...(trust === undefined ? {} : { trust }),
    });
    if (came.is === "answered") return { is: "ready", url };
    if (came.isFinal === true) return not(`${shownAddress(url)} cannot be spoken with: ${came.because}`);
    return not(
      `no ${ready.speaks === "tcp" ? "connection" : "HTTP answer"} at ${shownAddress(url)} ${within} (${came.because})`,
    );
  };
  const timedOut = async (): Promise<Readied> => {
    await world.sleep(startTimeoutMs, signal);
    return not(`no line {"ready":{"url":…}} on its stdout ${within}`);
  };
  const exited = async (): Promise<Readied> => {
    const exit = await running.silent;
    const waitedFor = ready.by === "url" ? `an answer at ${shownAddress(new URL(ready.url))}` : "its ready line";
    return { is: "not", what: endedEarly(exit, { lease, waitedFor }), exit };
  };
  const came = await Promise.race([readied(), exited(), ...(ready.by === "line" ? [timedOut()] : [])]);
  first.abort();
  return came;
}

/** At the place where it was the first time: its port is known by now. */
function kept(options: ProcessOptions, first: Running, url: URL): ProcessTarget {
  const { name, role, instance, lease, recorder, restart, world } = options;
  const env = options.ready.by === "line" ? { ...options.env, PORT: url.port } : options.env;
  const startTimeoutMs = Math.max(options.startTimeoutMs, restart?.withinMs ?? 0);
  return supervise({
    name,
    role,
    ...(instance === undefined ? {} : { instance }),
    lease,
    recorder,
    world,
    first,
    url,
    restartsMost: restart?.most ?? 0,
    launch: () => launchLogged({ ...options, env }),
    awaitReady: async (running, signal) => {
      const came = await awaitReady({ ...options, startTimeoutMs, signal }, running);
      return came.is === "ready" ? came.url : undefined;
    },
  });
}

function launchLogged({ logFile, ...what }: ProcessOptions): ReturnType<typeof launch> {
  return launch({ ...what, ...(logFile === undefined ? {} : { log: openLog(logFile) }) });
}

function notStarted(
  { name, instance = name, role, command }: ProcessOptions,
  { what, running, exit }: { what: string; running?: Running; exit?: Exit | undefined },
): NotStarted {
  const about = { role, command, output: running?.output };
  const says = startFailure({ ...about, name: instance, what });
  const mistakes = startMistakes({ ...about, name, speaksStdio: false, exit });
  const written = `${running?.output.stderrTail()}${running?.output.stdoutTail()}`;
  return { says, mistakes, addressInUse: /EADDRINUSE|address already in use/i.test(written) };
}

async function withPort(options: ProcessOptions): Promise<ProcessOptions> {
  const { command, env, ready } = options;
  const texts = [...command, ...Object.values(env), ...(ready.by === "url" ? [ready.url] : [])];
  if (!texts.some((text) => text.includes(placeholder))) return options;
  const port = String(await freePort());
  const filled = (text: string): string => text.replaceAll(placeholder, port);
  const [file, ...args] = command;
  return {
    ...options,
    command: [filled(file), ...args.map(filled)],
    env: Object.fromEntries(Object.entries(env).map(([key, text]) => [key, filled(text)])),
    ready: ready.by === "url" ? { ...ready, url: filled(ready.url) } : ready,
  };
}

const takenMs = 1000;

/** Else the run would test whoever answers there, perhaps the same server left over from an hour ago. */
async function refuseTaken(
  { name, role, world, signal }: ProcessOptions,
  at: Extract<Readiness, { readonly by: "url" }>,
): Promise<void> {
  const url = new URL(at.url);
  const came = await askOnce({ ...at, url, world, timeoutMs: takenMs, signal });
  signal.throwIfAborted();
  // Who speaks a TLS that we do not believe is there as well.
  if (came.is === "silent" && came.isFinal !== true) return;
  throw new UserError(
    `${role} "${name}" cannot be started: something else answers at ${shownAddress(url)} already; ` +
      "stop that, or let Squall choose the port with ${port}",
    { exitCode: exitCodes.unreachable },
  );
}

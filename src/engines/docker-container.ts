/** One container with Toxiproxy in it: what all have in common, and whether it answers. */
import type { GenericContainer, StartedTestContainer } from "testcontainers";
import { z } from "zod";
import { exitCodes, messageOf, UserError } from "../errors.ts";
import { formatDuration } from "../units.ts";
import type { Log } from "../targets/output.ts";
import type { World } from "../world.ts";
import { askDaemon, type Daemon } from "./container-removal.ts";
import type { EngineServer } from "./server.ts";
import type { Docker } from "./testcontainers.ts";
import { openToxiproxy } from "./toxiproxy.ts";

export interface ContainerOptions {
  readonly docker: Docker;
  readonly image: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly world: World;
}

export type StartedServer = Pick<EngineServer, "url" | "network">;

export async function startContainer(
  container: GenericContainer,
  { image, name, labels, log, docker }: ContainerOptions,
): Promise<StartedTestContainer> {
  const { PullPolicy } = docker.testcontainers;
  try {
    return await container
      .withName(name)
      .withLabels({ ...labels })
      // The lease cleans up, whatever ends the run; testcontainers' own reaper is another image to pull.
      .withAutoCleanup(false)
      .withPullPolicy(PullPolicy.neverPull())
      // A line for each connection would fill the daemon's disk.
      .withEnvironment({ LOG_LEVEL: "error" })
      .withWaitStrategy(atOnce)
      .withLogConsumer(
        (stream) => void stream.on("data", (chunk: Buffer) => log.add(chunk)).on("error", () => undefined),
      )
      .start();
  } catch (cause) {
    throw new UserError(`Docker cannot start ${image}: ${reasonOf(cause)}`, {
      exitCode: exitCodes.unreachable,
      cause,
    });
  }
}

/** The daemon's own words, without what its client puts before them. */
export function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /, "")
    .trim();
}

// Whether it is ready shows in what its API answers, see `troubleOf`.
const atOnce = {
  waitUntilReady: () => Promise.resolve(),
  withStartupTimeout: () => atOnce,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

export interface Trouble {
  readonly says: string;
  /** Not only silent: the container is over. */
  readonly hasEnded: boolean;
}

export function notStarted(image: string, { says }: Trouble): UserError {
  return new UserError(`${image} in Docker: ${says}`, { exitCode: exitCodes.unreachable });
}

const startMaxMs = 10_000;
const answerMaxMs = 1000;
const askAgainMs = 20;

/** Waits until Toxiproxy answers; else tells why it does not. */
export async function troubleOf(url: string, { name, docker, world }: ContainerOptions): Promise<Trouble | undefined> {
  const server = openToxiproxy({ url, world, timeoutMs: answerMaxMs });
  const untilUs = world.nowUs() + startMaxMs * 1000;
  for (;;) {
    const why = await server.version().then(() => undefined, messageOf);
    if (why === undefined) return undefined;
    const ended = await howItEnded(docker.daemon, name);
    if (ended !== undefined) return { says: ended, hasEnded: true };
    if (world.nowUs() >= untilUs) {
      const says = `it runs, and is not reached within ${formatDuration(startMaxMs)} (${why}); where Squall runs in a container itself, use another engine`;
      return { says, hasEnded: false };
    }
    await world.sleep(askAgainMs);
  }
}

const inspectSchema = z.object({ State: z.object({ Running: z.boolean(), ExitCode: z.number() }) });

/** Resolves with the reason when the container has ended; never rejects, and stays silent once nobody wants to know. */
export async function endOf(daemon: Daemon, name: string, over: AbortSignal): Promise<string> {
  // It answers when the container does not run any more; where the daemon itself has gone nothing can be seen.
  await askDaemon(daemon, { method: "POST", path: `/containers/${name}/wait`, signal: over }).catch(() => undefined);
  const how = over.aborted ? undefined : await howItEnded(daemon, name);
  return over.aborted || how === undefined ? new Promise<never>(() => {}) : how;
}

/** Undefined where it runs, or nobody can tell. */
async function howItEnded(daemon: Daemon, name: string): Promise<string | undefined> {
  const { status, text } = await askDaemon(daemon, {
    method: "GET",
    path: `/containers/${name}/json`,
    signal: AbortSignal.timeout(answerMaxMs),
  }).catch((error: unknown) => ({ status: 0, text: messageOf(error) }));
  if (status === 404) return "its container was removed";
  if (status !== 200) return undefined;
  const { State: state } = inspectSchema.parse(JSON.parse(text));
  return state.Running ? undefined : `it ended with code ${state.ExitCode}${await lastWords(daemon, name)}`;
}

async function lastWords(daemon: Daemon, name: string): Promise<string> {
  const path = `/containers/${name}/logs?stdout=true&stderr=true&tail=1`;
  const { text } = await askDaemon(daemon, { method: "GET", path, signal: AbortSignal.timeout(answerMaxMs) }).catch(
    () => ({ text: "" }),
  );
  // Each line comes behind a head of eight bytes, which are not for reading.
  const words = text.slice(8).trim();
  return words === "" ? "" : `: ${words}`;
}

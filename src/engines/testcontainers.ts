/**
 * testcontainers, an optional package: loaded when a container is wanted, so that nobody else needs it; and the Docker
 * daemon that it found. What can be missing is told as one thing to mend.
 */
import type * as theirs from "testcontainers";
import { z } from "zod";
import { codeOf, exitCodes, messageOf, UserError } from "../errors.ts";
import type { World } from "../world.ts";
import { askDaemon, type Daemon } from "./container-removal.ts";

export type Testcontainers = typeof theirs;
export type DockerClient = Awaited<ReturnType<Testcontainers["getContainerRuntimeClient"]>>;

export interface Docker {
  readonly testcontainers: Testcontainers;
  readonly client: DockerClient;
  readonly daemon: Daemon;
}

export async function openDocker(world: World): Promise<Docker> {
  const testcontainers = await loadTestcontainers();
  const named = world.env["DOCKER_HOST"];
  // testcontainers would turn to another daemon without a word where this one does not answer.
  if (named !== undefined && named !== "") await expectAnswer(daemonNamed(named, world), named);
  const client = await testcontainers.getContainerRuntimeClient().catch((cause: unknown) => {
    throw new UserError(
      "no Docker daemon answers: start it, let this user talk to it, and name it in DOCKER_HOST where it listens elsewhere",
      { exitCode: exitCodes.unreachable, cause },
    );
  });
  return { testcontainers, client, daemon: daemonOf(client, world) };
}

async function loadTestcontainers(): Promise<Testcontainers> {
  try {
    return await import("testcontainers");
  } catch (cause) {
    if (codeOf(cause) !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new UserError(
      "a container needs the package testcontainers, which is not installed beside Squall: npm install --save-dev testcontainers",
      { cause },
    );
  }
}

const answerMaxMs = 3000;

async function expectAnswer(daemon: Daemon, named: string): Promise<void> {
  const ping = { method: "GET", path: "/_ping", signal: AbortSignal.timeout(answerMaxMs) };
  const why = await askDaemon(daemon, ping).then(
    ({ status }) => (status === 200 ? undefined : `it answered ${status}`),
    (error: unknown) => messageOf(error),
  );
  if (why === undefined) return;
  throw new UserError(`no Docker daemon answers at ${named}, which DOCKER_HOST names: ${why}`, {
    exitCode: exitCodes.unreachable,
  });
}

function daemonNamed(named: string, world: World): Daemon {
  const url = URL.parse(named);
  const protocol = url?.protocol ?? "";
  if (!["unix:", "tcp:", "http:", "https:"].includes(protocol)) {
    throw new UserError(`DOCKER_HOST: expected unix:///path or tcp://host:port, got "${named}"`);
  }
  if (protocol !== "tcp:") return withCertificates(named, world);
  return withCertificates(named.replace(/^tcp/, world.env["DOCKER_TLS_VERIFY"] === "1" ? "https" : "http"), world);
}

function withCertificates(at: string, world: World): Daemon {
  const certificates = world.env["DOCKER_CERT_PATH"];
  return at.startsWith("https:") && certificates !== undefined ? { at, certificates } : { at };
}

// The connection of dockerode, as testcontainers has settled on it from variables, properties and usual places.
const modemSchema = z.union([
  z.object({ socketPath: z.string() }),
  z.object({ protocol: z.enum(["http", "https"]), host: z.string(), port: z.coerce.number() }),
]);

function daemonOf(client: DockerClient, world: World): Daemon {
  const modem = modemSchema.parse(client.container.dockerode.modem);
  if ("socketPath" in modem) return { at: `unix://${modem.socketPath}` };
  return withCertificates(`${modem.protocol}://${modem.host}:${modem.port}`, world);
}

/** Whether what a daemon publishes on its loopback is on ours. */
export function isLocal({ at }: Daemon): boolean {
  const { protocol, hostname } = new URL(at);
  return protocol === "unix:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

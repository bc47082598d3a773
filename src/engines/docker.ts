/**
 * Toxiproxy in a container of ours, by testcontainers. On Linux it shares this machine's network, so that it listens and
 * connects as every other engine does; elsewhere Docker runs in a machine of its own, and ports are mapped.
 */
import { rm } from "node:fs/promises";
import { platform } from "node:os";
import { UserError } from "../errors.ts";
import { openLog } from "../targets/output.ts";
import { formatDuration } from "../units.ts";
import type { World } from "../world.ts";
import { leaseContainer, removeContainer } from "./container-removal.ts";
import { endOf, reasonOf } from "./docker-container.ts";
import { startOnHost } from "./docker-host.ts";
import { expectWayBack, startMapped } from "./docker-mapped.ts";
import type { EngineServerOptions, StartEngineServer } from "./server.ts";
import { isLocal, openDocker, type Docker } from "./testcontainers.ts";

const networkVariable = "SQUALL_DOCKER_NETWORK";

/** The label that a container carries, with the nonce of its run. */
const runLabel = "org.squall.run";

export type DockerNetwork = "host" | "mapped";

export function dockerServer({ world, lease, nonce, logFile }: EngineServerOptions): StartEngineServer {
  return async () => {
    const image = imageFrom(world);
    const forced = forcedNetwork(world);
    const docker = await openDocker(world);
    if (!isLocal(docker.daemon)) {
      throw new UserError(
        `the Docker daemon at ${docker.daemon.at} is on another machine, where a proxy does not reach the servers on this one: use another engine`,
      );
    }
    await provideImage(docker, image, world);
    const network = forced ?? usualNetwork(docker);
    const name = `squall-${nonce}-${world.nonce()}`;
    const start = network === "host" ? startOnHost : startMapped;
    const file = await leaseContainer(lease, { name, daemon: docker.daemon });
    const over = new AbortController();
    const log = openLog(logFile);
    const stop = async (): Promise<void> => {
      over.abort();
      const removal = await removeContainer({ name, daemon: docker.daemon }, { clock: world, unseenMs: 0 });
      // What could not be removed stays in the lease, whose reaper tries again and says so.
      if (removal !== "left") await rm(file, { force: true });
      log.close();
    };
    try {
      const started = await start({ docker, image, name, labels: { [runLabel]: nonce }, log, world });
      if (started.network !== undefined) await expectWayBack(started.url, started.network, world);
      return { ...started, says: image, ended: endOf(docker.daemon, name, over.signal), stop };
    } catch (error) {
      await stop();
      throw error;
    }
  };
}

/** The image of Toxiproxy that is asked for, or the official one. */
export function imageFrom(world: World): string {
  const named = world.env["SQUALL_TOXIPROXY_IMAGE"];
  return named === undefined || named === "" ? "ghcr.io/shopify/toxiproxy:2.12.0" : named;
}

function forcedNetwork(world: World): DockerNetwork | undefined {
  const named = world.env[networkVariable];
  if (named === undefined || named === "") return undefined;
  if (named === "host" || named === "mapped") return named;
  throw new UserError(`${networkVariable}: expected host or mapped, got "${named}"`);
}

function usualNetwork({ client }: Docker): DockerNetwork {
  // Docker Desktop has a machine of its own on Linux too, and its host's network is that machine's.
  const { operatingSystem } = client.info.containerRuntime;
  return platform() === "linux" && !operatingSystem.startsWith("Docker Desktop") ? "host" : "mapped";
}

const pullMaxMs = 300_000;

async function provideImage({ testcontainers, client }: Docker, image: string, world: World): Promise<void> {
  const named = testcontainers.ImageName.fromString(image);
  const done = new AbortController();
  const late = world.sleep(pullMaxMs, done.signal).then(() => `not pulled within ${formatDuration(pullMaxMs)}`);
  const pulled = client.image.pull(named).then(() => undefined, reasonOf);
  const why = await Promise.race([pulled, late]);
  done.abort();
  // A pull that fails in the middle of its stream is not told; whether the image is there is what counts.
  if (await client.image.exists(named)) return;
  throw new UserError(
    `Docker has no image ${image} and cannot pull it${why === undefined ? "" : ` (${why})`}: load or build it, or name another one in SQUALL_TOXIPROXY_IMAGE`,
  );
}

/** What tests with Docker share: whether there is a daemon with an image to start, and what it runs. */
import { join } from "node:path";
import { askDaemon, type Daemon } from "../../src/engines/container-removal.ts";
import { dockerServer } from "../../src/engines/docker.ts";
import { openLease, type Lease } from "../../src/engines/lease.ts";
import type { EngineServer } from "../../src/engines/server.ts";
import { realWorld, type World } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** The only one that tests speak with: others may be somebody's. */
export const daemon: Daemon = { at: "unix:///var/run/docker.sock" };
export const image = process.env["SQUALL_TOXIPROXY_IMAGE"] ?? "";

/** Why tests with Docker cannot be run here; absent where they can. */
export const dockerLacks = await lack();

async function lack(): Promise<string | undefined> {
  // Where CI has shown that this machine cannot run a daemon, it says so.
  const shown = process.env["CI_WITHOUT_DOCKER"] ?? "";
  if (shown !== "") return `without Docker: ${shown}`;
  if (image === "") return "SQUALL_TOXIPROXY_IMAGE names none, see scripts/images.ts";
  const path = `/images/${encodeURIComponent(image)}/json`;
  const { status } = await askDaemon(daemon, { method: "GET", path, signal: AbortSignal.timeout(5000) }).catch(() => ({
    status: 0,
  }));
  if (status === 0) return "no Docker daemon answers";
  return status === 200 ? undefined : `Docker has no image ${image}`;
}

/** The name of a suite that needs Docker, with the reason where it has to be skipped. */
export function suiteOf(name: string): string {
  return dockerLacks === undefined ? name : `${name} (${dockerLacks})`;
}

/** The names of all containers that carry this run's label. */
export async function containersOf(nonce: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`org.squall.run=${nonce}`] }));
  const path = `/containers/json?all=true&filters=${filters}`;
  const { text } = await askDaemon(daemon, { method: "GET", path, signal: AbortSignal.timeout(10_000) });
  const found = JSON.parse(text) as { Names: [string] }[];
  return found.map(({ Names: [name] }) => name.replace(/^\//, ""));
}

const promisedMs = 5000;

/** Those that are still there when the time is over that is promised for whatever ends a run. */
export async function containersLeftBy(nonce: string): Promise<string[]> {
  const untilUs = realWorld.nowUs() + promisedMs * 1000;
  for (;;) {
    const left = await containersOf(nonce);
    if (left.length === 0 || realWorld.nowUs() > untilUs) return left;
    await realWorld.sleep(50);
  }
}

export interface Leased extends AsyncDisposable {
  readonly lease: Lease;
  readonly nonce: string;
  /** Starts Toxiproxy in a container, with these variables set. */
  start(env?: World["env"]): Promise<EngineServer>;
}

export async function openLeaseFor(): Promise<Leased> {
  const folder = await temporaryFolder();
  const nonce = realWorld.nonce();
  const base = join(folder.path, "leases");
  const logFile = join(folder.path, "engine.log");
  const lease = await openLease({ world: realWorld, run: { id: `run-${nonce}`, nonce }, base });
  return {
    lease,
    nonce,
    start: (env = {}) => {
      const world = { ...realWorld, env: { ...realWorld.env, ...env } };
      return dockerServer({ world, lease: lease.directory, nonce, logFile })();
    },
    [Symbol.asyncDispose]: async () => {
      await lease.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

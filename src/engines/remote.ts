/** A Toxiproxy that runs already and is not ours: its foreign proxies are left alone, and it is never ended. */
import { rm, writeFile } from "node:fs/promises";
import { messageOf, UserError } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import type { World } from "../world.ts";
import { acquaint } from "./acquaintance.ts";
import { passByte } from "./byte-probe.ts";
import type { Engine } from "./engine.ts";
import { proxiesFile, type LeftProxies } from "./lease-files.ts";
import { prefixOf } from "./names.ts";
import { openServedEngine } from "./served.ts";
import { openToxiproxy } from "./toxiproxy.ts";

const localHosts = ["127.0.0.1", "localhost", "[::1]"];
const timeoutMs = 5000;

/** The address of an API on this machine. */
export function remoteUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" || url.pathname !== "/" || url.search + url.hash + url.username + url.password !== "") {
    throw new UserError(`--engine takes a Toxiproxy's address such as http://127.0.0.1:8474, got "${text}"`);
  }
  if (!localHosts.includes(url.hostname)) {
    throw new UserError(
      `--engine expects a Toxiproxy on this machine (${localHosts.join(", ")}), got ${url.hostname}: ` +
        "links lead to servers that listen here only, and one elsewhere cannot reach them",
    );
  }
  return url.origin;
}

export async function openRemoteEngine(
  url: string,
  options: {
    readonly nonce: string;
    /** The directory of the run's lease. */
    readonly lease: string;
    readonly recorder: Recorder;
    readonly world: World;
  },
): Promise<Engine> {
  const { nonce, lease, world } = options;
  const prefix = prefixOf(nonce);
  await acquaint({ url, says: url, timeoutMs, world });
  // Before the first proxy is there, so that there is no moment in which nobody would remove it.
  const word = proxiesFile(lease);
  await writeFile(word, JSON.stringify({ url, prefix } satisfies LeftProxies));
  await tryNetwork(url, prefix, world);
  const start = () => Promise.resolve({ url, says: url, stop: () => Promise.resolve() });
  const engine = await openServedEngine({ ...options, kind: "remote", start, isOurs: false, prefix, timeoutMs });
  const { kind, version, says, lost } = engine;
  return {
    kind,
    version,
    ...(says === undefined ? {} : { says }),
    lost,
    openProxy: (name, upstream) => engine.openProxy(name, upstream),
    close: async () => {
      await engine.close();
      await rm(word, { force: true });
    },
  };
}

/** One in a container may answer here, while its proxies listen there. */
async function tryNetwork(url: string, prefix: string, world: World): Promise<void> {
  const api = openToxiproxy({ url, world, timeoutMs });
  const name = `${prefix}probe`;
  try {
    await passByte((upstream) => api.openProxy(name, upstream), world);
  } catch (error) {
    throw new UserError(
      `the proxies of ${url} do not lead to what listens here: expected a byte to go through one and back, ` +
        `got: ${messageOf(error)}. A Toxiproxy in a container must share this machine's network (network_mode: host)`,
    );
  } finally {
    await api.removeProxy(name);
  }
}

/**
 * The engines that keep the contract: ours, a real toxiproxy-server where SQUALL_TOXIPROXY names its file, and one in a
 * container where there is Docker with its image.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openApi } from "../../src/engines/embedded/api.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import { freePort } from "../../src/targets/free-port.ts";
import { realWorld } from "../../src/world.ts";
import { dockerLacks, openLeaseFor, suiteOf } from "./docker-under-test.ts";

export interface RunningEngine {
  readonly url: string;
  stop(): Promise<void>;
}

export interface EngineUnderTest {
  readonly name: string;
  readonly absent: boolean;
  /** Whether it can be started with metrics. */
  readonly hasMetrics: boolean;
  readonly start: (options?: { readonly metrics?: boolean; readonly seed?: number }) => Promise<RunningEngine>;
}

const file = process.env["SQUALL_TOXIPROXY"];

export const embedded: EngineUnderTest = {
  name: "the embedded engine",
  absent: false,
  hasMetrics: true,
  start: async ({ metrics = false, seed = 42 } = {}) => {
    const api = await openApi({ world: realWorld, seed, metrics });
    return { url: api.url, stop: () => api.close() };
  },
};

export const binary: EngineUnderTest = {
  name: file === undefined ? "a real toxiproxy-server (SQUALL_TOXIPROXY names none)" : "a real toxiproxy-server",
  absent: file === undefined,
  hasMetrics: true,
  start: ({ metrics = false } = {}) => startBinary(file ?? "", metrics ? ["-proxy-metrics"] : []),
};

const container: EngineUnderTest = {
  name: suiteOf("a real toxiproxy in a container"),
  absent: dockerLacks !== undefined,
  hasMetrics: false,
  start: async () => {
    const leased = await openLeaseFor();
    const server = await leased.start();
    return {
      url: server.url,
      stop: async () => {
        await server.stop();
        await leased[Symbol.asyncDispose]();
      },
    };
  },
};

export const enginesUnderTest: readonly EngineUnderTest[] = [embedded, binary, container];

async function startBinary(file: string, flags: readonly string[]): Promise<RunningEngine> {
  const port = await freePort();
  const child = spawn(file, ["-host", "127.0.0.1", "-port", String(port), ...flags], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  const server = openToxiproxy({ url, world: realWorld });
  for (let tries = 0; ; tries += 1) {
    try {
      await server.version();
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await realWorld.sleep(50);
    }
  }
  return {
    url,
    stop: async () => {
      const exited = once(child, "exit");
      // Some stimuli end it before.
      if (child.kill("SIGKILL")) await exited;
    },
  };
}

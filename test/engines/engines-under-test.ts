/** The engines that keep the contract: ours, and a real toxiproxy-server where SQUALL_TOXIPROXY names its file. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openApi } from "../../src/engines/embedded/api.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import { realWorld } from "../../src/world.ts";
import { closedAddress } from "./peers.ts";

export interface RunningEngine {
  readonly url: string;
  stop(): Promise<void>;
}

export interface EngineUnderTest {
  readonly name: string;
  readonly absent: boolean;
  readonly start: (options?: { readonly metrics?: boolean; readonly seed?: number }) => Promise<RunningEngine>;
}

const binary = process.env["SQUALL_TOXIPROXY"];

export const embedded: EngineUnderTest = {
  name: "the embedded engine",
  absent: false,
  start: async ({ metrics = false, seed = 42 } = {}) => {
    const api = await openApi({ world: realWorld, seed, metrics });
    return { url: api.url, stop: () => api.close() };
  },
};

export const enginesUnderTest: readonly EngineUnderTest[] = [
  embedded,
  {
    name: binary === undefined ? "a real toxiproxy-server (SQUALL_TOXIPROXY names none)" : "a real toxiproxy-server",
    absent: binary === undefined,
    start: ({ metrics = false } = {}) => startBinary(binary ?? "", metrics ? ["-proxy-metrics"] : []),
  },
];

async function startBinary(file: string, flags: readonly string[]): Promise<RunningEngine> {
  const { port } = await closedAddress();
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
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The engine that needs no installation: Toxiproxy's API in this process, driven like any other Toxiproxy. */
import type { World } from "../../world.ts";
import { EngineError } from "../control-request.ts";
import type { Engine } from "../engine.ts";
import { openToxiproxy } from "../toxiproxy.ts";
import { openApi } from "./api.ts";

export interface EmbeddedOptions {
  readonly world: World;
  readonly seed: number;
}

export async function openEmbeddedEngine({ world, seed }: EmbeddedOptions): Promise<Engine> {
  const api = await openApi({ world, seed });
  const server = openToxiproxy({ url: api.url, world });
  let closing: Promise<void> | undefined;
  return {
    kind: "embedded",
    version: await server.version(),
    // It ends with the process, and with that all that could be told.
    lost: new Promise(() => {}),
    openProxy: async (name, upstream) => {
      if (closing !== undefined) throw new EngineError("the embedded engine is closed");
      const proxy = await server.openProxy(name, upstream);
      return { ...proxy, dial: () => api.dial(name) };
    },
    close: () => (closing ??= api.close()),
  };
}

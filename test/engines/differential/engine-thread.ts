/** The embedded engine in a thread of its own: what the test does itself must not count as the engine's time. */
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { realWorld } from "../../../src/world.ts";
import { openApi } from "../../../src/engines/embedded/api.ts";

const { seed } = z.object({ seed: z.number() }).parse(workerData);
const api = await openApi({ world: realWorld, seed });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
parentPort?.postMessage({ url: api.url });

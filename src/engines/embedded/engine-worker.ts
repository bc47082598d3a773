/** The thread of the embedded engine: stalls of the main thread must not count as latency of the network. */
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { realWorld } from "../../world.ts";
import { openApi } from "./api.ts";

const { seed } = z.object({ seed: z.number() }).parse(workerData);
const api = await openApi({ world: realWorld, seed });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
parentPort?.postMessage({ url: api.url });

/** A process of two writers, to be killed: writes into the folder of its argument until then. */
import { Worker } from "node:worker_threads";
import { openHistory } from "../../src/history/segments.ts";
import { realWorld } from "../../src/world.ts";
import { runStarted } from "../literal-history.ts";
import type { Work } from "./writing-worker.ts";

const [, , directory = ""] = process.argv;
const segmentBytesMax = 300_000;
const history = await openHistory(directory, realWorld, { segmentBytesMax });
history.record(runStarted()[1]);
const { originUs, number } = history;
const options = { writer: "w1", originUs, number, segmentBytesMax };
const workerData: Work = { directory, options, events: 10_000_000 };
const worker = new Worker(new URL("./writing-worker.ts", import.meta.url), { workerData });
worker.on("error", (error) => {
  throw error;
});
for (let n = 1; ; n += 1) {
  history.record({ type: "op-ended", op: `m.${n}`, outcome: "ok", because: "x".repeat(1000) });
  if (n % 100 === 0) await history.pressure();
  if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}

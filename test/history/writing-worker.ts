/** Another thread that writes into a history. It says how many it has written once all is on disk. */
import { parentPort, workerData } from "node:worker_threads";
import { openHistory, type HistoryOptions } from "../../src/history/segments.ts";
import { realWorld } from "../../src/world.ts";

export interface Work {
  readonly directory: string;
  readonly options: Pick<HistoryOptions, "writer" | "originUs" | "number" | "segmentBytesMax">;
  /** How many events; each is a kilobyte. */
  readonly events: number;
}

const { directory, options, events } = workerData as Work;
const history = await openHistory(directory, realWorld, options);
for (let n = 1; n <= events; n += 1) {
  history.record({ type: "op-ended", op: `${options.writer}.${n}`, outcome: "ok", because: "x".repeat(1000) });
  if (n % 100 === 0) await history.pressure();
  // Others write meanwhile.
  if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await history.close();
if (history.failed !== undefined) throw history.failed;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
parentPort?.postMessage({ written: history.count() });

/** A crew's thread that dies when its agents should walk. */
import { parentPort } from "node:worker_threads";

parentPort!.on("message", ({ number, order }) => {
  if (order.do === "drive") throw new Error("out of luck");
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
  parentPort!.postMessage({ is: "answer", to: number });
});

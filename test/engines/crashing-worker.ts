/** An engine's thread that dies when the connection to its fuse breaks; the seed is the port of the fuse. */
import { connect } from "node:net";
import { workerData } from "node:worker_threads";

if (workerData.seed === 0) throw new Error("no start today");
const fuse = connect({ host: "127.0.0.1", port: workerData.seed });
fuse.on("close", () => {
  throw new Error("out of luck");
});
fuse.resume();
await import("../../src/engines/embedded/engine-worker.ts");

/** The thread in which arguments are made: a schema's pattern may take years, and only a thread can be ended. */
import { parentPort } from "node:worker_threads";
import type { ListedTool, Wanted } from "./arguments.ts";
import { makeArguments } from "./make.ts";

interface Order {
  readonly tool: Pick<ListedTool, "name" | "inputSchema">;
  readonly wanted: Wanted;
}

const tell = (message: unknown): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
  parentPort?.postMessage(message);
};

parentPort?.on("message", ({ tool, wanted }: Order) => tell({ is: "done", made: makeArguments(tool, wanted) }));
tell({ is: "ready" });

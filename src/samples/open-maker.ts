/** Arguments, made in a thread that is ended where a schema takes too long or too much; then the next tool gets a new one. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf } from "../errors.ts";
import type { World } from "../world.ts";
import type { Arguments, ListedTool, Wanted } from "./arguments.ts";

export interface Maker {
  /** One at a time, in the order in which they are asked for. */
  readonly argumentsFor: (tool: Pick<ListedTool, "name" | "inputSchema">, wanted: Wanted) => Promise<Arguments>;
  readonly close: () => Promise<void>;
}

export interface MakerOptions {
  readonly world: World;
  /** How long one tool's schema may take. */
  readonly patienceMs?: number;
}

const startMs = 30_000;
const usualPatienceMs = 3000;
const memoryMb = 128;

// Beside the sources the worker is TypeScript, in the package it is JavaScript.
const workerEntry = new URL(`./maker-worker${extname(import.meta.filename)}`, import.meta.url);

export function openMaker({ world, patienceMs = usualPatienceMs }: MakerOptions): Maker {
  let thread: Promise<Worker> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const make = async (tool: Pick<ListedTool, "name" | "inputSchema">, wanted: Wanted): Promise<Arguments> => {
    const worker = await (thread ??= started(world));
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
      worker.postMessage({ tool: { name: tool.name, inputSchema: tool.inputSchema }, wanted });
    } catch (error) {
      // Whatever is nested too deep for a thread to be given.
      return { is: "none", path: "", says: `cannot be gone through: ${messageOf(error)}` };
    }
    const came = await answerOf(worker, { ms: patienceMs, world });
    if (came.is === "done") return came.made;
    if (came.is === "ready") throw new Error("the thread that makes arguments is ready twice");
    thread = undefined;
    await worker.terminate();
    return { is: "none", path: "", says: came.says };
  };

  return {
    argumentsFor: async (tool, wanted) => {
      const mine = last.then(() => make(tool, wanted));
      last = mine.catch(() => undefined);
      return mine;
    },
    close: async () => {
      await last;
      const worker = await thread;
      await worker?.terminate();
    },
  };
}

async function started(world: World): Promise<Worker> {
  const worker = new Worker(workerEntry, {
    name: "squall-samples",
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  // What a thread says while it is ended is nobody's any more.
  worker.on("error", () => {});
  const came = await answerOf(worker, { ms: startMs, world });
  if (came.is !== "ended") return worker;
  await worker.terminate();
  throw new Error(`the thread that makes arguments has not started: ${came.says}`);
}

type Came =
  | { readonly is: "ready" }
  | { readonly is: "done"; readonly made: Arguments }
  | { readonly is: "ended"; readonly says: string };

/** The next that the thread says, or why it says nothing. */
function answerOf(worker: Worker, { ms, world }: { readonly ms: number; readonly world: World }): Promise<Came> {
  return new Promise((resolve) => {
    const settle = (came: Came): void => {
      limit.cancel();
      worker.off("message", settle);
      worker.off("error", failed);
      worker.off("exit", exited);
      resolve(came);
    };
    const failed = (error: unknown): void => {
      const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
      const says = isMemory ? `takes more than ${memoryMb} MB to make one from` : messageOf(error);
      settle({ is: "ended", says });
    };
    const exited = (): void => settle({ is: "ended", says: "its thread ended" });
    const limit = world.timer(ms, () =>
      settle({ is: "ended", says: `takes more than ${ms / 1000} s to make one from` }),
    );
    worker.on("message", settle);
    worker.on("error", failed);
    worker.on("exit", exited);
  });
}

/** The engine that needs no installation: Toxiproxy's API in a thread of ours, driven like any other Toxiproxy. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { messageOf } from "../../errors.ts";
import type { World } from "../../world.ts";
import { EngineError } from "../control-request.ts";
import type { Engine, EngineProxy } from "../engine.ts";
import { openToxiproxy } from "../toxiproxy.ts";

export interface EmbeddedOptions {
  readonly world: World;
  readonly seed: number;
  /** Tests of a crash bring a thread that crashes. */
  readonly entry?: URL;
}

const startMaxMs = 10_000;
/** How much later than a broken connection the news of the crash may come. */
const newsMaxMs = 500;

// Beside the sources the worker is TypeScript, in the package it is JavaScript.
const workerEntry = new URL(`./engine-worker${extname(import.meta.filename)}`, import.meta.url);

export async function openEmbeddedEngine({ world, seed, entry = workerEntry }: EmbeddedOptions): Promise<Engine> {
  const worker = new Worker(entry, { workerData: { seed }, name: "squall-engine" });
  const crash = watchForCrash(worker);
  const guarded = guardWith(crash, world);
  try {
    const server = openToxiproxy({ url: await listening(worker, crash, world), world });
    const opened = new Set<string>();
    let closing: Promise<void> | undefined;
    const closeAll = async (): Promise<void> => {
      try {
        await guarded(Promise.all([...opened].map((name) => server.removeProxy(name))));
      } finally {
        // Whatever went wrong before: with the thread, every listener and connection of it ends.
        await worker.terminate();
      }
    };
    const version = await guarded(server.version());
    return {
      kind: "embedded",
      version,
      lost: crash.told,
      openProxy: async (name, upstream) => {
        const proxy = await guarded(server.openProxy(name, upstream));
        opened.add(name);
        return guardProxy(proxy, guarded);
      },
      close: () => (closing ??= closeAll()),
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

interface Crash {
  /** Rejects when the thread dies of itself. */
  readonly happened: Promise<never>;
  /** Resolves then. */
  readonly told: Promise<Error>;
  error(): EngineError | undefined;
}

function watchForCrash(worker: Worker): Crash {
  let error: EngineError | undefined;
  const happened = new Promise<never>((_, reject) => {
    const stopped = (why: string, cause?: unknown): void => {
      error ??= new EngineError(`the embedded engine has stopped: ${why}`, { cause });
      reject(error);
    };
    worker.once("error", (cause) => stopped(messageOf(cause), cause));
    worker.once("exit", (code) => stopped(`its thread ended with code ${code}`));
  });
  // Calls hear of it when they race with it; between calls nobody listens, and that is no error yet.
  const told = happened.catch((crashed: Error) => crashed);
  return { happened, told, error: () => error };
}

type Guard = <T>(call: Promise<T>) => Promise<T>;

/** A crash is the reason of whatever fails because of it, also where the broken connection was noticed first. */
function guardWith(crash: Crash, world: World): Guard {
  return async (call) => {
    try {
      return await Promise.race([crash.happened, call]);
    } catch (error) {
      const unanswered = error instanceof EngineError && error.status === undefined;
      if (unanswered) await within(newsMaxMs, crash.happened, world).catch(() => undefined);
      throw crash.error() ?? error;
    }
  };
}

function guardProxy(proxy: EngineProxy, guarded: Guard): EngineProxy {
  return {
    address: proxy.address,
    setEnabled: (enabled) => guarded(proxy.setEnabled(enabled)),
    addToxic: async (toxic) => {
      const added = await guarded(proxy.addToxic(toxic));
      return { heal: () => guarded(added.heal()), update: (next) => guarded(added.update(next)) };
    },
  };
}

const ready = z.object({ url: z.string() });

async function listening(worker: Worker, crash: Crash, world: World): Promise<string> {
  const message = new Promise<unknown>((resolve) => worker.once("message", resolve));
  const first = await within(startMaxMs, Promise.race([crash.happened, message]), world);
  if (first === undefined) throw new EngineError(`the embedded engine has not started within ${startMaxMs} ms`);
  return ready.parse(first).url;
}

/** Undefined where it takes longer. */
async function within<T>(ms: number, awaited: Promise<T>, world: World): Promise<T | undefined> {
  const settled = new AbortController();
  const tooLong = world.sleep(ms, settled.signal).then(() => undefined);
  try {
    return await Promise.race([awaited, tooLong]);
  } finally {
    settled.abort();
  }
}

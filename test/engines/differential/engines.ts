/** Engines for stimuli: a few of each kind, each in a thread or process of its own, each free of proxies when lent. */
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { z } from "zod";
import { ask } from "../ask.ts";
import { embedded, enginesUnderTest, type EngineUnderTest, type RunningEngine } from "../engines-under-test.ts";

const entry = new URL("engine-thread.ts", import.meta.url);
const patienceMs = 5000;

export const subject: EngineUnderTest = {
  ...embedded,
  start: async () => {
    const worker = new Worker(entry, { workerData: { seed: 42 } });
    const [message] = await once(worker, "message");
    const { url } = z.object({ url: z.string() }).parse(message);
    return { url, stop: async () => void (await worker.terminate()) };
  },
};

export const references = enginesUnderTest.filter((engine) => engine !== embedded);

export interface Fleet {
  lend<T>(use: (url: string) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export function openFleet({ start }: EngineUnderTest): Fleet {
  const idle: RunningEngine[] = [];
  const running = new Set<RunningEngine>();
  return {
    lend: async (use) => {
      const engine = idle.pop() ?? (await start());
      running.add(engine);
      try {
        return await use(engine.url);
      } finally {
        if (await isEmptied(engine.url)) idle.push(engine);
        else {
          running.delete(engine);
          await engine.stop();
        }
      }
    },
    stop: async () => void (await Promise.all([...running].map((engine) => engine.stop()))),
  };
}

/** Whatever it takes: an engine that hangs is not lent again. */
async function isEmptied(url: string): Promise<boolean> {
  try {
    const { body } = await ask(url, "GET /proxies", undefined, {}, AbortSignal.timeout(patienceMs));
    for (const name of Object.keys(body)) {
      const path = `/proxies/${encodeURIComponent(name)}`;
      const { status } = await ask(url, `DELETE ${path}`, undefined, {}, AbortSignal.timeout(patienceMs));
      if (status !== 204) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * An engine of a few lines, so that the tests of a link show what the tap does by itself: it forwards, carries ends and
 * resets over as they come, can be switched off, delay answers and swallow requests.
 */
import { connect, createServer, type Server } from "node:net";
import type { Conduit } from "../../src/engines/conduit.ts";
import { joined, refused } from "../../src/engines/embedded/joined.ts";
import type { Address, Engine, EngineProxy } from "../../src/engines/engine.ts";
import type { Toxic } from "../../src/faults/handles.ts";

/** Whether taps reach it without a socket, as they reach the embedded one. */
export const way = { isJoined: false };

export function smallEngine(): Engine {
  const stops: (() => Promise<void>)[] = [];
  return {
    kind: "embedded",
    version: "test",
    lost: new Promise(() => {}),
    openProxy: async (_name, upstream) => {
      const { proxy, stop } = await openProxy(upstream);
      stops.push(stop);
      return proxy;
    },
    close: async () => {
      for (const stop of stops) await stop();
    },
  };
}

async function openProxy(upstream: Address): Promise<{ proxy: EngineProxy; stop: () => Promise<void> }> {
  const live = new Set<Conduit>();
  const toxics = new Map<object, Toxic>();
  const has = (type: Toxic["type"]): Toxic | undefined => [...toxics.values()].find((toxic) => toxic.type === type);
  let server: Server | undefined;
  let port = 0;

  const accept = (client: Conduit): void => {
    const callee = connect({ ...upstream, allowHalfOpen: true, noDelay: true });
    for (const [from, to] of [
      [client, callee],
      [callee, client],
    ] as const) {
      live.add(from);
      from.on("close", () => live.delete(from));
      from.on("error", () => to.resetAndDestroy());
      from.on("data", (chunk) => {
        if (from === client && has("timeout") !== undefined) return;
        const delayMs = from === callee ? (has("latency")?.attributes["latency"] ?? 0) : 0;
        if (delayMs > 0) setTimeout(() => to.write(chunk), delayMs);
        else if (!to.write(chunk)) from.pause();
      });
      to.on("drain", () => from.resume());
      from.on("end", () => {
        // An end waits for the answers before it.
        const delayMs = from === callee ? (has("latency")?.attributes["latency"] ?? 0) : 0;
        if (delayMs > 0) setTimeout(() => to.end(), delayMs);
        else to.end();
      });
    }
  };
  const start = async (): Promise<void> => {
    const starting = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    server = starting;
    await new Promise<void>((resolve) => starting.listen({ host: "127.0.0.1", port, backlog: 4096 }, resolve));
    const address = starting.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  };
  const closeAll = (): void => {
    for (const socket of live) socket.destroy();
  };
  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    const closed = new Promise((resolve) => (stopping === undefined ? resolve(true) : stopping.close(resolve)));
    closeAll();
    await closed;
  };

  const dial = (): Conduit => {
    if (server === undefined) return refused();
    const [caller, callee] = joined();
    accept(callee);
    callee.resume();
    return caller;
  };

  await start();
  const proxy: EngineProxy = {
    address: { host: "127.0.0.1", port },
    ...(way.isJoined ? { dial } : {}),
    setEnabled: (enabled) => (enabled === (server !== undefined) ? Promise.resolve() : enabled ? start() : stop()),
    addToxic: (toxic) => {
      const key = {};
      toxics.set(key, toxic);
      const heal = (): Promise<void> => {
        toxics.delete(key);
        if (toxic.type === "timeout") closeAll();
        return Promise.resolve();
      };
      const update = (next: Toxic): Promise<void> => Promise.resolve(void toxics.set(key, next));
      return Promise.resolve({ heal, update });
    },
  };
  return { proxy, stop };
}

/** What happens when a caller stops waiting: its time is up, its run ends, or its session closes. */
import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import type { CallRequest, Session } from "../../src/wire/session.ts";
import { fakeWorld, type FakeWorld } from "../fake-world.ts";
import { callOf, errorTo, openTo, resultTo, startFaultServer, textResult } from "./fault-server.ts";
import type { Asked, FaultServer, FaultServerOptions } from "./fault-server.ts";

interface Stage {
  readonly server: FaultServer;
  readonly session: Session;
  readonly world: FakeWorld;
  /** Makes a call; resolves once the server has heard it. */
  readonly call: (options?: Partial<CallRequest>) => Promise<{
    readonly asked: Asked;
    readonly answer: ReturnType<Session["call"]>;
  }>;
}

/** A server that answers calls only when a test does, and a clock that moves only when a test moves it. */
async function onStage(play: (stage: Stage) => Promise<void>, options: FaultServerOptions = {}): Promise<void> {
  const arrived: ((asked: Asked) => void)[] = [];
  const server = await startFaultServer((asked) => arrived.shift()?.(asked), options);
  const world = fakeWorld();
  const session = await openTo(server.url, { world });
  try {
    await play({
      server,
      session,
      world,
      call: async (options) => {
        const hearing = new Promise<Asked>((resolve) => void arrived.push(resolve));
        const answer = session.call(callOf({ timeoutMs: 1000, ...options }));
        return { asked: await hearing, answer };
      },
    });
  } finally {
    await session.close();
    await server.close();
  }
}

const said = (server: FaultServer): (string | undefined)[] =>
  server.heard.map(({ message, httpMethod }) => message.method ?? httpMethod);

const tick = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 50));

test("cancel: the server is told which call, and its request stays open for a late answer", () =>
  onStage(
    async ({ server, world, call }) => {
      const late = Promise.withResolvers<unknown>();
      const { asked, answer } = await call({ onTimeout: "cancel", onLate: late.resolve });
      await world.advance(1000);
      expect(await answer).toEqual({ class: "timeout", outcome: "unknown", onTimeout: "cancel", reusedSocket: true });

      const cancelled = await server.hears("notifications/cancelled");
      expect(cancelled.message).toEqual({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: asked.message.id, reason: "no answer within 1s" },
      });
      expect(cancelled.headers).toMatchObject({ "mcp-session-id": "s-1", "mcp-protocol-version": "2025-11-25" });
      expect(cancelled.headers).not.toHaveProperty("traceparent");
      expect(cancelled.connection).not.toBe(asked.connection);

      asked.json(resultTo(asked, textResult("late")));
      expect(await late.promise).toEqual({ class: "ok" });
    },
    { sessionId: "s-1" },
  ));

test("close: the server sees its connection go, and hears nothing", () =>
  onStage(async ({ server, world, call }) => {
    const onLate = vi.fn();
    const { asked, answer } = await call({ onTimeout: "close", onLate });
    await world.advance(1000);
    expect(await answer).toMatchObject({ class: "timeout", onTimeout: "close" });
    await asked.gone;
    expect(said(server)).toEqual(["initialize", "notifications/initialized", "tools/call"]);
    expect(onLate).not.toHaveBeenCalled();
  }));

test("abandon: the server hears nothing, and its late answer is noticed", () =>
  onStage(async ({ server, world, call }) => {
    const late = Promise.withResolvers<unknown>();
    const { asked, answer } = await call({ onTimeout: "abandon", onLate: late.resolve });
    await world.advance(1000);
    expect(await answer).toMatchObject({ class: "timeout", onTimeout: "abandon" });
    asked.json(resultTo(asked, { isError: true }));
    expect(await late.promise).toEqual({ class: "tool-error" });
    expect(said(server)).toEqual(["initialize", "notifications/initialized", "tools/call"]);
  }));

test("nobody's patience ends a moment too early", () =>
  onStage(async ({ world, call }) => {
    const { asked, answer } = await call({ timeoutMs: 1000 });
    await world.advance(999);
    asked.json(resultTo(asked, {}));
    expect(await answer).toMatchObject({ class: "ok" });
    await world.advance(10_000);
  }));

test.for([
  ["an event stream", "ok", (asked: Asked) => asked.events(resultTo(asked, {}))],
  ["a JSON-RPC error", "rpc-error", (asked: Asked) => asked.json(errorTo(asked, 1, "late"))],
  ["an HTTP error", "http-refusal", (asked: Asked) => asked.json({}, 500)],
  ["an answer to another request", "wrong-id", (asked: Asked) => asked.json({ jsonrpc: "2.0", id: 99, result: {} })],
] as const)("%s that comes late is told as %s, once", ([, name, react]) =>
  onStage(async ({ world, session, call }) => {
    const late = Promise.withResolvers<void>();
    const onLate = vi.fn(() => late.resolve());
    const { asked, answer } = await call({ onLate });
    await world.advance(1000);
    await answer;
    react(asked);
    await late.promise;
    await session.close();
    expect(onLate.mock.calls).toEqual([[{ class: name }]]);
  }),
);

test.for([
  ["a connection that closes", (asked: Asked): void => void asked.socket.end()],
  ["a connection that resets", (asked: Asked): void => void asked.socket.resetAndDestroy()],
  [
    "a stream that ends as a cancelled one should",
    (asked: Asked) => {
      asked.events();
      asked.response.end();
    },
  ],
] as const)("%s is no late answer", ([, react]) =>
  onStage(async ({ world, call }) => {
    const onLate = vi.fn();
    const { asked, answer } = await call({ onLate });
    await world.advance(1000);
    await answer;
    react(asked);
    await tick();
    expect(onLate).not.toHaveBeenCalled();
  }),
);

test("an answer in time is never late as well", () =>
  onStage(async ({ world, call }) => {
    const onLate = vi.fn();
    const { asked, answer } = await call({ onLate });
    asked.events(resultTo(asked, {}), resultTo(asked, {}));
    asked.response.end();
    expect(await answer).toMatchObject({ class: "ok" });
    await world.advance(10_000);
    await tick();
    expect(onLate).not.toHaveBeenCalled();
  }));

test("a late 404 loses the session too", () =>
  onStage(
    async ({ world, session, call }) => {
      const late = Promise.withResolvers<unknown>();
      const { asked, answer } = await call({ onLate: late.resolve });
      await world.advance(1000);
      await answer;
      asked.json({}, 404);
      expect(await late.promise).toEqual({ class: "session-lost" });
      expect(session.lost).toBe(true);
    },
    { sessionId: "s-1" },
  ));

test.for(["cancel", "abandon"] as const)("%s: a request is left open for five minutes, not longer", (onTimeout) =>
  onStage(async ({ world, call }) => {
    const onLate = vi.fn();
    const { asked, answer } = await call({ onTimeout, onLate });
    await world.advance(1000);
    await answer;
    await world.advance(299_999);
    await tick();
    expect(asked.socket.destroyed).toBe(false);
    await world.advance(1);
    await asked.gone;
    expect(onLate).not.toHaveBeenCalled();
  }),
);

test("a stream that goes on after its answer is dropped after five minutes", () =>
  onStage(async ({ world, call }) => {
    const { asked, answer } = await call();
    asked.events(resultTo(asked, {}));
    expect(await answer).toMatchObject({ class: "ok" });
    await world.advance(299_999);
    await tick();
    expect(asked.socket.destroyed).toBe(false);
    await world.advance(1);
    await asked.gone;
  }));

test("an abort ends the wait at once and drops the connection", () =>
  onStage(async ({ server, call }) => {
    const onLate = vi.fn();
    const run = new AbortController();
    const { asked, answer } = await call({ signal: run.signal, onLate });
    run.abort();
    expect(await answer).toEqual({ class: "stopped", outcome: "unknown", reusedSocket: true });
    await asked.gone;
    expect(said(server)).not.toContain("notifications/cancelled");
    expect(onLate).not.toHaveBeenCalled();
  }));

test("a call of a run that has ended is not sent", () =>
  onStage(async ({ server, session }) => {
    const answer = await session.call(callOf({ signal: AbortSignal.abort() }));
    expect(answer).toEqual({ class: "stopped", outcome: "unknown" });
    expect(said(server)).not.toContain("tools/call");
  }));

test("an abort ends the calls of its own signal only", () =>
  onStage(async ({ call }) => {
    const [one, other] = [new AbortController(), new AbortController()];
    const first = await call({ signal: one.signal });
    const second = await call({ signal: other.signal });
    const third = await call({ signal: one.signal });
    one.abort();
    expect(await first.answer).toMatchObject({ class: "stopped" });
    expect(await third.answer).toMatchObject({ class: "stopped" });
    second.asked.json(resultTo(second.asked, {}));
    expect(await second.answer).toMatchObject({ class: "ok" });
    // Both were seen to; what is left for the newer one is let go with the session.
    expect(getEventListeners(one.signal, "abort")).toEqual([]);
  }));

test("many calls put one listener on a signal, and none once the session has closed", () =>
  onStage(async ({ session, call }) => {
    const run = new AbortController();
    for (let n = 0; n < 20; n += 1) await call({ signal: run.signal });
    expect(getEventListeners(run.signal, "abort")).toHaveLength(1);
    await session.close();
    expect(getEventListeners(run.signal, "abort")).toEqual([]);
  }));

test("signals that are used once are not held on to", () =>
  onStage(async ({ call }) => {
    const signals = Array.from({ length: 5 }, () => new AbortController().signal);
    for (const signal of signals) {
      const { asked, answer } = await call({ signal });
      asked.json(resultTo(asked, {}));
      await answer;
    }
    expect(signals.map((signal) => getEventListeners(signal, "abort").length)).toEqual([0, 0, 0, 0, 1]);
  }));

test("a signal is let go of when its last call ends, once another has come", () =>
  onStage(async ({ call }) => {
    const [older, newer] = [new AbortController(), new AbortController()];
    const first = await call({ signal: older.signal });
    await call({ signal: newer.signal });
    expect(getEventListeners(older.signal, "abort")).toHaveLength(1);
    first.asked.json(resultTo(first.asked, {}));
    await first.answer;
    expect(getEventListeners(older.signal, "abort")).toEqual([]);
    expect(getEventListeners(newer.signal, "abort")).toHaveLength(1);
  }));

test("closing the session drops what was left open before the farewell is answered", () =>
  onStage(
    async ({ session, world, call }) => {
      const left = await call({ onTimeout: "abandon" });
      await world.advance(1000);
      await left.answer;
      const closing = session.close();
      await left.asked.gone;
      await world.advance(2000);
      await closing;
    },
    { sessionId: "s-1", on: { DELETE: () => undefined } },
  ));

test("closing the session ends calls under way and drops those left open", () =>
  onStage(async ({ session, world, call }) => {
    const onLate = vi.fn();
    const left = await call({ onTimeout: "abandon", onLate });
    await world.advance(1000);
    await left.answer;
    const waiting = await call({ onLate });
    await session.close();
    expect(await waiting.answer).toMatchObject({ class: "stopped", outcome: "unknown" });
    await Promise.all([left.asked.gone, waiting.asked.gone]);
    expect(onLate).not.toHaveBeenCalled();
  }));

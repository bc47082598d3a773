/** How far calls are, through both wires: what is counted, what is nobody's, and how long it keeps a caller waiting. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { endsAfterMs } from "../../src/wire/patience.ts";
import type { Hears, Stray } from "../../src/wire/ear.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import type { CallRequest, OpenSession, Session } from "../../src/wire/session.ts";
import { fakeWorld } from "../fake-world.ts";
import { callOf, eventOf, openTo, resultTo, startFaultServer, textResult, type Asked } from "./fault-server.ts";
import { openStdioStand } from "./stdio-child.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const op = "0badcafe.planner.0.1.0";
const token = `${op}.1`;

function asking(more: Partial<CallRequest> = {}, progressToken = token): CallRequest {
  const { meta, ...call } = callOf({ timeoutMs: 20_000, ...more });
  // The SDK's calls are told apart by their traces.
  const traceparent = meta.traceparent.replace("00000001-01", `0000000${progressToken.slice(-1)}-01`);
  return { ...call, meta: { ...meta, traceparent, progressToken } };
}

function hearing() {
  const strays: Stray[] = [];
  const hears: Hears = { onListChanged: () => undefined, onStray: (stray) => strays.push(stray) };
  return { strays, hears };
}

const told = (progressToken: unknown, progress: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken, progress },
});

const tokenOf = ({ message }: Asked): unknown => message.params?.["_meta"]?.["progressToken"];

async function toServer(onCall: (asked: Asked) => void, open: OpenSession, hears: Hears): Promise<Session> {
  const server = await startFaultServer(onCall, { on: { GET: ({ response }) => void response.writeHead(405).end() } });
  closing.push(() => server.close());
  const session = await openTo(server.url, { hears }, open);
  closing.push(() => session.close());
  return session;
}

const wires = [
  ["lean", openLeanSession],
  ["sdk", openSdkSession],
] as const;

describe.each(wires)("the %s wire", (wire, open) => {
  test("counts what a call is told, and keeps the first values that did not go up", async () => {
    const { strays, hears } = hearing();
    const session = await toServer(
      (asked) =>
        asked.events(
          ...[1, 2, 2, 5, 1, 0].map((value) => told(tokenOf(asked), value)),
          resultTo(asked, textResult("1")),
        ),
      open,
      hears,
    );
    const { class: is, progress } = await session.call(asking());
    expect(is).toBe("ok");
    const first = [
      { before: 2, value: 2 },
      { before: 5, value: 1 },
      { before: 1, value: 0 },
    ];
    // The SDK does not say on which stream something came.
    expect(progress).toMatchObject({ count: 6, notUp: { count: 3, inOrder: wire === "lean" ? 3 : 0, first } });
    expect(strays).toEqual([]);
  });

  test("asks for none unless it is to, and then says so where none came", async () => {
    const { hears } = hearing();
    const tokens: unknown[] = [];
    const session = await toServer(
      (asked) => {
        tokens.push(tokenOf(asked));
        asked.json(resultTo(asked, textResult("1")));
      },
      open,
      hears,
    );
    expect((await session.call(callOf())).progress).toBeUndefined();
    expect((await session.call(asking())).progress).toEqual({ count: 0 });
    expect(tokens).toEqual([undefined, wire === "lean" ? token : expect.any(Number)]);
  });

  test("tells what has no call here: a strange token, none, no number", async () => {
    const { strays, hears } = hearing();
    const session = await toServer(
      (asked) =>
        asked.events(
          told(987_654, 1),
          told("0badcafe.planner.7.1.0.1", 1),
          told(undefined, 1),
          told(tokenOf(asked), "x"),
          {
            ...told(tokenOf(asked), 1),
          },
          resultTo(asked, textResult("1")),
        ),
      open,
      hears,
    );
    expect((await session.call(asking())).progress).toMatchObject({ count: 1 });
    // An SDK may take no notice of what is no message to it; what it hears is told the same.
    expect(strays.map(({ is }) => is)).toEqual(["unknown", "foreign", "malformed", "malformed"]);
    expect(strays[1]).toMatchObject({ ours: "0badcafe.planner.7.1.0.1" });
  });

  test("over stdio, progress behind the answer is surely late", async () => {
    const { strays, hears } = hearing();
    const stand = await openStdioStand({
      call: `
        const told = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: message.params._meta.progressToken, progress: 1 } };
        send(told); answer({ content: [] }); send({ ...told, params: { ...told.params, progress: 2 } });
        setTimeout(() => send({ jsonrpc: "2.0", method: "notifications/progress", params: { ...told.params, progress: 3 } }), 50);`,
      wire: (options) => open({ ...options, hears }),
    });
    closing.push(async () => stand[Symbol.asyncDispose]());
    const session = await stand.open();
    closing.push(() => session.close());
    expect((await session.call(asking())).progress).toMatchObject({ count: 1 });
    await expect
      .poll(() => strays)
      .toEqual([
        { is: "answered", ours: token, inOrder: true },
        { is: "answered", ours: token, inOrder: true },
      ]);
  });

  test("a server that tells progress for ever still loses its caller at the maximum", async () => {
    const { hears } = hearing();
    const session = await toServer(
      (asked) => {
        asked.events();
        let value = 0;
        const again = setInterval(() => asked.response.write(eventOf(told(tokenOf(asked), (value += 1)))), 5);
        void asked.gone.then(() => clearInterval(again));
      },
      open,
      hears,
    );
    const startMs = performance.now();
    const answer = await session.call(asking({ timeoutMs: 300, resetOnProgress: { mostMs: 900 } }));
    expect(answer).toMatchObject({
      class: "timeout",
      outcome: "unknown",
      onTimeout: wire === "lean" ? "cancel" : "abandon",
    });
    expect(answer.progress?.count).toBeGreaterThan(1);
    expect(performance.now() - startMs).toBeGreaterThan(600);
  });

  test("progress keeps a slow call alive, past its timeout, where it begins that anew", async () => {
    const { hears } = hearing();
    const slow = (asked: Asked): void => {
      asked.events();
      let value = 0;
      const again = setInterval(() => {
        value += 1;
        asked.response.write(eventOf(value < 30 ? told(tokenOf(asked), value) : resultTo(asked, textResult("1"))));
        if (value === 30) clearInterval(again);
      }, 100);
      void asked.gone.then(() => clearInterval(again));
    };
    const session = await toServer(slow, open, hears);
    const reset = session.call(asking({ timeoutMs: 2000, resetOnProgress: { mostMs: 60_000 } }));
    const plain = session.call(asking({ timeoutMs: 2000 }, `${op}.2`));
    expect([(await reset).class, (await plain).class]).toEqual(["ok", "timeout"]);
  });
});

test("on the stream of its answer, progress behind it is surely late on the lean wire", async () => {
  const { strays, hears } = hearing();
  const session = await toServer(
    (asked) => asked.events(resultTo(asked, textResult("1")), told(tokenOf(asked), 1)),
    openLeanSession,
    hears,
  );
  expect((await session.call(asking())).progress).toEqual({ count: 0 });
  expect(strays).toEqual([{ is: "answered", ours: token, inOrder: true }]);
});

test("who has stopped waiting hears no more of it as its own", async () => {
  const { strays, hears } = hearing();
  const session = await toServer(
    (asked) => {
      asked.events();
      const again = setInterval(() => asked.response.write(eventOf(told(tokenOf(asked), 1))), 20);
      void asked.gone.then(() => clearInterval(again));
    },
    openLeanSession,
    hears,
  );
  expect((await session.call(asking({ timeoutMs: 100 }))).class).toBe("timeout");
  await expect.poll(() => strays.at(0)).toMatchObject({ is: "left", ours: token });
});

test("a flood of notifications is counted, and nothing of it kept", async () => {
  const { strays, hears } = hearing();
  const stand = await openStdioStand({
    call: `
      const token = message.params._meta.progressToken;
      const lines = (of) => Array.from({ length: 20000 }, (_, n) =>
        JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: of, progress: n + 1 } })).join("\\n") + "\\n";
      write(lines(token)); answer({ content: [] });`,
    wire: (options) => openLeanSession({ ...options, hears }),
  });
  closing.push(async () => stand[Symbol.asyncDispose]());
  const session = await stand.open();
  closing.push(() => session.close());
  const { progress } = await session.call(asking());
  expect(progress).toMatchObject({ count: 20_000 });
  expect(JSON.stringify(progress).length).toBeLessThan(200);
  expect(strays).toEqual([]);
});

describe("the patience that progress begins anew", () => {
  const limits = fc.record({
    timeoutMs: fc.integer({ min: 1, max: 5000 }),
    mostMs: fc.integer({ min: 1, max: 20_000 }),
  });

  test("never outlives its maximum, is never shorter than the plain one within it, and without progress is the plain one", () => {
    fc.assert(
      fc.property(limits, fc.array(fc.nat(20_000)), ({ timeoutMs, mostMs }, times) => {
        const plain = endsAfterMs({ timeoutMs });
        expect(plain).toBe(timeoutMs);
        expect(endsAfterMs({ timeoutMs, mostMs })).toBe(Math.min(timeoutMs, mostMs));
        for (const at of times) {
          const ends = endsAfterMs({ timeoutMs, mostMs }, at);
          expect(ends).toBeLessThanOrEqual(mostMs);
          expect(ends).toBeGreaterThanOrEqual(Math.min(timeoutMs, mostMs));
          expect(endsAfterMs({ timeoutMs }, at)).toBe(timeoutMs);
        }
      }),
    );
  });

  test("a call ends when the law says, whatever the moments of its progress", async () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 130 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.integer({ min: 100, max: 1200 }), async (between, mostMs) => {
        const timeoutMs = 100;
        const at = between.map((_, n) => between.slice(0, n + 1).reduce((sum, gap) => sum + gap, 0));
        // Each that comes before the end begins it anew.
        const expected = at.reduce(
          (end, moment) => (moment < end ? endsAfterMs({ timeoutMs, mostMs }, moment) : end),
          endsAfterMs({ timeoutMs, mostMs }),
        );
        expect(await endOf(at, { timeoutMs, mostMs })).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });
});

/** When a call ends that is told of its progress at these moments, on a clock that only the test moves. */
async function endOf(moments: readonly number[], about: { readonly timeoutMs: number; readonly mostMs: number }) {
  const world = fakeWorld();
  const { hears } = hearing();
  let listener: { onLine(line: Buffer): void } | undefined;
  const say = (value: object): void => listener?.onLine(Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...value })));
  const session = await openLeanSession({
    server: "far",
    timeoutMs: 1000,
    world,
    clientName: "squall",
    hears,
    pipe: {
      listen: (to) => {
        listener = to;
      },
      send: (line) => {
        const { id, method } = JSON.parse(line) as { readonly id?: number; readonly method: string };
        const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } };
        if (method === "initialize") queueMicrotask(() => say({ id, result }));
      },
      close: () => Promise.resolve(),
    },
  });
  const startMs = world.nowUs() / 1000;
  const { timeoutMs, mostMs } = about;
  const over: { endMs?: number } = {};
  const ended = session.call(asking({ timeoutMs, resetOnProgress: { mostMs } })).then((answer) => {
    over.endMs = world.nowUs() / 1000 - startMs;
    return answer;
  });
  for (const [index, moment] of [...moments, 1_000_000].entries()) {
    const now = world.nowUs() / 1000 - startMs;
    // In small steps, so that the moment of the end is seen.
    for (let at = now; at < Math.min(moment, 6000) && over.endMs === undefined; at += 1) await world.advance(1);
    if (over.endMs !== undefined) break;
    say(told(token, index + 1));
  }
  await ended;
  await session.close();
  return over.endMs;
}

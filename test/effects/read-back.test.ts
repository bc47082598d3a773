import { describe, expect, test } from "vitest";
import { openReadBack, type ReadBackOptions } from "../../src/effects/read-back.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { fakeWorld } from "../fake-world.ts";

const op = (walk: number): string => `0000f00d.planner.0.${walk}.0`;

/** A read-back of rows that a test sets, on a clock that a test moves. */
async function opened(rows: readonly unknown[], over: Partial<ReadBackOptions> = {}) {
  const world = fakeWorld();
  const events: Unstamped[] = [];
  const there = { rows, failing: undefined as string | undefined, reads: 0 };
  const reader = await openReadBack({
    effect: "order",
    ledger: "order by sql",
    source: {
      read: () => {
        there.reads += 1;
        return there.failing === undefined ? Promise.resolve(there.rows) : Promise.reject(new Error(there.failing));
      },
      close: () => Promise.resolve(),
    },
    rule: { content: [], keeps: true },
    rowsMax: 100,
    everyMs: 500,
    quietForMs: 1000,
    tracer: createTracer("0000f00d", ["planner"]),
    salt: "s",
    recorder: { record: (event) => (events.push(event), { id: "t:1", atUs: world.nowUs() }), nowUs: world.nowUs },
    world,
    signal: new AbortController().signal,
    ...over,
  });
  const effects = (): unknown[] =>
    events.flatMap((event) =>
      event.type === "effect" || event.type === "effect-gone" ? [[event.type, event.op]] : [],
    );
  return { world, events, there, reader, effects };
}

test("rows that were there before the run are not of this run, even those that name an op", async () => {
  const { world, there, reader, effects } = await opened([{ key: op(1) }, { key: "old" }]);
  const stop = new AbortController();
  void reader.follow(stop.signal);
  await world.advance(600);
  expect(effects()).toEqual([]);
  there.rows = [...there.rows, { key: op(2) }];
  await world.advance(1000);
  expect(effects()).toEqual([["effect", op(2)]]);
  stop.abort();
});

test("an effect lies between the start of the last read that did not show it and the end of the first that did", async () => {
  const { world, events, there, reader } = await opened([]);
  const stop = new AbortController();
  void reader.follow(stop.signal);
  await world.advance(1100);
  there.rows = [{ key: op(1) }];
  await world.advance(500);
  expect(events).toMatchObject([{ type: "effect", committedUs: [1_000_000, 1_500_000], key: op(1) }]);
  stop.abort();
});

test("nothing of a row is kept but the op that it names, its id and digests", async () => {
  const { world, events, there, reader } = await opened([], { rule: { id: "id", content: ["amount"], keeps: true } });
  there.rows = [{ id: 7, key: op(1), customer: "Ada Lovelace", amount: 4711 }];
  void reader.settle(new AbortController().signal);
  await world.advance(5000);
  expect(JSON.stringify(events)).not.toMatch(/Ada|4711/);
  expect(events).toMatchObject([
    { type: "effect", row: "7", key: op(1), content: [expect.stringMatching(/^[0-9a-f]{8}$/)] },
    { type: "ledger-read", quiet: true, rows: 1 },
  ]);
});

describe("a read that fails", () => {
  test("is a gap and never no rows: nothing has gone, and the next one goes on", async () => {
    const { world, events, there, reader, effects } = await opened([]);
    const stop = new AbortController();
    void reader.follow(stop.signal);
    there.rows = [{ key: op(1) }];
    await world.advance(600);
    there.failing = "it is down";
    await world.advance(1000);
    there.failing = undefined;
    await world.advance(1000);
    expect(effects()).toEqual([["effect", op(1)]]);
    expect(events.find(({ type }) => type === "ledger-read")).toMatchObject({
      failed: "it is down",
      quiet: false,
    });
    stop.abort();
  });

  test("at the end is tried again, and told only if it fails on and on", async () => {
    const { world, events, there, reader } = await opened([]);
    there.failing = "it is coming back";
    void reader.settle(new AbortController().signal);
    await world.advance(1000);
    there.failing = undefined;
    await world.advance(5000);
    expect(events).toMatchObject([{ type: "ledger-read", quiet: true }]);

    const gone = await opened([]);
    gone.there.failing = "it is gone";
    void gone.reader.settle(new AbortController().signal);
    await gone.world.advance(20_000);
    expect(gone.events).toMatchObject([{ type: "ledger-read", quiet: false, failed: "it is gone" }]);
  });

  test("is one that shows more rows than there is room for", async () => {
    const { world, events, there, reader } = await opened([], { rowsMax: 2 });
    there.rows = [{ key: op(1) }, { key: op(2) }, { key: op(3) }];
    void reader.settle(new AbortController().signal);
    await world.advance(20_000);
    expect(events).toMatchObject([{ type: "ledger-read", failed: expect.stringContaining("more than 2 rows") }]);
  });

  test("records nothing, so that no effect of it is recorded twice", async () => {
    const { world, events, there, reader, effects } = await opened([], {
      rowsMax: 10,
      rule: { count: "n", content: [], keeps: true },
    });
    const stop = new AbortController();
    void reader.follow(stop.signal);
    there.rows = [
      { key: op(1), n: 1 },
      { key: op(2), n: 1000 },
    ];
    await world.advance(3000);
    expect(effects()).toEqual([]);
    expect(events[0]).toMatchObject({ failed: "one row stands for 1000 effects, more than 10" });
    there.rows = there.rows.slice(0, 1);
    await world.advance(1000);
    expect(effects()).toEqual([["effect", op(1)]]);
    stop.abort();
  });

  test("is one that is never answered", async () => {
    let reads = 0;
    const hanging = {
      read: () => (reads++ === 0 ? Promise.resolve([]) : new Promise<never>(() => {})),
      close: () => Promise.resolve(),
    };
    const { world, events, reader } = await opened([], { source: hanging });
    void reader.settle(new AbortController().signal);
    await world.advance(200_000);
    expect(events).toMatchObject([{ type: "ledger-read", failed: "no answer within 10000 ms" }]);
  });
});

test("the first read may fail for a while, for a database that is only just starting", async () => {
  let reads = 0;
  const world = fakeWorld();
  const source = {
    read: () => (reads++ < 3 ? Promise.reject(new Error("starting up")) : Promise.resolve([])),
    close: () => Promise.resolve(),
  };
  const open = opened([], { source, world });
  await world.advance(2000);
  await open;
  expect(reads).toBe(4);
});

test("quiet is by content: as many rows, but others, are not quiet", async () => {
  const { world, events, there, reader } = await opened([]);
  void reader.settle(new AbortController().signal);
  for (let n = 1; n <= 6; n += 1) {
    there.rows = [{ key: op(n) }];
    await world.advance(500);
  }
  expect(events.filter(({ type }) => type === "ledger-read")).toEqual([]);
  await world.advance(2000);
  expect(events.at(-1)).toMatchObject({ type: "ledger-read", quiet: true, rows: 1 });
});

test("rows that go are told, unless the scenario says that they do", async () => {
  const kept = await opened([]);
  const forgetful = await opened([], { rule: { content: [], keeps: false } });
  for (const { world, there, reader } of [kept, forgetful]) {
    void reader.settle(new AbortController().signal);
    there.rows = [{ key: op(1) }];
    await world.advance(300);
    there.rows = [{ key: op(2) }];
    await world.advance(5000);
  }
  expect(kept.effects()).toEqual([
    ["effect", op(1)],
    ["effect-gone", op(1)],
    ["effect", op(2)],
  ]);
  expect(forgetful.effects()).toEqual([
    ["effect", op(1)],
    ["effect", op(2)],
  ]);
});

test("a total tells how much it has grown, also where it has gone back meanwhile", async () => {
  const { world, events, there, reader } = await opened([{ n: 10 }], { rule: { total: "n" } });
  void reader.settle(new AbortController().signal);
  there.rows = [{ n: 13 }];
  await world.advance(300);
  there.rows = [{ n: 12 }];
  await world.advance(5000);
  expect(events.map(({ type }) => type)).toEqual(["effect", "effect", "effect", "ledger-read"]);
  expect(events.at(-1)).toMatchObject({ grown: 2, quiet: true });
});

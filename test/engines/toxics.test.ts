/** What each toxic does to one direction of one connection, to the millisecond. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findToxicKind } from "../../src/engines/embedded/toxics/registry.ts";
import { punctualTimers } from "../../src/world.ts";
import { fakeWorld, type FakeWorld } from "../fake-world.ts";
import { rig, updated } from "./chain-rig.ts";

const bytesAt = (arrived: ReturnType<typeof rig>["arrived"]): [number, number][] =>
  arrived.map(({ data, atMs }) => [atMs, data.length]);

describe("bandwidth", () => {
  test("sends each chunk once its time is up, and what is worth more than 100 ms in pieces", async () => {
    const { chain, toxic, send, advance, arrived, received } = rig();
    chain.add(toxic("bandwidth", { rate: 10 }));
    const sent = "0123456789".repeat(250);
    send(sent.slice(0, 500));
    send(sent.slice(500));
    chain.end();
    await advance(1000);
    expect(bytesAt(arrived)).toEqual([
      [50, 500],
      [150, 1000],
      [250, 1000],
    ]);
    expect(received()).toBe(sent);
  });

  test("counts only the time in which there was something to send", async () => {
    const { chain, toxic, send, advance, arrived } = rig();
    chain.add(toxic("bandwidth", { rate: 10 }));
    await advance(10_000);
    send(Buffer.alloc(2000));
    await advance(1000);
    expect(bytesAt(arrived)).toEqual([
      [10_100, 1000],
      [10_200, 1000],
    ]);
  });

  test("makes up for a timer that was late, so that the rate holds on the whole", async () => {
    const fake = fakeWorld();
    const late: FakeWorld = { ...fake, timer: (ms, fire) => fake.timer(ms + 7, fire) };
    const { chain, toxic, send, advance, arrived } = rig({ fake: late });
    chain.add(toxic("bandwidth", { rate: 10 }));
    send(Buffer.alloc(10_000));
    await advance(2000);
    expect(arrived).toHaveLength(10);
    expect(arrived.at(-1)?.atMs).toBe(1007);
  });

  test("of 0 lets nothing pass, not even the end, until it is removed", async () => {
    const { chain, toxic, send, advance, received, ends } = rig();
    const stopped = toxic("bandwidth");
    chain.add(stopped);
    send("a");
    send("b");
    chain.end();
    await advance(3_600_000);
    expect(received()).toBe("");
    chain.remove(stopped);
    expect(received()).toBe("ab");
    expect(ends()).toBe(1);
  });

  test("stops its source: one chunk is on the line and one waits", () => {
    const { chain, toxic, send, unsent } = rig();
    chain.add(toxic("bandwidth", { rate: 1 }));
    for (let sent = 0; sent < 10; sent += 1) send(Buffer.alloc(1000));
    expect(unsent()).toBe(8);
  });

  test("an update sends the rest of the piece at once and goes on at the new rate", async () => {
    const { chain, toxic, send, advance, arrived } = rig();
    const slow = toxic("bandwidth", { rate: 1 });
    chain.add(slow);
    send(Buffer.alloc(400));
    send(Buffer.alloc(100));
    await advance(150);
    chain.update(updated(slow, { rate: 10 }));
    await advance(100);
    expect(bytesAt(arrived)).toEqual([
      [100, 100],
      [150, 300],
      [160, 100],
    ]);
  });

  test("hides a latency that comes after it, and adds to one that comes before", async () => {
    const endOf = async (order: readonly string[]): Promise<number | undefined> => {
      const { chain, toxic, send, advance, arrived } = rig();
      for (const type of order) chain.add(toxic(type, type === "latency" ? { latency: 100 } : { rate: 100 }));
      send(Buffer.alloc(20_000));
      await advance(1000);
      return arrived.at(-1)?.atMs;
    };
    expect(await endOf(["bandwidth", "latency"])).toBe(200);
    expect(await endOf(["latency", "bandwidth"])).toBe(300);
  });
});

describe("slow_close", () => {
  test("lets data through and delays the end alone", async () => {
    const { chain, toxic, send, advance, arrived, ends } = rig();
    chain.add(toxic("slow_close", { delay: 100 }));
    send("data");
    expect(bytesAt(arrived)).toEqual([[0, 4]]);
    chain.end();
    await advance(99);
    expect(ends()).toBe(0);
    await advance(1);
    expect(ends()).toBe(1);
  });

  test("removed midway closes at once; updated midway waits anew", async () => {
    const { chain, toxic, advance, ends } = rig();
    const slow = toxic("slow_close", { delay: 100 });
    chain.add(slow);
    chain.end();
    await advance(90);
    chain.update(updated(slow, { delay: 50 }));
    await advance(49);
    expect(ends()).toBe(0);
    chain.remove(slow);
    expect(ends()).toBe(1);
  });
});

describe("limit_data", () => {
  test.for<[bytes: number, passed: string, ends: number]>([
    [0, "", 1],
    [3, "abc", 1],
    [4, "abcd", 1],
    [6, "abcdef", 1],
    [8, "abcdefgh", 1],
    [9, "abcdefgh", 0],
  ])("of %i lets %j of eight bytes pass and ends %i times", ([bytes, passed, ended]) => {
    const { chain, toxic, send, received, ends } = rig();
    chain.add(toxic("limit_data", { bytes }));
    expect(ends()).toBe(0);
    send("abcd");
    send("efgh");
    expect(received()).toBe(passed);
    expect(ends()).toBe(ended);
  });

  test("keeps its count over updates, and closes at the next data where it has passed more already", () => {
    const { chain, toxic, send, received, ends } = rig();
    const limit = toxic("limit_data", { bytes: 3 });
    chain.add(limit);
    send("ab");
    chain.update(updated(limit, { bytes: 5 }));
    send("cd");
    chain.update(updated(limit, { bytes: 1 }));
    expect(ends()).toBe(0);
    send("e");
    expect(received()).toBe("abcd");
    expect(ends()).toBe(1);
  });

  test("counts from when it was added, and not while its toxicity spares the connection", () => {
    const { chain, toxic, send, received, ends } = rig();
    send("before");
    const limit = toxic("limit_data", { bytes: 3 }, 0);
    chain.add(limit);
    send("spared");
    chain.update(updated(limit, { bytes: 3 }, 1));
    send("limited");
    expect(received()).toBe("beforesparedlim");
    expect(ends()).toBe(1);
  });

  test("an end that comes before the limit passes", () => {
    const { chain, toxic, send, received, ends } = rig();
    chain.add(toxic("limit_data", { bytes: 100 }));
    send("all");
    chain.end();
    expect(received()).toBe("all");
    expect(ends()).toBe(1);
  });
});

describe("slicer", () => {
  const slicer = { average_size: 100, size_variation: 20, delay: 5000 };

  test("waits after every piece, also after the last", async () => {
    const { chain, toxic, send, advance, arrived, ends } = rig();
    chain.add(toxic("slicer", { average_size: 100, delay: 5000 }));
    send(Buffer.alloc(200));
    send(Buffer.alloc(50));
    chain.end();
    await advance(100);
    expect(bytesAt(arrived)).toEqual([
      [0, 100],
      [5, 100],
      [10, 50],
    ]);
    expect(ends()).toBe(1);
  });

  test("an update or a removal sends the pieces that wait as one", async () => {
    for (const change of ["update", "remove"] as const) {
      const { chain, toxic, send, advance, arrived } = rig();
      const slices = toxic("slicer", { average_size: 100, delay: 5000 });
      chain.add(slices);
      send(Buffer.alloc(800));
      await advance(12);
      chain[change](change === "update" ? updated(slices, slicer) : slices);
      await advance(100);
      expect(bytesAt(arrived)).toEqual([
        [0, 100],
        [5, 100],
        [10, 100],
        [12, 500],
      ]);
    }
  });

  test("cuts the same for the same seed", async () => {
    const cut = async (seed: number): Promise<number[]> => {
      const { chain, toxic, send, advance, arrived } = rig({ seed });
      chain.add(toxic("slicer", slicer));
      send(Buffer.alloc(10_000));
      await advance(10_000);
      return arrived.map(({ data }) => data.length);
    };
    expect(await cut(1)).toEqual(await cut(1));
    expect(await cut(1)).not.toEqual(await cut(2));
  });

  test("whatever it is told: bytes are the same, no piece is empty or larger than average and variation", async () => {
    const sizes = fc.integer({ min: 1, max: 300 }).chain((average) => fc.tuple(fc.constant(average), fc.nat(average)));
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.nat(70_000),
        fc.constantFrom(0, 10),
        fc.integer(),
        async (given, bytes, delay, seed) => {
          const [average, variation] = given;
          const { chain, toxic, send, advance, arrived, received, unsent } = rig({ seed });
          chain.add(toxic("slicer", { average_size: average, size_variation: variation, delay }));
          const sent = Buffer.from(
            Array.from({ length: Math.min(bytes, average * 200) }, (_, index) => 32 + (index % 90)),
          );
          send(sent);
          while (unsent() > 0) await advance(100);
          await advance(1000);
          expect(received() === sent.toString()).toBe(true);
          const pieces = arrived.map(({ data }) => data.length);
          expect(Math.min(1, ...pieces)).toBe(1);
          expect(Math.max(0, ...pieces)).toBeLessThanOrEqual(average + variation);
        },
      ),
      { numRuns: 100 },
    );
  }, 30_000);
});

test("noop does nothing", () => {
  const { chain, toxic, send, received, ends } = rig();
  chain.add(toxic("noop"));
  send("as it is");
  chain.end();
  expect(received()).toBe("as it is");
  expect(ends()).toBe(1);
});

describe("inputs that would end the real server", () => {
  test.for<[type: string, attributes: object, says: string]>([
    ["bandwidth", { rate: -1 }, "rate"],
    ["slicer", {}, "expected at least 1 byte, got 0"],
    ["slicer", { average_size: 0, size_variation: 10 }, "expected at least 1 byte, got 0"],
    ["slicer", { average_size: 100, size_variation: 101 }, "expected at most average_size"],
    ["slicer", { average_size: -100 }, "average_size"],
    ["limit_data", { bytes: -1 }, "bytes"],
    ["slow_close", { delay: -1 }, "delay"],
  ])("%s %j is refused", ([type, attributes, says]) => {
    expect(() => findToxicKind(type)?.prepare(attributes)).toThrow(says);
  });
});

/** A clock whose timers fire up to a millisecond early, as Node's do. */
function hastyWorld(early: readonly number[]): FakeWorld {
  const fake = fakeWorld();
  let armed = 0;
  const after = (ms: number, call: () => void): ReturnType<FakeWorld["timer"]> => {
    armed += 1;
    return fake.timer(Math.max(0, ms - (early[armed % early.length] ?? 0)), call);
  };
  return { ...fake, timer: punctualTimers({ nowUs: fake.nowUs, after, forget: (timer) => timer.cancel() }) };
}

const writes = fc.array(fc.tuple(fc.double({ min: 0, max: 40, noNaN: true }), fc.integer({ min: 1, max: 40_000 })), {
  minLength: 1,
  maxLength: 20,
});
const early = fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 7 });

describe("over a clock whose timers fire early", () => {
  test("no byte leaves before its latency", async () => {
    await fc.assert(
      fc.asyncProperty(
        writes,
        early,
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        async (sent, hurry, latency, jitter) => {
          const { chain, toxic, send, advance, arrived, world } = rig({ fake: hastyWorld(hurry) });
          chain.add(toxic("latency", { latency: latency + jitter, jitter }));
          const dueMs: number[] = [];
          for (const [gapMs, bytes] of sent) {
            await advance(gapMs);
            for (let chunk = 0; chunk < bytes; chunk += 32_768) dueMs.push(world.nowUs() / 1000 + latency);
            send(Buffer.alloc(bytes));
          }
          await advance(10_000);
          expect(arrived).toHaveLength(dueMs.length);
          // A clock of floating microseconds errs in its last digits.
          arrived.forEach(({ atMs }, nth) => expect(atMs + 1e-6).toBeGreaterThanOrEqual(dueMs[nth] ?? 0));
        },
      ),
      { numRuns: 100 },
    );
  });

  test("a bandwidth never lets more pass than its rate allows", async () => {
    await fc.assert(
      fc.asyncProperty(writes, early, fc.integer({ min: 1, max: 3000 }), async (sent, hurry, rate) => {
        const { chain, toxic, send, advance, arrived, unsent } = rig({ fake: hastyWorld(hurry) });
        chain.add(toxic("bandwidth", { rate }));
        let total = 0;
        for (const [gapMs, bytes] of sent) {
          await advance(gapMs);
          send(Buffer.alloc(bytes));
          total += bytes;
        }
        while (unsent() > 0) await advance(32_768 / rate);
        await advance(100_000);
        let passed = 0;
        for (const { data, atMs } of arrived) {
          passed += data.length;
          expect(passed).toBeLessThanOrEqual(atMs * rate + 1e-3);
        }
        expect(passed).toBe(total);
      }),
      { numRuns: 60 },
    );
  });
});

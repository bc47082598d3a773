import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LiveToxic } from "../../src/engines/embedded/toxics/toxic.ts";
import { rig, updated, withRoom } from "./chain-rig.ts";

/** How late each of fifty chunks left, with a latency of 100 and a jitter of 40. */
async function delays(seed: number): Promise<number[]> {
  const { chain, toxic, send, advance, arrived, received } = rig({ seed });
  chain.add(toxic("latency", { latency: 100, jitter: 40 }));
  for (let sent = 0; sent < 50; sent += 1) {
    send(String.fromCodePoint(33 + sent));
    await advance(200);
  }
  expect(received()).toBe(Array.from({ length: 50 }, (_, sent) => String.fromCodePoint(33 + sent)).join(""));
  return arrived.map(({ atMs }, sent) => atMs - sent * 200);
}

describe("a chain", () => {
  test("without toxics hands everything on at once and as it came", () => {
    const { chain, send, arrived, ends } = rig();
    const data = Buffer.alloc(70_000, "abc");
    send(data);
    chain.end();
    expect(arrived.map((arrival) => arrival.data.length)).toEqual([70_000]);
    expect(ends()).toBe(1);
  });

  test("with a toxic cuts what comes into chunks of at most 32 KiB, as the real server reads them", () => {
    const { chain, send, toxic, arrived, ends } = rig();
    chain.add(toxic("latency", { latency: 0 }));
    const data = Buffer.alloc(70_000, "abc");
    send(data);
    chain.end();
    expect(arrived.map((arrival) => arrival.data.length)).toEqual([32_768, 32_768, 4464]);
    expect(Buffer.concat(arrived.map((arrival) => arrival.data)).equals(data)).toBe(true);
    expect(ends()).toBe(1);
  });

  test("stops the source while the sink is full, and wakes it when a toxic makes room", async () => {
    const { chain, send, stopSink, unsent, toxic, flush, received } = rig();
    stopSink(true);
    send("a");
    send("b");
    expect(unsent()).toBe(1);
    chain.add(toxic("latency"));
    flush();
    expect(unsent()).toBe(0);
    stopSink(false);
    expect(received()).toBe("ab");
  });

  test("hears of the end once only, also where a toxic closed before the source did", async () => {
    const { chain, toxic, send, advance, ends } = rig();
    chain.add(toxic("timeout", { timeout: 10 }));
    await advance(10);
    send("too late");
    chain.end();
    expect(ends()).toBe(1);
  });

  test("starts no toxic once it has ended", () => {
    const { chain, toxic, timers } = rig();
    chain.end();
    chain.add(toxic("timeout", { timeout: 10 }));
    expect(timers()).toBe(0);
  });

  test("whose sink is gone drops what it holds and calls nobody", async () => {
    const { chain, toxic, send, advance, arrived, ends, timers } = rig();
    chain.add(toxic("latency", { latency: 10 }));
    send("a");
    chain.end();
    expect(timers()).toBe(1);
    chain.discard();
    expect(timers()).toBe(0);
    await advance(100);
    expect(arrived).toEqual([]);
    expect(ends()).toBe(0);
  });

  test("lets nothing pass after the end that a toxic has made, also when that toxic is removed", async () => {
    const { chain, toxic, send, advance, received, ends } = rig();
    const reset = toxic("reset_peer", {}, 0);
    chain.add(reset);
    chain.add(toxic("latency", { latency: 100 }));
    send("before");
    chain.update(updated(reset, {}));
    send("swallowed");
    chain.remove(reset);
    send("after");
    await advance(1000);
    expect(received()).toBe("before");
    expect(ends()).toBe(1);
  });
});

describe("latency", () => {
  test("counts from the arrival of each chunk, and delays of two toxics add up", async () => {
    const { chain, toxic, send, advance, arrived } = rig();
    chain.add(toxic("latency", { latency: 50 }));
    chain.add(toxic("latency", { latency: 100 }));
    send("a");
    await advance(30);
    send("b");
    await advance(300);
    expect(arrived.map(({ data, atMs }) => [data.toString(), atMs])).toEqual([
      ["a", 150],
      ["b", 180],
    ]);
  });

  test("varies by its jitter, never overtakes, and draws the same for the same seed", async () => {
    const first = await delays(7);
    expect(await delays(7)).toEqual(first);
    expect(await delays(8)).not.toEqual(first);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(60);
    expect(Math.max(...first)).toBeLessThanOrEqual(139);
    expect(new Set(first).size).toBeGreaterThan(20);
  });

  test("lets the source run on for 1024 chunks and no further, and goes on when they have left", async () => {
    const { chain, toxic, send, advance, unsent, arrived } = rig();
    chain.add(toxic("latency", { latency: 1000 }));
    for (let sent = 0; sent < 3000; sent += 1) send("x");
    expect(3000 - unsent()).toBe(1025);
    await advance(1000);
    await advance(1000);
    expect(arrived.length).toBeGreaterThanOrEqual(2049);
    await advance(2000);
    expect(arrived).toHaveLength(3000);
  });

  test("an update releases the chunk that was held and treats the others anew", async () => {
    const { chain, toxic, send, advance, received } = rig();
    const slow = toxic("latency", { latency: 1000 });
    chain.add(slow);
    send("a");
    send("b");
    chain.update(updated(slow, { latency: 300 }));
    expect(received()).toBe("a");
    await advance(299);
    expect(received()).toBe("a");
    await advance(1);
    expect(received()).toBe("ab");
  });

  test("removed in the middle, passes what it holds to the next toxic, which still delays it", async () => {
    const { chain, toxic, send, advance, arrived, ends } = rig();
    const slow = toxic("latency", { latency: 1000 });
    chain.add(slow);
    chain.add(toxic("latency", { latency: 50 }));
    send("a");
    send("b");
    chain.end();
    await advance(10);
    chain.remove(slow);
    expect(arrived).toEqual([]);
    await advance(40);
    expect(arrived.map(({ data, atMs }) => [data.toString(), atMs])).toEqual([
      ["a", 50],
      ["b", 50],
    ]);
    expect(ends()).toBe(1);
  });
});

test("what a removed toxic held is not overtaken by what the toxic before it could not hand on", () => {
  const { chain, toxic, send, received } = rig();
  const slow = withRoom(toxic("latency", { latency: 1000 }), 1);
  chain.add(withRoom(toxic("latency"), 1));
  chain.add(slow);
  chain.add(withRoom(toxic("latency"), 1));
  for (const data of "abcd") send(data);
  chain.remove(slow);
  expect(received()).toBe("abc");
});

describe("timeout", () => {
  test("keeps dropping data behind a sink that is full", () => {
    const { chain, toxic, send, stopSink, unsent } = rig();
    chain.add(toxic("timeout"));
    stopSink(true);
    for (let sent = 0; sent < 100; sent += 1) send("x");
    expect(unsent()).toBe(0);
  });

  test("an update starts the wait anew", async () => {
    const { chain, toxic, advance, ends } = rig();
    const silence = toxic("timeout", { timeout: 100 });
    chain.add(silence);
    await advance(90);
    chain.update(updated(silence, { timeout: 50 }));
    await advance(49);
    expect(ends()).toBe(0);
    await advance(1);
    expect(ends()).toBe(1);
  });
});

describe("reset_peer", () => {
  test("an update keeps what it swallowed from getting through", async () => {
    const { chain, toxic, send, advance, received, ends } = rig();
    const reset = toxic("reset_peer", { timeout: 1000 });
    chain.add(reset);
    send("request");
    chain.update(updated(reset, { timeout: 10 }));
    await advance(10);
    expect(received()).toBe("");
    expect(ends()).toBe(1);
  });

  test("removed while it waits after an end, lets the end through", async () => {
    const { chain, toxic, advance, ends } = rig();
    const reset = toxic("reset_peer", { timeout: 1000 });
    chain.add(reset);
    chain.end();
    await advance(10);
    expect(ends()).toBe(0);
    chain.remove(reset);
    expect(ends()).toBe(1);
  });
});

describe("toxicity", () => {
  test("is drawn again by an update, and stays as drawn until then", async () => {
    const { chain, toxic, send, received } = rig();
    const spared = toxic("latency", { latency: 1000 }, 0);
    chain.add(spared);
    send("a");
    expect(received()).toBe("a");
    chain.update(updated(spared, { latency: 1000 }, 1));
    send("b");
    expect(received()).toBe("a");
    chain.update(updated(spared, { latency: 1000 }, 0));
    expect(received()).toBe("ab");
  });
});

type Step =
  | { readonly do: "send"; readonly bytes: number }
  | { readonly do: "advance"; readonly ms: number }
  | {
      readonly do: "add";
      readonly latency: number;
      readonly jitter: number;
      readonly toxicity: number;
      readonly room: number;
    }
  | { readonly do: "update"; readonly which: number; readonly latency: number }
  | { readonly do: "remove"; readonly which: number }
  | { readonly do: "stop-sink"; readonly full: boolean };

const ms = fc.oneof(fc.constant(0), fc.nat({ max: 300 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("send"), bytes: fc.oneof(ms, fc.nat({ max: 100_000 })) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("advance"), ms }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("add"),
      latency: ms,
      jitter: ms,
      toxicity: fc.constantFrom(0, 0.5, 1),
      room: fc.constantFrom(1, 2, 1024),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("update"), which: fc.nat({ max: 5 }), latency: ms }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove"), which: fc.nat({ max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop-sink"), full: fc.boolean() }) },
);

describe("whatever happens to the latencies on a chain", () => {
  test("every byte arrives, once and in order, and then the end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer(), async (steps, seed) => {
        const { chain, send, advance, stopSink, toxic, flush, unsent, received, ends } = rig({ seed });
        const live: LiveToxic[] = [];
        let sent = "";
        for (const now of steps) {
          const at = "which" in now && live.length > 0 ? now.which % live.length : -1;
          const chosen = live[at];
          if (now.do === "send") {
            // Each position has its own digits, so that neither loss nor disorder can hide.
            const data = Array.from({ length: now.bytes }, (_, index) => (sent.length + index) % 7919)
              .join(",")
              .slice(0, now.bytes);
            sent += data;
            send(data);
          } else if (now.do === "advance") await advance(now.ms);
          else if (now.do === "stop-sink") stopSink(now.full);
          else if (now.do === "add") {
            const { latency, jitter, toxicity, room } = now;
            const added = withRoom(toxic("latency", { latency, jitter }, toxicity), room);
            live.push(added);
            chain.add(added);
          } else if (chosen !== undefined && now.do === "update") {
            live[at] = updated(chosen, { latency: now.latency });
            chain.update(live[at]);
          } else if (chosen !== undefined && now.do === "remove") {
            live.splice(at, 1);
            chain.remove(chosen);
          }
          flush();
        }
        expect(sent.startsWith(received())).toBe(true);
        stopSink(false);
        for (let tries = 0; unsent() > 0 && tries < 1000; tries += 1) await advance(700);
        chain.end();
        await advance(60_000);
        expect(received() === sent).toBe(true);
        expect(ends()).toBe(1);
      }),
      { numRuns: 200 },
    );
  });

  test("no byte leaves before its delay", async () => {
    const gaps = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 70_000 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.array(ms, { minLength: 1, maxLength: 3 }), async (writes, latencies) => {
        const { chain, send, advance, toxic, arrived, world } = rig();
        for (const latency of latencies) chain.add(toxic("latency", { latency }));
        const totalMs = latencies.reduce((sum, latency) => sum + latency, 0);
        const dueMs: number[] = [];
        for (const [gapMs, bytes] of writes) {
          await advance(gapMs);
          for (let chunk = 0; chunk < bytes; chunk += 32_768) dueMs.push(world.nowUs() / 1000 + totalMs);
          send(Buffer.alloc(bytes));
        }
        await advance(10_000);
        expect(arrived.map(({ atMs }) => atMs)).toEqual(dueMs);
      }),
      { numRuns: 100 },
    );
  });
});

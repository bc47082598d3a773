import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { realWorld, seededRandom } from "../src/world.ts";

describe("sleeping", () => {
  test("lasts as long as it should, never less", async () => {
    for (const ms of [0, 0.4, 1, 3.5, 12]) {
      const startedUs = realWorld.nowUs();
      expect(await realWorld.sleep(ms)).toBe(true);
      expect(realWorld.nowUs() - startedUs).toBeGreaterThanOrEqual(ms * 1000);
    }
  });

  test("a signal wakes all who sleep on it, and those only", async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const sleepers = Array.from({ length: 100 }, () => realWorld.sleep(60_000, one.signal));
    const short = realWorld.sleep(30, other.signal);
    // Every listener more would be walked over by whoever comes next.
    expect(getEventListeners(one.signal, "abort")).toHaveLength(1);
    one.abort();
    expect(new Set(await Promise.all(sleepers))).toEqual(new Set([false]));
    expect(await short).toBe(true);
    expect(await realWorld.sleep(60_000, one.signal)).toBe(false);
  });

  test("a cancelled timer does not fire", async () => {
    const fired: string[] = [];
    const running = realWorld.timer(5, () => fired.push("cancelled"));
    realWorld.timer(10, () => fired.push("kept"));
    running.cancel();
    await realWorld.sleep(30);
    expect(fired).toEqual(["kept"]);
  });
});

test("the same keys give the same draws, whenever they are drawn", () => {
  const [early, late] = [seededRandom(42, "walk", 1), seededRandom(42, "walk", 1)];
  const drawn = [early.next(), early.integer(1, 100)];
  seededRandom(42, "walk", 2).next();
  expect([late.next(), late.integer(1, 100)]).toEqual(drawn);
  expect(seededRandom(42, "walk", 2).next()).not.toBe(drawn[0]);
});

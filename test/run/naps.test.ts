import fc from "fast-check";
import { expect, test } from "vitest";
import { napsUntil } from "../../src/run/naps.ts";
import { fakeWorld } from "../fake-world.ts";

test("whoever's time is up before the signal sleeps it out, everybody else is woken by it at once", async () => {
  const sleeps = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sleeps, fc.integer({ min: 1, max: 100 }), async (lengths, abortMs) => {
      const world = fakeWorld();
      const stopping = new AbortController();
      const nap = napsUntil(stopping.signal, world);
      const woken: (readonly [sleptMs: number, whole: boolean])[] = [];
      const all = lengths.map(async (ms, index) => {
        const whole = await nap(ms);
        woken[index] = [world.nowUs() / 1000, whole];
      });
      await world.advance(abortMs);
      stopping.abort();
      await Promise.all(all);
      expect(woken).toEqual(lengths.map((ms) => (ms <= abortMs ? [ms, true] : [abortMs, false])));
      expect(await nap(5)).toBe(false);
    }),
  );
});

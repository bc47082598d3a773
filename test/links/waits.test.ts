import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createWaits } from "../../src/links/waits.ts";

function waitsWithClock() {
  let nowUs = 0;
  const waits = createWaits(() => nowUs);
  return {
    waits,
    at: (us: number) => {
      nowUs = us;
    },
    addMs: (ms: number) => waits.add({ sentUs: nowUs, answeredUs: nowUs + ms * 1000 }),
  };
}

test("no wait seen means that nothing is usual", () => {
  expect(waitsWithClock().waits.usualMs()).toBeUndefined();
});

test("the usual wait is the median of the newest 64", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 200 }), (all) => {
      const { waits, addMs } = waitsWithClock();
      for (const ms of all) addMs(ms);
      const sorted = all.slice(-64).toSorted((a, b) => a - b);
      const middle = (sorted.length - 1) / 2;
      const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
      expect(waits.usualMs()).toBe(median);
    }),
  );
});

test("waits under a disturbance, or begun under one, are not usual", () => {
  const { waits, at, addMs } = waitsWithClock();
  addMs(10);
  const calmFirst = waits.disturb();
  const calmSecond = waits.disturb();
  addMs(500);
  calmFirst();
  calmFirst();
  addMs(500);
  at(1000);
  calmSecond();
  waits.add({ sentUs: 999, answeredUs: 500_000 });
  expect(waits.usualMs()).toBe(10);
  addMs(30);
  expect(waits.usualMs()).toBe(20);
});

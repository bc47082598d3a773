import { expect, test } from "vitest";
import { synchrony } from "../../src/measure/synchrony.ts";
import { seededRandom } from "../../src/world.ts";

const spread = (count: number, withinUs: number): number[] => {
  const random = seededRandom("synchrony", count, withinUs);
  return Array.from({ length: count }, () => random.integer(0, withinUs - 1));
};

test("events that know nothing of each other score about 1", () => {
  expect(synchrony(spread(2000, 10_000_000))).toBeCloseTo(1, 0);
});

test("events that all come at one moment score about their number", () => {
  expect(synchrony(Array.from({ length: 200 }, () => 5_000_000))).toBeCloseTo(196, 0);
});

test("the more events are spread, the less they score", () => {
  const scores = [20_000, 100_000, 300_000, 1_000_000].map((withinUs) => synchrony(spread(200, withinUs)) ?? 0);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(scores.at(-1)).toBeLessThan(2);
});

test("no event, no score", () => expect(synchrony([])).toBeUndefined());

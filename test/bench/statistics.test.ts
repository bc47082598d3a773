import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inBlocks, median, medianInterval, slopeOf, spreadOf } from "../../scripts/bench/statistics.ts";

describe("a spread", () => {
  test("is the median with the least and the greatest", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  test("of nothing, or with something that is no number, is none", () => {
    expect(spreadOf([])).toBeUndefined();
    expect(spreadOf([1, Number.NaN])).toBeUndefined();
    expect(spreadOf([1, Number.POSITIVE_INFINITY])).toBeUndefined();
  });

  test("has its median between its ends, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const spread = spreadOf(values);
        expect(spread).toEqual(spreadOf(values.toReversed()));
        expect(spread?.min).toBeLessThanOrEqual(median(values));
        expect(spread?.max).toBeGreaterThanOrEqual(median(values));
      }),
    );
  });
});

describe("the interval of a median", () => {
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => n - index);

  // The table of the sign test: with 9 values one may lie outside at each end, with 20 five.
  test.each([
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [20, 6, 15],
  ])("of %i values is known from tables", (n, low, high) => {
    expect(medianInterval(upTo(n))).toEqual({ low, high });
  });

  test("needs six values", () => {
    expect(medianInterval(upTo(5))).toBeUndefined();
  });
});

const line = (slope: number, noise: (x: number) => number) =>
  Array.from({ length: 20 }, (_, x) => ({ x, y: 100 + slope * x + noise(x) }));
const upAndDown = (x: number): number => (x % 2 === 0 ? 3 : -3);

describe("a slope", () => {
  test("of points on a line is the line's, and its interval has no width", () => {
    const { slope, low, high } = slopeOf(line(2, () => 0));
    for (const value of [slope, low, high]) expect(value).toBeCloseTo(2, 9);
  });

  test("of noise around a level holds zero in its interval, of noise around a rise it does not", () => {
    const level = slopeOf(line(0, upAndDown));
    expect(level.low).toBeLessThan(0);
    expect(level.high).toBeGreaterThan(0);
    const rise = slopeOf(line(1, upAndDown));
    expect(rise.low).toBeGreaterThan(0);
    expect(rise.high).toBeGreaterThan(1);
  });

  test("has the interval that a table of Student's t gives", () => {
    // 5 points, 3 degrees of freedom, t 3.182: y = x + (1, -1, 0, -1, 1).
    const points = [1, -1, 0, -1, 1].map((off, x) => ({ x, y: x + off }));
    const { slope, high } = slopeOf(points);
    expect(slope).toBeCloseTo(1, 9);
    expect((high - slope) / (3.182 * Math.sqrt(4 / 3 / 10))).toBeCloseTo(1, 1);
  });

  test("needs three points", () => {
    expect(() => slopeOf([{ x: 0, y: 0 }])).toThrow("at least 3 points");
  });
});

describe("blocks", () => {
  test("join neighbours, each to its median, and leave nothing out", () => {
    const points = [1, 9, 2, 4, 4, 4, 7].map((y, x) => ({ x, y }));
    expect(inBlocks(points, 2)).toEqual([
      { x: 1, y: 2 },
      { x: 4.5, y: 4 },
    ]);
  });

  test("need as many samples", () => {
    expect(() => inBlocks([{ x: 0, y: 0 }], 2)).toThrow("1 samples do not make 2 blocks");
  });
});

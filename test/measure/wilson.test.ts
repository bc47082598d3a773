import fc from "fast-check";
import { expect, test } from "vitest";
import { wilson } from "../../src/measure/wilson.ts";

test.each([
  [0, 0, 0, 1],
  [0, 5, 0, 0.4345],
  [5, 5, 0.5655, 1],
  [1, 2, 0.0945, 0.9055],
  // Newcombe 1998, table I.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
])("%i of %i: %f to %f", (k, n, low, high) => {
  const share = wilson(k, n);
  expect(share.low).toBeCloseTo(low, 4);
  expect(share.high).toBeCloseTo(high, 4);
});

test("the interval holds the share, lies within 0 and 1, mirrors, and narrows with more trials", () => {
  const counts = fc
    .integer({ min: 1, max: 1000 })
    .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
  fc.assert(
    fc.property(counts, ([k, n]) => {
      const { low, high } = wilson(k, n);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(low).toBeLessThanOrEqual(k / n);
      expect(high).toBeGreaterThanOrEqual(k / n);
      expect(high).toBeLessThanOrEqual(1);
      expect(wilson(n - k, n).low).toBeCloseTo(1 - high, 10);
      const more = wilson(k * 4, n * 4);
      expect(more.high - more.low).toBeLessThan(high - low);
    }),
  );
});

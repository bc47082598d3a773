import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slopeOf, type Sample } from "../../src/measure/slope.ts";

const everySecond = (values: readonly number[]): Sample[] =>
  values.map((value, second) => ({ atUs: second * 1e6, value }));
const line = (seconds: number, perMinute: number): Sample[] =>
  everySecond(Array.from({ length: seconds }, (_, second) => 1e8 + (perMinute * second) / 60));

describe("a slope", () => {
  test("is what a line has, without error, wherever it begins", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e7, max: 1e7 }), fc.nat(1e12), (perMinute, fromUs) => {
        const samples = line(200, perMinute).map(({ atUs, value }) => ({ atUs: atUs + fromUs, value }));
        const slope = slopeOf(samples);
        expect(slope?.perMinute).toBeCloseTo(perMinute, 0);
        expect(slope?.errorPerMinute).toBeCloseTo(0, 0);
        expect(slope?.samples).toBe(200);
      }),
    );
  });

  test("of a saw that only goes up and down is nothing to speak of against its error", () => {
    const saw = everySecond(Array.from({ length: 900 }, (_, second) => 1e8 + (second % 17) * 1e6));
    const { perMinute = Number.NaN, errorPerMinute = 0 } = slopeOf(saw) ?? {};
    expect(Math.abs(perMinute)).toBeLessThan(2 * errorPerMinute);
    const growing = slopeOf(saw.map(({ atUs, value }) => ({ atUs, value: value + atUs })));
    expect(growing?.perMinute).toBeGreaterThan(50 * (growing?.errorPerMinute ?? 0));
  });

  test("of less than a minute, or of few samples, is none", () => {
    expect(slopeOf([])).toBeUndefined();
    expect(slopeOf(line(60, 1))).toBeUndefined();
    expect(slopeOf(line(61, 1))).toBeDefined();
    expect(slopeOf(line(600, 1).filter((_, index) => index % 30 === 0))).toBeUndefined();
  });
});

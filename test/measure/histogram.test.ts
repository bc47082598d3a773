import { build, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addTime,
  decodeTiming,
  emptyTiming,
  encodeTiming,
  highestUs,
  latencyOf,
  mergeTiming,
  percentile,
  type Timing,
} from "../../src/measure/histogram.ts";
import { histogramsDocument, mergeHistograms, type Histograms } from "../../src/measure/histograms.ts";

function timingOf(times: readonly number[]): Timing {
  const timing = emptyTiming();
  for (const us of times) addTime(timing, us);
  return timing;
}

const times = fc.array(
  fc.oneof(fc.nat(1000), fc.nat(10_000_000), fc.integer({ min: highestUs - 5, max: 2 * highestUs })),
  { maxLength: 200 },
);

const within = fc.array(fc.oneof(fc.nat(1000), fc.nat(10_000_000), fc.nat(highestUs)), { maxLength: 200 });

describe("a percentile", () => {
  test("is the nearest rank to three digits, and never beyond what was measured", () => {
    fc.assert(
      fc.property(within, fc.constantFrom(0.5, 0.9, 0.95, 0.99), (some, share) => {
        const timing = timingOf(some);
        const sorted = some.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(sorted.length * share) - 1];
        const found = percentile(timing, share);
        if (exact === undefined) {
          expect(found).toBeUndefined();
          return;
        }
        expect(Math.abs((found ?? 0) - exact)).toBeLessThanOrEqual(exact / 1000);
        expect(found).toBeLessThanOrEqual(sorted.at(-1) ?? 0);
      }),
    );
  });

  test.each([
    [9, []],
    [10, ["p50Us"]],
    [49, ["p50Us"]],
    [50, ["p50Us", "p90Us"]],
    [99, ["p50Us", "p90Us"]],
    [100, ["p50Us", "p90Us", "p95Us"]],
    [499, ["p50Us", "p90Us", "p95Us"]],
    [500, ["p50Us", "p90Us", "p95Us", "p99Us"]],
  ])("needs samples: of %i there are %j", (samples, there) => {
    const latency = latencyOf(timingOf(Array.from({ length: samples }, (_, n) => n + 1)));
    expect(Object.keys(latency).filter((key) => key.startsWith("p"))).toEqual(there);
    expect(latency).toMatchObject({ samples, minUs: 1, meanUs: Math.round((samples + 1) / 2), maxUs: samples });
  });

  test("of nothing is not there, and nothing else is", () => {
    expect(latencyOf(emptyTiming())).toEqual({ samples: 0 });
  });
});

test("what takes longer than the histogram reaches is counted, and its maximum and sum stay exact", () => {
  const timing = timingOf([1000, highestUs + 7]);
  expect(timing).toMatchObject({ samples: 2, overflow: 1, maxUs: highestUs + 7, sumUs: highestUs + 1007 });
  expect(percentile(timing, 0.5)).toBe(1000);
});

describe("merging", () => {
  const merged = (...parts: readonly (readonly number[])[]): Timing => {
    const into = emptyTiming();
    for (const part of parts) mergeTiming(into, timingOf(part));
    return into;
  };

  test("loses nothing, in whatever order: to the byte what one histogram of all has", () => {
    fc.assert(
      fc.property(times, times, times, (a, b, c) => {
        const whole = encodeTiming(timingOf([...a, ...b, ...c]));
        expect(encodeTiming(merged(a, b, c))).toEqual(whole);
        expect(encodeTiming(merged(c, a, b))).toEqual(whole);
        const rest = merged(b, c);
        mergeTiming(rest, timingOf(a));
        expect(encodeTiming(rest)).toEqual(whole);
        expect(encodeTiming(decodeTiming(whole))).toEqual(whole);
      }),
    );
  });

  test("of documents is associative too", () => {
    const cell = (tool: string, some: readonly number[]) => ({
      group: "planner",
      server: "cloud",
      tool,
      phase: "baseline",
      response: encodeTiming(timingOf(some)),
    });
    const document = (...cells: Histograms["cells"]): Histograms => ({
      schema: "squall.histograms/1",
      run: "a",
      cells,
    });
    fc.assert(
      fc.property(times, times, times, (a, b, c) => {
        const [x, y, z] = [
          document(cell("A", a), cell("B", b)),
          document(cell("B", c)),
          document(cell("A", c), cell("C", b)),
        ];
        const whole = document(cell("A", [...a, ...c]), cell("B", [...b, ...c]), cell("C", b));
        expect(mergeHistograms(mergeHistograms(x, y), z)).toEqual(whole);
        expect(mergeHistograms(x, mergeHistograms(y, z))).toEqual(whole);
        expect(histogramsDocument.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  test("is refused where one of them is coarser", () => {
    expect(() => mergeTiming(emptyTiming(3), emptyTiming(2))).toThrow("without loss");
    const coarse = build({ highestTrackableValue: highestUs, numberOfSignificantValueDigits: 2 });
    coarse.recordValue(123_456);
    const encoded = { samples: 1, minUs: 123_456, maxUs: 123_456, sumUs: 123_456, overflow: 0 };
    expect(() => decodeTiming({ ...encoded, hdr: encodeIntoCompressedBase64(coarse) })).toThrow("3 digits");
    const short = build({ highestTrackableValue: 1_000_000, numberOfSignificantValueDigits: 3 });
    short.recordValue(123_456);
    expect(() => decodeTiming({ ...encoded, hdr: encodeIntoCompressedBase64(short) })).toThrow("up to");
  });

  test("is refused where the counts beside it are not the histogram's", () => {
    const encoded = encodeTiming(timingOf([1, 2, 3]));
    expect(() => decodeTiming({ ...encoded, samples: 4 })).toThrow("holds 3 samples");
  });
});

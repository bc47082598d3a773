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
import { openCells } from "../../src/measure/cells.ts";
import { histogramsDocument, histogramsOf, mergeHistograms, readHistograms } from "../../src/measure/histograms.ts";
import type { OpRecord } from "../../src/history/records.ts";
import { assembleRecords } from "../../src/history/records.ts";
import { declared, historyOf, op, runStarted } from "../literal-history.ts";

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

  test("is refused where one of them is coarser", () => {
    expect(() => mergeTiming(emptyTiming(3), emptyTiming(2))).toThrow("without loss");
    const coarse = build({ highestTrackableValue: highestUs, numberOfSignificantValueDigits: 2 });
    coarse.recordValue(123_456);
    const encoded = { samples: 1, minUs: 123_456, maxUs: 123_456, sumUs: 123_456, overflow: 0 };
    expect(() => decodeTiming({ ...encoded, hdr: encodeIntoCompressedBase64(coarse) })).toThrow("3 digits");
    const short = build({ highestTrackableValue: 1_000_000, numberOfSignificantValueDigits: 3 });
    short.recordValue(123_456);
    expect(() => decodeTiming({ ...encoded, hdr: encodeIntoCompressedBase64(short) })).toThrow("up to 1000000 us");
    const rough = build({
      lowestDiscernibleValue: 1000,
      highestTrackableValue: highestUs,
      numberOfSignificantValueDigits: 3,
    });
    rough.recordValue(123_456);
    expect(() => decodeTiming({ ...encoded, hdr: encodeIntoCompressedBase64(rough) })).toThrow("from 1000 up to");
  });

  test("is refused where the counts beside it are not the histogram's", () => {
    const encoded = encodeTiming(timingOf([1, 2, 3]));
    expect(() => decodeTiming({ ...encoded, samples: 4 })).toThrow("holds 3 samples");
  });
});

/** An op of one of several tools, groups and phases, with attempts that come to something; or without any. */
const anyOp = fc.record({
  group: fc.constantFrom("planner", "clerk"),
  tool: fc.constantFrom("FetchResources", "CreateLimitRequest"),
  phase: fc.constantFrom("baseline", "outage"),
  attempts: fc.array(fc.constantFrom("ok", "tool-error", "timeout", "reset", "stopped" as const), { maxLength: 3 }),
  tookMs: fc.oneof(fc.nat(1000), fc.nat(4_000_000)),
});

const records = fc.array(anyOp, { maxLength: 40 }).map((lines): readonly OpRecord[] => {
  const assembler = assembleRecords(declared);
  const ops = lines.map(({ phase, attempts, tookMs }, walk) => op({ atMs: walk, walk, phase, attempts, tookMs }));
  const all = [...historyOf(runStarted(), ...ops).flatMap((event) => assembler.push(event)), ...assembler.flush()];
  return all
    .filter((record) => record.type === "op")
    .map((record) => {
      const { group, tool } = lines[record.started.walk] ?? {};
      return { ...record, started: { ...record.started, ...(group === undefined ? {} : { group }), tool: tool ?? "" } };
    });
});

const documentOf = (run: string, ops: readonly OpRecord[]) => {
  const cells = openCells(declared);
  ops.forEach(cells.on);
  return histogramsOf(run, cells.all());
};
const bytes = (document: unknown): string => JSON.stringify(document);

describe("documents of parts of a run", () => {
  test("merge to the bytes of the one document of all its ops, however they are split and in whatever order", () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }), (ops, parts) => {
        const whole = documentOf("a-run", ops);
        const [x, y, z] = [0, 1, 2].map((part) => {
          return documentOf(
            "a-run",
            ops.filter((_, index) => parts[index] === part),
          );
        });
        if (x === undefined || y === undefined || z === undefined) throw new Error("three parts");
        for (const merged of [
          mergeHistograms(mergeHistograms(x, y), z),
          mergeHistograms(x, mergeHistograms(y, z)),
          mergeHistograms(z, mergeHistograms(y, x)),
        ]) {
          expect(bytes(merged)).toBe(bytes(whole));
        }
        expect(bytes(readHistograms(JSON.parse(bytes(whole))))).toBe(bytes(whole));
        expect(histogramsDocument.parse(whole)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("of several runs name them all, whichever came first", () => {
    const [a, b] = [documentOf("run-a", []), documentOf("run-b", [])];
    expect(mergeHistograms(b, a).runs).toEqual(["run-a", "run-b"]);
    expect(mergeHistograms(a, mergeHistograms(b, a))).toEqual(mergeHistograms(b, a));
  });

  test("are refused where they are of another schema or configuration, with what was expected and what was got", () => {
    const whole = documentOf("a-run", []);
    expect(() => readHistograms({ ...whole, schema: "squall.histograms/1" })).toThrow(
      'expected histograms of squall.histograms/2, got "squall.histograms/1"; judge the run again',
    );
    expect(() => readHistograms("[]")).toThrow("got nothing");
    for (const other of [{ digits: 2 }, { highest: 1_000_000 }, { lowest: 1000 }, { unit: "ms" }]) {
      const configuration = { ...whole.configuration, ...other };
      expect(() => readHistograms({ ...whole, configuration })).toThrow(/expected .*"digits":3.* got .* without loss/);
    }
  });

  test("are refused where one histogram inside is of another make, also where the other document has none to add", () => {
    const [record] = fc.sample(
      records.filter(([first]) => first?.outcome === "ok"),
      { numRuns: 1, seed: 42 },
    );
    const whole = documentOf("a-run", record ?? []);
    const coarse = build({ highestTrackableValue: highestUs, numberOfSignificantValueDigits: 2 });
    const cells = whole.cells.map((cell) => {
      for (let n = 0; n < cell.response.samples; n += 1) coarse.recordValue(1);
      return { ...cell, response: { ...cell.response, hdr: encodeIntoCompressedBase64(coarse) } };
    });
    const empty = documentOf("a-run", []);
    expect(() => mergeHistograms(empty, { ...whole, cells })).toThrow(/@cloud\..* response: .*2 digits/);
  });
});

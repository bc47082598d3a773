/** How long ops are held, and what is made of what comes too late. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { declaredOf, synthetic, syntheticHistory } from "../../scripts/bench/synthetic-history.ts";
import type { HistoryEvent } from "../../src/history/events.ts";
import { holdingBounds, type HoldingBounds } from "../../src/history/holding.ts";
import { assembleRecords, type HistoryRecord } from "../../src/history/records.ts";
import { declared, exchange, historyOf, op, opIdOf, runStarted, type Timed } from "../literal-history.ts";

const lots = Number.POSITIVE_INFINITY;
const unbounded: HoldingBounds = { lingerUs: lots, calmMax: lots, mendedMax: lots, troubledMax: lots, heldMax: lots };
const few: HoldingBounds = { lingerUs: 60_000_000, calmMax: 2, mendedMax: 3, troubledMax: 4, heldMax: 12 };

function assemble(events: Iterable<HistoryEvent>, bounds: HoldingBounds, of = declared): HistoryRecord[] {
  const assembler = assembleRecords(of, bounds);
  const records = [...events].flatMap((event) => assembler.push(event));
  return [...records, ...assembler.flush()];
}

const opsOf = (records: readonly HistoryRecord[]): string[] =>
  records.flatMap((record) => (record.type === "op" ? [record.op] : []));

/** In one order, whenever each was handed on. */
const sorted = (records: readonly HistoryRecord[]): string[] => records.map((record) => JSON.stringify(record)).sort();

describe("bounds", () => {
  test("make no difference to a history that keeps within them", () => {
    const sizes = fc.record({
      events: fc.integer({ min: 500, max: 3000 }),
      opsPerSecond: fc.integer({ min: 20, max: 1500 }),
      failures: fc.double({ min: 0, max: 1, noNaN: true }),
      nameless: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(sizes, (size) => {
        const events = [...syntheticHistory(size)];
        const of = declaredOf(synthetic);
        const brief = { ...holdingBounds, lingerUs: lots };
        expect(sorted(assemble(events, brief, of))).toEqual(sorted(assemble(events, unbounded, of)));
      }),
      { seed: 42, numRuns: 15 },
    );
  });

  test("hold of each sort the youngest, the longer the more trouble they had", () => {
    const ops = Array.from({ length: 8 }, (_, walk) => [
      ...op({ atMs: 100 + walk * 30, walk }),
      ...op({ atMs: 110 + walk * 30, walk: 20 + walk, attempts: ["http-refusal", "ok"] }),
      ...op({ atMs: 120 + walk * 30, walk: 40 + walk, attempts: ["timeout"] }),
    ]).flat();
    const assembler = assembleRecords(declared, few);
    const [begun] = op({ atMs: 900, walk: 99 });
    const early = historyOf(runStarted(), ops, ...(begun ? [begun] : [])).flatMap((event) => assembler.push(event));
    const still = new Set(opsOf(assembler.flush()));
    expect(opsOf(early)).toHaveLength(25 - still.size);
    const [calm, mended, troubled] = [0, 20, 40].map((from) =>
      Array.from({ length: 8 }, (_, walk) => still.has(opIdOf(from + walk))),
    );
    const youngest = (held: number): boolean[] => Array.from({ length: 8 }, (_, walk) => walk >= 8 - held);
    expect(calm).toEqual(youngest(few.calmMax));
    expect(mended).toEqual(youngest(few.mendedMax));
    expect(troubled).toEqual(youngest(few.troubledMax));
  });

  test("keep an op at hand until its fault has shown whether it bites", () => {
    const fault = { type: "fault", fault: "outage.0", kind: "k", link: "cloud->cloud-api", window: 0 } as const;
    const requested: Timed = [50, { ...fault, edge: "requested" }];
    const ops = Array.from({ length: 6 }, (_, walk) => op({ atMs: 100 + walk * 20, walk })).flat();
    const observed: Timed = [300, { ...fault, edge: "observed" }];
    const after = op({ atMs: 310, walk: 9 });
    const assembler = assembleRecords(declared, few);
    const before = historyOf(runStarted(), requested, ops).flatMap((event) => assembler.push(event));
    expect(opsOf(before)).toEqual([]);
    const records = historyOf(observed, after).flatMap((event) => assembler.push(event));
    expect(opsOf(records)).not.toEqual([]);
    for (const record of records) if (record.type === "op") expect(record.faults).toMatchObject([{ observed: true }]);
  });

  test("let go even of what is under way, and say so", () => {
    const begun = Array.from({ length: 40 }, (_, walk) => op({ atMs: 100 + walk, walk, tookMs: 5000 })).flat();
    const assembler = assembleRecords(declared, few);
    const events = historyOf(runStarted(), begun);
    const records = events.flatMap((event) => assembler.push(event));
    expect(assembler.cutOff()).toBeGreaterThan(20);
    expect(opsOf([...records, ...assembler.flush()]).sort()).toEqual(
      Array.from({ length: 40 }, (_, walk) => opIdOf(walk)).sort(),
    );
    const unknown = records.filter((record) => record.type === "op" && record.outcome === "unknown");
    expect(unknown).toHaveLength(assembler.cutOff());
  });
});

test("a request that ends when its op was let go comes by itself, whoever else it names", () => {
  const ops = Array.from({ length: 6 }, (_, walk) => op({ atMs: 100 + walk * 20, walk })).flat();
  const late = exchange(0, 250, { ops: [opIdOf(0)] }, 1);
  const shared = exchange(0, 251, { ops: [opIdOf(0), opIdOf(5)] }, 1);
  const records = assemble(historyOf(runStarted(), ops, late, shared), few);
  const alone = records.filter((record) => record.type === "exchange");
  expect(alone).toMatchObject([{ ops: [opIdOf(0)] }]);
  const held = records.find((record) => record.type === "op" && record.op === opIdOf(5));
  // Made once, it is counted once: where it is met first.
  expect(held).toMatchObject({ exchanges: [{ counts: true }] });
});

test("however long a history is, no more is held than the bounds say", () => {
  const assembler = assembleRecords(declaredOf(synthetic));
  const { calmMax, mendedMax, troubledMax } = holdingBounds;
  let most = 0;
  let [open, openMost] = [0, 0];
  for (const event of syntheticHistory({ events: 300_000, opsPerSecond: 20_000, failures: 0.5 })) {
    assembler.push(event);
    if (event.type === "op-started") open += 1;
    if (event.type === "op-ended") open -= 1;
    openMost = Math.max(openMost, open);
    most = Math.max(most, assembler.held());
  }
  // More than a single bound, so that the sorts are tried; and with faults that were just begun, not yet observed.
  expect(most).toBeGreaterThan(calmMax);
  expect(most).toBeLessThan(calmMax + mendedMax + troubledMax + openMost + 100);
});

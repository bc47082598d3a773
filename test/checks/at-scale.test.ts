/** What holds of the judging of long histories: what it keeps does not grow with them, and what that costs is told. */
import { setFlagsFromString, getHeapStatistics } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { declaredOf, synthetic, syntheticHistory } from "../../scripts/bench/synthetic-history.ts";
import { judge, type Judged } from "../../src/checks/judge.ts";
import { checks } from "../../src/checks/registry.ts";
import type { HistoryEvent } from "../../src/history/events.ts";
import { holdingBounds, type HoldingBounds } from "../../src/history/holding.ts";
import { assembleRecords } from "../../src/history/records.ts";
import { measure } from "../../src/measure/measure.ts";
import { rounds } from "../rounds.ts";

const small = { events: 12_000, opsPerSecond: 100, failures: 0.5 };

function judgedAs(parts: () => Iterable<HistoryEvent | readonly HistoryEvent[]>): Promise<Judged> {
  return judge(async function* () {
    yield* parts();
  }, checks);
}

describe("a made-up run", () => {
  test("passes every check and threshold, each with its strength", async () => {
    const judged = await judgedAs(() => syntheticHistory(small));
    expect(judged.account.gaps).toEqual([]);
    expect(judged.verdict).toBe("pass");
    for (const { check, strength } of judged.checks) expect(strength, check).toMatch(/^0 /);
  });

  test("fails for what is doubled in it, and for nothing else; each is told with its rows", async () => {
    const { checks: results, figures } = await judgedAs(() => syntheticHistory({ ...small, duplicates: 3 }));
    expect(results.filter(({ verdict }) => verdict === "fail").map(({ check }) => check)).toEqual([
      "duplicate-effects",
    ]);
    const findings = results.flatMap((result) => result.findings).filter(({ grade }) => grade === "violation");
    const doubled = findings.flatMap(({ witness }) => witness.ops);
    expect(doubled).toHaveLength(3);
    for (const { says, witness } of findings) {
      expect(says).toMatch(/had more than one effect: .*\(ledger rows \d+, \d+\+\)/);
      expect(witness.events).toHaveLength(Math.min(10, 3 + 2 * witness.ops.length));
    }
    for (const op of doubled) expect(figures.stories.find((story) => story.op === op)?.effects).toHaveLength(2);
  });
});

test("verdicts and figures are the same bytes, however the events come", async () => {
  const events = [...syntheticHistory({ ...small, events: 4000, duplicates: 2 })];
  const whole = JSON.stringify(await judgedAs(() => events));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(600), { minLength: 1, maxLength: 8 }), async (sizes) => {
      const blocks = function* () {
        for (let at = 0, n = 0; at < events.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 0;
          // An event by itself, and now and then a block without any.
          const [event] = events.slice(at);
          if (size === 0 && event !== undefined) yield event;
          yield size === 0 ? [] : events.slice(at, at + size);
          at += Math.max(1, size);
        }
      };
      expect(JSON.stringify(await judgedAs(blocks))).toBe(whole);
    }),
    { seed: 42, numRuns: 5 },
  );
});

/** All that is still needed, in bytes. */
function kept(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("expected a way to collect garbage");
  collect();
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}

// So few that each run is long beside them; what grows with their number is tried where ops are held.
const few: HoldingBounds = { ...holdingBounds, calmMax: 100, mendedMax: 100, troubledMax: 100 };

/** What is kept once most of a run is over, by the judging and by the trials of its passes. */
function keptOf(events: number): number {
  const run = { ...synthetic, events, opsPerSecond: 20_000 };
  const declared = declaredOf(run);
  const premises = { declared, mode: "faults" } as const;
  const assembler = assembleRecords(declared, few);
  const folds = checks.map((check) => check.fold(premises));
  const trials = checks.map((check) => ({
    plant: check.plant(premises),
    fold: check.fold(premises),
    variant: assembler.variant(),
  }));
  const history = syntheticHistory(run);
  const first = history.next().value;
  if (first?.type !== "run-started") throw new Error("expected the start of a run");
  const measuring = measure(first);
  for (const event of history) {
    for (const { plant, variant } of trials) variant.before(event, plant(event));
    const records = assembler.push(event);
    measuring.on(event, records);
    for (const { on } of folds) for (const record of records) on(record);
    for (const { fold, variant } of trials) for (const record of variant.after(records)) fold.on(record);
    if (event.type === "phase" && event.phase === "flap.recovery" && event.edge === "end") break;
  }
  const bytes = kept();
  // Until here all of it is needed.
  expect([measuring, assembler, folds, trials]).toHaveLength(4);
  return bytes;
}

test("however long a history is, what is kept of it hardly grows", { timeout: 120_000 }, () => {
  const [short, long] = rounds([60_000, 240_000], [30_000, 120_000]);
  keptOf(short);
  const grown = keptOf(long) - keptOf(short);
  // Kept as they are, its events would take some 400 bytes each.
  expect(grown / (long - short)).toBeLessThan(60);
});

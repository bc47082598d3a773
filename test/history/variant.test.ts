import { expect, test } from "vitest";
import { declaredOf, synthetic, syntheticHistory } from "../../scripts/bench/synthetic-history.ts";
import { checks } from "../../src/checks/registry.ts";
import type { Declared, Mode } from "../../src/history/declared.ts";
import type { HistoryEvent } from "../../src/history/events.ts";
import { assembleRecords, type HistoryRecord } from "../../src/history/records.ts";
import { declared, historyOf, honestRun } from "../literal-history.ts";

type Planted = (event: HistoryEvent) => readonly HistoryEvent[] | undefined;

function asVariant(events: readonly HistoryEvent[], of: Declared, plant: Planted): HistoryRecord[] {
  const assembler = assembleRecords(of);
  const variant = assembler.variant();
  const records = events.flatMap((event) => {
    variant.before(event, plant(event));
    return variant.after(assembler.push(event));
  });
  return [...records, ...variant.flush(assembler.flush())];
}

function byItself(events: readonly HistoryEvent[], of: Declared, plant: Planted): HistoryRecord[] {
  const assembler = assembleRecords(of);
  const records = events.flatMap((event) => (plant(event) ?? [event]).flatMap((one) => assembler.push(one)));
  return [...records, ...assembler.flush()];
}

/**
 * In one order, whenever each was handed on. Whether calls beside the planted ones are ambiguous is left out: a request
 * of nobody's that ends at the instant of a planted call may be joined in the one and not in the other.
 */
const sorted = (records: readonly HistoryRecord[]): string[] =>
  records.map((record) => JSON.stringify(record.type === "op" ? { ...record, ambiguous: false } : record)).sort();

const runs: readonly (readonly [string, readonly HistoryEvent[], Declared])[] = [
  ["an honest run", historyOf(honestRun), declared],
  ["requests that name no call", historyOf(honestRun).map(namingNobody), declared],
  ["a long run", [...syntheticHistory({ events: 6000, opsPerSecond: 100, nameless: 0 })], declaredOf(synthetic)],
];

function namingNobody(event: HistoryEvent): HistoryEvent {
  if (event.type !== "exchange") return event;
  const { attempt: _, ...rest } = event;
  return { ...rest, ops: [] };
}

for (const [name, events, of] of runs) {
  test.each(checks.map((check) => [check.name, check] as const))(`${name} with the defect of %s`, (_, check) => {
    for (const mode of ["faults", "control"] as const satisfies readonly Mode[]) {
      const plant = (): Planted => check.plant({ declared: of, mode });
      expect(sorted(asVariant(events, of, plant()))).toEqual(sorted(byItself(events, of, plant())));
    }
  });
}

test("what is left out, put in and changed: ops, attempts, requests, effects, sessions", () => {
  const events = [...syntheticHistory({ events: 4000, opsPerSecond: 100, nameless: 0 })];
  const of = declaredOf(synthetic);
  const plant = (): Planted => {
    let n = 0;
    return (event) => {
      n += 1;
      if (event.type === "run-started" || event.type === "phase" || event.type === "fault" || n % 7 !== 0)
        return undefined;
      if (n % 3 === 0) return [];
      const id = `${event.id}~`;
      if (event.type === "op-started" || event.type === "attempt") return [event, { ...event, id, op: `${event.op}~` }];
      if (event.type === "op-ended") return [{ ...event, outcome: "failed" }];
      return [{ ...event, id }, event];
    };
  };
  expect(sorted(asVariant(events, of, plant()))).toEqual(sorted(byItself(events, of, plant())));
});

test("phases and faults are taken as they are: a record of any op may hang on them", () => {
  const events = historyOf(honestRun);
  for (const type of ["phase", "fault"] as const) {
    const plant: Planted = (event) => (event.type === type ? [] : undefined);
    expect(() => asVariant(events, declared, plant)).toThrow(`takes every ${type} as it is`);
  }
});

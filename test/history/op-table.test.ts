import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openColumn } from "../../src/history/column.ts";
import { opId } from "../../src/history/ids.ts";
import { openOpTable } from "../../src/history/op-table.ts";

const coordinates = fc.record({
  group: fc.constantFrom("planner", "buyer", "a_b", "x-9"),
  agent: fc.oneof(fc.nat(3), fc.constantFrom(0xff_ff_ff, 0x1_00_00_00)),
  walk: fc.oneof(fc.nat(3), fc.constantFrom(0xff_ff_ff_ff, 0x1_00_00_00_00)),
  step: fc.nat(3),
});
const ids = fc.oneof(
  coordinates.map((at) => opId("0000f00d", at)),
  // Near misses of the same form, and what is none at all.
  coordinates.map((at) => `${opId("0000f00d", at)}~planted1`),
  fc.constantFrom(
    "0000f00d.planner.01.2.3",
    "0000f00d.planner.1.02.3",
    "f.p.1e3.2.0",
    "f.p. 1.2.0",
    "f.p.1.2",
    "..",
    "",
  ),
  fc.string(),
);

describe("a table of ops", () => {
  test("gives each op one number, and the op for its number, whatever its id looks like", () => {
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 300 }), (ops) => {
        const table = openOpTable();
        const numbers = new Map<string, number>();
        for (const op of ops) {
          expect(table.find(op)).toBe(numbers.get(op));
          const number = table.numberOf(op);
          expect(number).toBe(numbers.get(op) ?? numbers.size);
          numbers.set(op, number);
        }
        expect(table.size()).toBe(numbers.size);
        for (const [op, number] of numbers) {
          expect(table.find(op)).toBe(number);
          expect(table.opOf(number)).toBe(op);
        }
      }),
      { seed: 42, numRuns: 200 },
    );
  });

  test("keeps its numbers while it grows, and takes more groups than a byte can number", () => {
    const table = openOpTable();
    const ops = Array.from({ length: 20_000 }, (_, n) => {
      return opId("0000f00d", { group: `g${n % 300}`, agent: n % 97, walk: n, step: n % 5 });
    });
    for (const [n, op] of ops.entries()) expect(table.numberOf(op)).toBe(n);
    for (const [n, op] of ops.entries()) expect(table.opOf(table.find(op) ?? -1), String(n)).toBe(op);
  });
});

test("a column holds what was set, and 0 elsewhere", () => {
  for (const kind of ["byte", "word", "double"] as const) {
    const column = openColumn(kind);
    column.set(1000, 200);
    expect([column.get(0), column.get(1000), column.get(5000)]).toEqual([0, 200, 0]);
  }
});

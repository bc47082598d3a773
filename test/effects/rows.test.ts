import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changesBetween, most, seenIn, totalOf, type RowRule, type Seen } from "../../src/effects/rows.ts";
import { createTracer } from "../../src/history/ids.ts";

const tracer = createTracer("0000f00d", ["planner"]);
const op = (walk: number): string => `0000f00d.planner.0.${walk}.0`;
const rule: RowRule = { content: [], keeps: true };
const seen = (rows: readonly unknown[], over: Partial<RowRule> = {}): Seen =>
  seenIn(rows, { rule: { ...rule, ...over }, tracer, salt: "s" });
const opsIn = (of: Seen): unknown[] => [...of.values()].map(({ op, times }) => [op, times]);

describe("whose a row is", () => {
  test("stands anywhere in it, or where the scenario says", () => {
    expect(opsIn(seen([{ id: 1, note: `for ${op(1)}!` }, `INSERT ${op(2)}`, { id: 3 }]))).toEqual([
      [op(1), 1],
      [op(2), 1],
      [undefined, 1],
    ]);
    expect(opsIn(seen([{ key: op(1), note: op(2) }], { key: "key" }))).toEqual([[op(1), 1]]);
    expect(opsIn(seen([{ payload: `{"request":{"op":"${op(3)}"}}` }], { key: "$.payload.request.op" }))).toEqual([
      [op(3), 1],
    ]);
  });

  test("may be of several ops at once, and of none of another run", () => {
    expect(opsIn(seen([{ ops: [op(1), op(2)] }]))).toEqual([
      [op(1), 1],
      [op(2), 1],
    ]);
    expect(opsIn(seen([{ key: "1111f00d.planner.0.1.0" }]))).toEqual([[undefined, 1]]);
  });
});

describe("what tells rows apart", () => {
  test("without an id, how many there are of an op: a row that changes in place stays one", () => {
    const before = seen([{ key: op(1), state: "new" }]);
    const after = seen([{ key: op(1), state: "paid" }]);
    expect(changesBetween(before, after)).toEqual({ came: [], gone: [] });
    const twice = seen([{ key: op(1) }, { key: op(1) }]);
    expect(changesBetween(before, twice).came).toMatchObject([{ op: op(1), times: 1 }]);
  });

  test("with an id, that: another row of the same op is another effect, also when the first has gone", () => {
    const before = seen([{ id: 1, key: op(1) }], { id: "id" });
    const after = seen([{ id: 2, key: op(1) }], { id: "id" });
    expect(changesBetween(before, after)).toMatchObject({ came: [{ row: "2" }], gone: [{ row: "1" }] });
    expect(() => seen([{ key: op(1) }], { id: "id" })).toThrow("a row has no id");
  });

  test("with an id, where nothing would put it right later, a row that two pages show is one; else it is two", () => {
    const row = { id: 1, key: op(1), at: "12:00" };
    const forgetful = { id: "id", keeps: false };
    expect(opsIn(seen([row, { at: "12:00", key: op(1), id: 1 }], forgetful))).toEqual([[op(1), 1]]);
    expect(opsIn(seen([row, { ...row, at: "12:01" }], forgetful))).toEqual([[op(1), 2]]);
    expect(opsIn(seen([row, row], { id: "id" }))).toEqual([[op(1), 2]]);
    expect(opsIn(seen([row, row], { keeps: false }))).toEqual([[op(1), 2]]);
  });

  test("and content that is compared: it changes, so what was there has gone", () => {
    const content = { content: ["amount"] };
    const before = seen([{ key: op(1), amount: 5 }], content);
    const after = seen([{ key: op(1), amount: 6 }], content);
    expect(changesBetween(before, after)).toMatchObject({ came: [{ op: op(1) }], gone: [{ op: op(1) }] });
    const same = seen([{ key: op(1), amount: "5.00", at: "later" }], content);
    expect(changesBetween(before, same)).toEqual({ came: [], gone: [] });
  });
});

test("a row may stand for several effects, or for none yet", () => {
  expect(opsIn(seen([{ key: op(1), times: "3" }], { count: "times" }))).toEqual([[op(1), 3]]);
  expect(changesBetween(seen([]), seen([{ key: op(1), times: 0 }], { count: "times" })).came).toEqual([]);
  expect(() => seen([{ key: op(1), times: "many" }], { count: "times" })).toThrow(
    'expected a whole number in times, got "many"',
  );
});

test("a total is summed over all rows", () => {
  expect(totalOf([{ n: 3 }, { n: "4" }], "n")).toBe(7);
  expect(() => totalOf([{ n: null }], "n")).toThrow("got null");
});

const rows = fc.array(
  fc.record(
    { id: fc.nat(4), key: fc.nat(3).map(op), times: fc.nat(3), amount: fc.nat(2) },
    { requiredKeys: ["id", "key", "times"] },
  ),
  { maxLength: 12 },
);
const rules = fc.record(
  { id: fc.constant("id"), key: fc.constant("key"), count: fc.constant("times"), content: fc.constant(["amount"]) },
  { requiredKeys: [] },
);
const counts = (of: Iterable<{ readonly op?: string; readonly times: number }>): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { op: name = "", times } of of) sums[name] = (sums[name] ?? 0) + times;
  return Object.fromEntries(Object.entries(sums).filter(([, times]) => times !== 0));
};

test("what came and what has gone makes of what was there what is there; nothing changes between two equal reads", () => {
  fc.assert(
    fc.property(rows, rows, rules, (first, second, given) => {
      const [before, now] = [seen(first, given), seen(second, given)];
      const { came, gone } = changesBetween(before, now);
      const after = counts([...before.values(), ...came, ...gone.map((row) => ({ ...row, times: -row.times }))]);
      expect(after).toEqual(counts(now.values()));
      expect(changesBetween(now, seen(second.toReversed(), given))).toEqual({ came: [], gone: [] });
    }),
    { seed: 42 },
  );
});

test("where rows go again, what was ever seen stays, and each at its most", () => {
  fc.assert(
    fc.property(rows, rows, rules, (first, second, given) => {
      const forgetful = { ...given, keeps: false };
      const [before, now] = [seen(first, forgetful), seen(second, forgetful)];
      const all = most(before, now);
      expect(changesBetween(before, all).gone).toEqual([]);
      expect(changesBetween(all, now).came).toEqual([]);
      expect([...most(all, before)]).toEqual([...all]);
    }),
    { seed: 42 },
  );
});

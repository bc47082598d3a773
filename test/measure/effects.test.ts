/** Ops against effects that are read back: what has gone is not there, and what is wrong with a batch is told as such. */
import { expect, test } from "vitest";
import type { DeclaredEffect } from "../../src/history/declared.ts";
import { effect, effectGone, frame, historyOf, op, runStarted, type Timed } from "../literal-history.ts";
import { measuredOf } from "./measured.ts";

const countsFor = (declared: Partial<DeclaredEffect>, ...events: readonly (Timed | readonly Timed[])[]) => {
  const effects = [{ effect: "limit-request", ledger: "cloud-api", ...declared }];
  return measuredOf(historyOf(runStarted("faults", { effects }), frame(), ...events)).figures.effects;
};
const read = { by: "sql" };

test("a row that has gone is not there", () => {
  const [figures] = countsFor({ read }, op({ atMs: 100, walk: 1 }), effect(1, 105), effectGone(1, 200));
  expect(figures).toMatchObject({ quiet: true, counts: [{ outcome: "ok", effects: "0", ops: 1 }] });
});

test("of a batch fewer are as bad as none where all were said to be done, and more are too many", () => {
  const rows = (walk: number, many: number): Timed[] =>
    Array.from({ length: many }, (_, n) => effect(walk, 100 * walk + 5 + n));
  const ops = [1, 2, 3].flatMap((walk) => op({ atMs: 100 * walk, walk }));
  const dark = op({ atMs: 400, walk: 4, attempts: ["timeout"] });
  const [figures] = countsFor({ read, expect: 3 }, ops, dark, rows(1, 2), rows(2, 3), rows(3, 4), rows(4, 1));
  expect(figures?.counts).toEqual([
    { outcome: "ok", effects: "0", ops: 1 },
    { outcome: "ok", effects: "1", ops: 1 },
    { outcome: "ok", effects: "more", ops: 1 },
    { outcome: "unknown", effects: "1", ops: 1 },
  ]);
});

test("where rows go again nothing may be called lost; of totals and requests nobody knows whose they are", () => {
  expect(countsFor({ read: { by: "redis", forgets: true } })).toMatchObject([{ quiet: false }]);
  expect(countsFor({ read: { by: "redis", isTotal: true } })).toEqual([]);
  expect(countsFor({ requests: { upstream: "cloud-api", methods: ["POST"] } })).toEqual([]);
});

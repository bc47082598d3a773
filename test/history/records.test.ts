import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { assembleRecords, type HistoryRecord, type OpRecord } from "../../src/history/records.ts";
import { declared, exchange, frame, historyOf, op, opIdOf, runStarted } from "../literal-history.ts";

function assemble(history: readonly HistoryEvent[]): HistoryRecord[] {
  const assembler = assembleRecords(declared);
  return [...history.flatMap((event) => assembler.push(event)), ...assembler.flush()];
}

function opIn(records: readonly HistoryRecord[], id: string): OpRecord {
  const found = records.find((record): record is OpRecord => record.type === "op" && record.op === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
}

test("an op comes with its attempts, its exchanges and the faults that it met", () => {
  const history = historyOf(
    runStarted(),
    frame(),
    op({ atMs: 1100, walk: 1, attempts: ["closed", "ok"] }),
    exchange(1, 1105, {}, 1),
  );
  const record = opIn(assemble(history), opIdOf(1));
  expect(record.attempts.map(({ class: is }) => is)).toEqual(["closed", "ok"]);
  expect(record.exchanges).toMatchObject([{ link: "cloud->cloud-api", joinedBy: "canary" }]);
  expect(record.faults).toMatchObject([{ fault: "outage.0", fromUs: 1_001_000, toUs: 1_999_000 }]);
  expect(record).toMatchObject({ outcome: "ok", straddles: false });
});

test("what only led to an attempt's last request is no further try", () => {
  const history = historyOf(
    runStarted(),
    frame(),
    op({ atMs: 1100, walk: 1, attempts: ["input-required", "closed", "input-required", "ok"] }),
  ).map((event) =>
    event.type === "attempt" && event.class === "input-required" ? { ...event, goesOn: true as const } : event,
  );
  const record = opIn(assemble(history), opIdOf(1));
  expect(record.attempts.map(({ class: is }) => is)).toEqual(["closed", "ok"]);
  expect(record.rounds?.map(({ attempt }) => attempt)).toEqual([1, 3]);
});

test("an op before the fault met none, and the same in a control run", () => {
  const calm = historyOf(runStarted(), frame(), op({ atMs: 100, walk: 1 }));
  expect(opIn(assemble(calm), opIdOf(1)).faults).toEqual([]);
  const control = historyOf(runStarted("control"), frame({ mode: "control" }), op({ atMs: 1100, walk: 1 }));
  expect(opIn(assemble(control), opIdOf(1)).faults).toEqual([]);
});

test("an exchange without a canary is joined by time if just one call was under way", () => {
  const anonymous = exchange(1, 105, { ops: [] });
  const one = historyOf(runStarted(), frame(), op({ atMs: 100, walk: 1 }), anonymous);
  expect(opIn(assemble(one), opIdOf(1)).exchanges).toMatchObject([{ joinedBy: "time" }]);
  const two = historyOf(runStarted(), frame(), op({ atMs: 100, walk: 1 }), op({ atMs: 101, walk: 2 }), anonymous);
  const records = assemble(two);
  expect(opIn(records, opIdOf(1)).exchanges).toEqual([]);
  expect(records.some(({ type }) => type === "exchange")).toBe(true);
});

test("an op that the history cuts off is of unknown outcome", () => {
  const history = historyOf(runStarted(), frame(), op({ atMs: 1100, walk: 1 })).filter(
    ({ type }) => type !== "op-ended",
  );
  expect(opIn(assemble(history), opIdOf(1))).toMatchObject({ outcome: "unknown", straddles: true });
});

test("ops do not pile up: one that ended long ago is handed on before the end", () => {
  const assembler = assembleRecords(declared);
  const early = historyOf(runStarted(), op({ atMs: 100, walk: 1 }));
  expect(early.flatMap((event) => assembler.push(event)).filter(({ type }) => type === "op")).toEqual([]);
  const late = { id: "t:99", atUs: 70_000_000, type: "phase", phase: "outage", role: "fault", edge: "start" } as const;
  expect(assembler.push(late).map(({ type }) => type)).toEqual(["op", "phase"]);
  expect(assembler.flush()).toEqual([]);
});

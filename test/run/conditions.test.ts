import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Sign } from "../../src/faults/handles.ts";
import { createConditions, type Occurrence } from "../../src/run/conditions.ts";
import { calledTool, conditionInWords, type Condition } from "../../src/scenario/schedules.ts";
import type { Unstamped } from "../../src/history/events.ts";

const call = (tool: string, group = "planner"): Occurrence => ({ is: "called", group, server: "cloud", tool });
const back = (tool: string, group = "planner"): Occurrence => ({ is: "returned", group, server: "cloud", tool });
const committed = (effect: string, atUs = 10): Occurrence => ({ is: "committed", effect, atUs });
const inFlight: Condition = { is: "in-flight", server: "cloud", tool: "Create" };
const third: Condition = { is: "calls", count: 3, server: "cloud", tool: "Create" };

/** After which of the occurrences it was met, counted from 1; 0 where at once. */
function metAfter(condition: Condition, occurrences: readonly Occurrence[], before: readonly Occurrence[] = []) {
  const conditions = createConditions();
  for (const occurrence of before) conditions.tell(occurrence);
  const met: number[] = [];
  let told = 0;
  conditions.await(condition, 10, () => met.push(told));
  for (const occurrence of occurrences) {
    told += 1;
    conditions.tell(occurrence);
  }
  return met;
}

describe("a step in flight", () => {
  test("is met by the next call of it, in that very call", () => {
    expect(metAfter(inFlight, [call("List"), back("List"), call("Create"), call("Create")])).toEqual([3]);
  });

  test("is met at once where a call of it is under way already, and not by one that has ended", () => {
    expect(metAfter(inFlight, [], [call("Create")])).toEqual([0]);
    expect(metAfter(inFlight, [call("List")], [call("Create"), back("Create")])).toEqual([]);
    expect(metAfter(inFlight, [], [call("Create"), call("Create"), back("Create")])).toEqual([0]);
  });

  test("may be the step of one group", () => {
    const of = { ...inFlight, group: "clerk" };
    expect(metAfter(of, [call("Create"), call("Create", "clerk")])).toEqual([2]);
    expect(metAfter(of, [], [call("Create")])).toEqual([]);
  });
});

test("calls that have ended are counted so too, each with its end", () => {
  const second: Condition = { is: "returns", count: 2, server: "cloud", tool: "Create" };
  const calls = [call("Create"), call("Create"), back("Create"), back("List"), call("Create"), back("Create")];
  expect(metAfter(second, calls, [call("Create"), back("Create")])).toEqual([6]);
});

test("calls are counted from when it is waited for, and only those that it is about", () => {
  const calls = [call("Create"), call("List"), back("Create"), call("Create"), call("Create"), call("Create")];
  expect(metAfter(third, calls, [call("Create"), call("Create")])).toEqual([5]);
});

test("the first commit is the first that is seen since then", () => {
  const first: Condition = { is: "first", effect: "payment" };
  // A ledger is read now and then: the third was committed before anybody waited.
  const occurrences = [call("Create"), committed("refund"), committed("payment", 9), committed("payment")];
  expect(metAfter(first, occurrences, [committed("payment")])).toEqual([4]);
});

test("who has stopped waiting is told nothing", () => {
  const conditions = createConditions();
  let met = 0;
  const stop = conditions.await(inFlight, 0, () => (met += 1));
  stop();
  conditions.tell(call("Create"));
  expect(met).toBe(0);
});

test("whatever happens, a condition is met once at most, and at the same place each time", () => {
  const tools = fc.constantFrom("Create", "List");
  const groups = fc.constantFrom("planner", "clerk");
  const occurrence = fc.oneof(
    fc.tuple(tools, groups).map(([tool, group]) => call(tool, group)),
    fc.tuple(tools, groups).map(([tool, group]) => back(tool, group)),
    fc.tuple(fc.constantFrom("payment", "refund"), fc.nat(20)).map(([effect, atUs]) => committed(effect, atUs)),
  );
  const conditions = fc.constantFrom<Condition>(
    inFlight,
    third,
    { ...third, count: 1, group: "clerk" },
    { is: "first", effect: "refund" },
  );
  fc.assert(
    fc.property(conditions, fc.array(occurrence), fc.array(occurrence), (condition, before, since) => {
      const met = metAfter(condition, since, before);
      expect(met.length).toBeLessThanOrEqual(1);
      expect(metAfter(condition, since, before)).toEqual(met);
      // What comes later changes nothing.
      if (met[0] !== undefined) expect(metAfter(condition, since.slice(0, met[0]), before)).toEqual(met);
    }),
    { seed: 42, numRuns: 300 },
  );
});

test("taps tell of calls on agents' links, records tell of effects", () => {
  const conditions = createConditions();
  const listeners = new Map<string, (sign: Sign) => void>();
  const linkNamed = (name: string) => ({
    onSign: (listener: (sign: Sign) => void) => {
      listeners.set(name, listener);
      return () => {};
    },
  });
  conditions.follow(new Map(["planner@cloud", "cloud->api"].map((name) => [name, linkNamed(name)] as const)));
  const met: string[] = [];
  conditions.await(inFlight, 0, () => met.push("call"));
  conditions.await({ is: "first", effect: "payment" }, 0, () => met.push("commit"));
  expect([...listeners.keys()]).toEqual(["planner@cloud"]);
  listeners.get("planner@cloud")?.({ is: "called", tool: "Create" });
  const record = conditions.watching((event: Unstamped) => ({ id: event.type, atUs: 0 }));
  record({ type: "effect", effect: "payment", ledger: "api", row: "1", key: "k", committedUs: [0, 0] });
  expect(met).toEqual(["call", "commit"]);
});

test("a step is named with or without its group, and its tool may hold dots", () => {
  expect(calledTool("cloud.files.read")).toEqual({ server: "cloud", tool: "files.read" });
  expect(calledTool("planner@cloud.Create")).toEqual({ group: "planner", server: "cloud", tool: "Create" });
  expect(conditionInWords({ is: "calls", count: 1, ...calledTool("a@b.c") })).toBe("a@b.c has had 1 call");
});

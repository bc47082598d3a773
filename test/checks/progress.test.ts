/** Progress that does not go up, comes too late, or reaches another. */
import { describe, expect, test } from "vitest";
import { progress } from "../../src/checks/progress.ts";
import type { StrayProgress, ProgressSeen } from "../../src/history/progress.ts";
import {
  declared,
  exchange,
  frame,
  historyOf,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const steps = declared.steps.map((step) => ({ ...step, progress: true as const }));
const start = [runStarted("faults", { steps }), ...frame()];
const good: ProgressSeen = { count: 3, firstUs: 1000, lastUs: 5000 };

/** An op whose attempts were told so. */
function told(walk: number, seen: ProgressSeen = good): Timed[] {
  return op({ atMs: 100 + walk * 20, walk }).map(([at, event]) => [
    at,
    event.type === "attempt" ? { ...event, progress: seen } : event,
  ]);
}

function stray(is: StrayProgress["is"], more: Partial<StrayProgress> = {}): Timed[] {
  return [[500, { type: "stray-progress", group: "planner", agent: 0, server: "cloud", is, count: 1, ...more }]];
}

test("progress that goes up and stops in time passes, and it is said of how many calls", async () => {
  const result = await verdictOn(progress, historyOf(start, told(1), told(2)));
  expect(result).toMatchObject({ verdict: "pass", looked: 2, findings: [] });
  expect(result.strength).toBe("0 violations in the progress of 2 calls");
});

test("a value that does not go up is a violation, with the values", async () => {
  const notUp = { count: 4, inOrder: 4, first: [{ before: 3, value: 1 }] };
  const { verdict, findings } = await verdictOn(progress, historyOf(start, told(1), told(2, { ...good, notUp })));
  expect(verdict).toBe("fail");
  expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(2)] } }]);
  expect(findings[0]?.says).toBe(
    "cloud.CreateLimitRequest told 1 call of 2 a progress that did not go up, 4 times: 1 after 3",
  );
});

test.each([
  [
    "answered",
    { op: opIdOf(1), attempt: 1, inOrder: true },
    "told 1 progress notification of calls that it had answered already",
  ],
  ["foreign", { op: opIdOf(1), attempt: 1 }, "to an agent that had not made the call"],
  ["unknown", {}, "with tokens that no call had given it"],
  ["malformed", {}, "without a token, or whose progress is no number"],
] as const)("progress that is %s is a violation", async (is, more, says) => {
  const { verdict, findings } = await verdictOn(progress, historyOf(start, told(1), stray(is, more)));
  expect(verdict).toBe("fail");
  expect(findings).toMatchObject([{ grade: "violation", blames: "server" }]);
  expect(findings[0]?.says).toContain(says);
});

test("what is certain without any call that was told fails as well", async () => {
  expect(await verdictOn(progress, historyOf(start, told(1, { count: 0 }), stray("unknown")))).toMatchObject({
    verdict: "fail",
    looked: 0,
  });
});

describe("unknown", () => {
  test("where nobody was told anything", async () => {
    expect(await verdictOn(progress, historyOf(start, told(1, { count: 0 }), told(2, { count: 0 })))).toMatchObject({
      verdict: "unknown",
      because: "none of 2 calls that asked was told",
    });
  });

  test("where nobody asked", async () => {
    expect(await verdictOn(progress, historyOf(start, op({ atMs: 100, walk: 1 })))).toMatchObject({
      verdict: "unknown",
      because: "no call was made that asks for progress",
    });
  });
});

describe("near misses", () => {
  test("after a caller has stopped waiting its server need not know", async () => {
    const history = historyOf(start, told(1), stray("left", { op: opIdOf(1), attempt: 1 }));
    expect(await verdictOn(progress, history)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("what came on two streams may have been turned round on the way: a weakness", async () => {
    const notUp = { count: 1, inOrder: 0, first: [{ before: 3, value: 1 }] };
    const turned = stray("answered", { op: opIdOf(1), attempt: 1 });
    const { verdict, findings } = await verdictOn(progress, historyOf(start, told(1, { ...good, notUp }), turned));
    expect(verdict).toBe("pass");
    expect(findings.map(({ grade }) => grade)).toEqual(["weakness", "weakness"]);
  });

  test("a call that a fault had delivered twice is told twice", async () => {
    const notUp = { count: 1, inOrder: 1, first: [{ before: 3, value: 1 }] };
    const meddled = { did: "deliver-twice", delivered: 2 } as const;
    const twice = exchange(1, 125, { link: "planner@cloud", attempt: 1, meddled }, 1);
    const late = stray("answered", { op: opIdOf(1), attempt: 1, inOrder: true });
    const history = historyOf(start, told(1, { ...good, notUp }), twice, late, told(2));
    expect(await verdictOn(progress, history)).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  test("a thousand notifications over a minute are no flood, but within a second they are a weakness", async () => {
    const slow = { count: 1000, firstUs: 0, lastUs: 60_000_000 };
    expect(await verdictOn(progress, historyOf(start, told(1, slow)))).toMatchObject({ findings: [] });
    const fast = { count: 1000, firstUs: 0, lastUs: 1_000_000 };
    expect(await verdictOn(progress, historyOf(start, told(1, fast)))).toMatchObject({
      verdict: "pass",
      findings: [{ grade: "weakness" }],
    });
  });

  test("where no step asks for it, it does not apply", () => {
    expect(progress.notApplicable(declared)).toBe("no step asks for progress");
  });
});

/** Answers that are not those of their own calls. */
import { describe, expect, test } from "vitest";
import { bleed } from "../../src/checks/bleed.ts";
import type { Attempt } from "../../src/history/events.ts";
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

const over = { steps: declared.steps.map((step) => ({ ...step, echoes: true as const })) };
const start = [runStarted("faults", over), ...frame()];

/** An op whose answer was compared. */
function compared(walk: number, strays: Attempt["strays"] = [], atMs = 100 + walk * 10): Timed[] {
  return op({ atMs, walk }).map(([at, event]) => [
    at,
    event.type === "attempt" && strays ? { ...event, strays } : event,
  ]);
}

test("answers that echo what they were given pass, and it is said how many", async () => {
  const result = await verdictOn(bleed, historyOf(start, compared(1), compared(2)));
  expect(result).toMatchObject({ verdict: "pass", looked: 2, findings: [] });
  expect(result.strength).toBe("0 of 2 answers to 1 agent held what was not its own");
});

test("an answer that names another op is a violation of the server, with both ops for witnesses", async () => {
  const stray = [{ path: "$.ticket", is: "other" as const, op: opIdOf(1) }];
  const { verdict, findings } = await verdictOn(bleed, historyOf(start, compared(1), compared(2, stray)));
  expect(verdict).toBe("fail");
  expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(2), opIdOf(1)] } }]);
  expect(findings[0]?.says).toBe(
    "1 answer of cloud.CreateLimitRequest held what belongs to another call, of 2 looked at in all: " +
      `${opIdOf(2)} at $.ticket that of ${opIdOf(1)}`,
  );
});

test.each(["missing", "other"] as const)("an answer in which the echo is %s is one too", async (is) => {
  const { findings } = await verdictOn(bleed, historyOf(start, compared(1, [{ path: "$.token", is }])));
  expect(findings[0]?.says).toContain("did not echo what it was given");
});

describe("near misses", () => {
  test("answers that were not compared are no evidence", async () => {
    expect(await verdictOn(bleed, historyOf(start, op({ atMs: 100, walk: 1 })))).toMatchObject({
      verdict: "unknown",
      because: "no answer came that was to echo something",
    });
  });

  test("an answer that a fault gave to another call is not held against the server", async () => {
    const meddled = { did: "cross-answers", delivered: 1, made: "garbage" } as const;
    const crossed = exchange(1, 1105, { link: "planner@cloud", attempt: 1, meddled }, 1);
    const strays = [{ path: "$.ticket", is: "other" as const, op: opIdOf(2) }];
    const result = await verdictOn(bleed, historyOf(start, compared(1, strays, 1100), [crossed], compared(2)));
    expect(result).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  describe("a fault behind the server", () => {
    const named = [{ path: "$.ticket", is: "other" as const, op: opIdOf(2) }];
    const missing = [{ path: "$.ticket", is: "missing" as const }];
    const judge = (strays: Attempt["strays"], ...behind: readonly Timed[]) =>
      verdictOn(bleed, historyOf(start, compared(1, strays, 1100), behind, compared(2)));
    const behind = (did: "cross-answers" | "replace-answer") =>
      exchange(1, 1105, { attempt: 1, meddled: { did, delivered: 1, made: "garbage" } }, 1);

    test("that gave it another's answer, or one made up, is not held against it", async () => {
      expect(await judge(named, behind("cross-answers"))).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
      expect(await judge(missing, behind("replace-answer"))).toMatchObject({ verdict: "pass", looked: 1 });
    });

    test("explains no other op in the answer where it only made one up", async () => {
      expect(await judge(named, behind("replace-answer"))).toMatchObject({ verdict: "fail", looked: 2 });
      expect(await judge(named)).toMatchObject({ verdict: "fail" });
    });

    test("may have done it where nobody can tell whose request it took", async () => {
      const fault = { type: "fault", fault: "outage.0", kind: "crossed-answers", link: "cloud->cloud-api" } as const;
      const crossing: Timed[] = [
        [1050, { ...fault, window: 1, edge: "requested" }],
        [1051, { ...fault, window: 1, edge: "observed" }],
        [1200, { ...fault, window: 1, edge: "healed" }],
      ];
      const nameless = exchange(1, 1108, { ops: [], startedUs: 1_104_000 });
      const beside = op({ atMs: 1101, walk: 3 });
      expect(await judge(named, ...crossing, ...beside, nameless)).toMatchObject({ verdict: "pass", findings: [] });
    });
  });

  test("where no step says what is echoed, the check does not apply", () => {
    expect(bleed.notApplicable(declared)).toBe("no step says what its answer must echo");
    expect(bleed.notApplicable({ ...declared, ...over })).toBeUndefined();
  });
});

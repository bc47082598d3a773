/** Changed states, and whether their server went on with them. */
import { describe, expect, test } from "vitest";
import { tamperedState } from "../../src/checks/tampered-state.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
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

const steps = declared.steps.map((step) => ({ ...step, tampers: true as const }));
const start: Timed[] = [runStarted("faults", { steps }), ...frame()];

/** A call whose server asks first, gets a changed state, and then the one it gave. */
function tampering(walk: number, came: OutcomeClass): Timed[] {
  const last = came === "ok" ? [] : ["ok" as const];
  const classes: readonly OutcomeClass[] = ["input-required", came, ...last];
  return op({ atMs: 100 + walk * 50, walk, attempts: classes }).map(([at, event]) => {
    if (event.type !== "attempt") return [at, event];
    const goesOn = event.attempt < classes.length ? { goesOn: true as const } : {};
    return [at, { ...event, ...goesOn, ...(event.attempt === 2 ? { tampered: true as const } : {}) }];
  });
}

test("changed states that are refused pass, however that is said", async () => {
  const refusals = ["rpc-error", "tool-error", "http-refusal", "input-required"] as const;
  const result = await verdictOn(
    tamperedState,
    historyOf(start, ...refusals.map((is, index) => tampering(index + 1, is))),
  );
  expect(result).toMatchObject({
    verdict: "pass",
    looked: 4,
    findings: [],
    strength: "0 of 4 changed states accepted",
  });
});

test("a server that goes on with one violates what it must do", async () => {
  const { verdict, findings } = await verdictOn(
    tamperedState,
    historyOf(start, tampering(1, "rpc-error"), tampering(2, "ok")),
  );
  expect(verdict).toBe("fail");
  expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(2)] } }]);
  expect(findings[0]?.says).toBe("cloud.CreateLimitRequest went on with 1 requestState that had been changed, of 2");
});

describe("near misses", () => {
  test("a changed state that nobody answered is no evidence", async () => {
    expect(await verdictOn(tamperedState, historyOf(start, tampering(1, "timeout")))).toMatchObject({
      verdict: "unknown",
      because: "of 1 changed state none was answered by its server",
    });
  });

  test("a server that hands out nothing cannot be tried", async () => {
    expect(await verdictOn(tamperedState, historyOf(start, op({ atMs: 100, walk: 1 })))).toMatchObject({
      verdict: "unknown",
      because: "no server handed out a requestState that could be changed",
    });
  });

  test("an answer that a fault made up is not held against the server", async () => {
    const meddled = { did: "answer-request", delivered: 0, made: "error" } as const;
    const made = exchange(1, 160, { link: "planner@cloud", attempt: 2, meddled }, 1);
    const history = historyOf(start, tampering(1, "ok"), made, tampering(2, "rpc-error"));
    expect(await verdictOn(tamperedState, history)).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  test("without such steps, or with SDKs only, it does not apply", () => {
    expect(tamperedState.notApplicable(declared)).toMatch(/^no step changes a requestState/);
    const groups = declared.groups.map((group) => ({ ...group, wire: "sdk" as const }));
    expect(tamperedState.notApplicable({ ...declared, steps, groups })).toMatch(/^SDKs send/);
  });
});

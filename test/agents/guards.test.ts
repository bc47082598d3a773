/** What guards promise, whatever happens and whenever. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";
import type { Seen } from "../../src/agents/policy.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { seededRandom } from "../../src/world.ts";
import { openGuards } from "./simulated.ts";
import { seen } from "./seen.ts";

const classes: readonly OutcomeClass[] = ["ok", "ok", "timeout", "reset", "tool-error", "outrun", "stopped"];

/** Attempts that are asked for, and that end, one after another or while others are under way. */
const happenings = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    asks: fc.boolean(),
    isFirst: fc.boolean(),
    /** Which of those under way ends, if any is to. */
    which: fc.nat(),
    class: fc.constantFrom(...classes),
    isSent: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  }),
  { maxLength: 200 },
);

interface UnderWay {
  readonly settle: (nowMs: number, seen?: Seen) => void;
  readonly isFirst: boolean;
}

interface Step {
  readonly nowMs: number;
  readonly underWay: number;
  readonly did: "let through" | "held" | "ended" | "withdrawn";
  readonly isFirst: boolean;
  readonly class: OutcomeClass;
  readonly state: unknown;
}

/** Plays them, and tells after each how things stand. */
function play(
  parts: WrittenParts,
  of: typeof happenings extends fc.Arbitrary<infer Of> ? Of : never,
  seed = 42,
): Step[] {
  const guards = openGuards(composePolicy(parts));
  const random = seededRandom(seed, "play");
  const underWay: UnderWay[] = [];
  let nowMs = 0;
  return of.flatMap(({ afterMs, asks, isFirst, which, class: is, isSent }): Step[] => {
    nowMs += afterMs;
    const step = (did: Step["did"], first: boolean): Step => ({
      nowMs,
      did,
      isFirst: first,
      class: is,
      underWay: underWay.length,
      state: guards.states[0],
    });
    if (asks) {
      const settle = guards.ask({ nowMs, isFirst, random });
      if (settle !== undefined) underWay.push({ settle, isFirst });
      return [step(settle === undefined ? "held" : "let through", isFirst)];
    }
    const [ends] = underWay.length === 0 ? [] : underWay.splice(which % underWay.length, 1);
    if (ends === undefined) return [];
    ends.settle(nowMs, isSent ? seen(is) : undefined);
    return [step(isSent ? "ended" : "withdrawn", ends.isFirst)];
  });
}

const law = (name: string, parts: WrittenParts, holds: (steps: readonly Step[]) => void): void =>
  test(name, () => {
    fc.assert(
      fc.property(happenings, (of) => holds(play(parts, of))),
      { seed: 42, numRuns: 300 },
    );
  });

describe("a bulkhead", () => {
  law(
    "never has more under way than it says, and holds nothing back before",
    { bulkhead: { inFlight: 3 } },
    (steps) => {
      for (const { did, underWay, state } of steps) {
        expect(underWay).toBeLessThanOrEqual(3);
        expect(state).toBe(underWay);
        if (did === "held") expect(underWay).toBe(3);
      }
    },
  );
});

describe("a retry budget", () => {
  const budget = { ratio: "50%", window: "1s", least: 1 } as const;
  law(
    "lets no more repeats through than its share of first attempts, and first ones always",
    { retryBudget: budget },
    (steps) => {
      for (const [at, { did, isFirst, nowMs }] of steps.entries()) {
        if (did === "held") expect(isFirst).toBe(false);
        if (did !== "let through" || isFirst) continue;
        const before = steps.slice(0, at + 1);
        const within = (ms: number, first: boolean): number =>
          before.filter((step) => step.did === "let through" && step.isFirst === first && step.nowMs > nowMs - ms)
            .length;
        // Those that were never sent are given back.
        const givenBack = before.filter((step) => step.did === "withdrawn" && step.nowMs > nowMs - 1000).length;
        expect(within(900, false)).toBeLessThanOrEqual(within(1000, true) * 0.5 + 1 + givenBack);
      }
    },
  );
});

describe("retry tokens", () => {
  const retryTokens = { capacity: 20, cost: 5, timeoutCost: 10, refund: 1 };
  law("stay between nothing and a full bucket, and nothing is sent on credit", { retryTokens }, (steps) => {
    let paid = 0;
    for (const { did, isFirst, class: is, state } of steps) {
      expect(state).toBeGreaterThanOrEqual(0);
      expect(state).toBeLessThanOrEqual(20);
      if (did === "let through" && !isFirst) paid += 5;
      if (did === "withdrawn" && !isFirst) paid -= 5;
      if (did === "ended" && is === "ok") paid -= isFirst ? 1 : 5;
      expect(paid).toBeLessThanOrEqual(20);
      paid = Math.max(paid, 0);
    }
  });
});

describe("retry throttling", () => {
  law(
    "sends repeats only while more than half of the tokens are there",
    { retryThrottling: { maxTokens: 4 } },
    (steps) => {
      let tokens = 4;
      for (const { did, isFirst, class: is, state } of steps) {
        if (did === "let through" || did === "held") expect(did === "let through").toBe(isFirst || tokens > 2);
        if (did === "ended" && (is === "timeout" || is === "reset")) tokens = Math.max(0, tokens - 1);
        if (did === "ended" && is === "ok") tokens = Math.min(4, tokens + 0.1);
        expect(state).toBeCloseTo(tokens);
      }
    },
  );
});

describe("a throttle", () => {
  test("refuses nothing while half of all is accepted, and decides the same with the same seed", () => {
    fc.assert(
      fc.property(happenings, fc.integer(), (of, seed) => {
        const parts = { throttle: { window: "5s" } } as const;
        const steps = play(parts, of, seed);
        let requests = 0;
        let accepts = 0;
        for (const { did, class: is, nowMs } of steps) {
          // What is older may be forgotten.
          if (nowMs > 4000) break;
          if (did === "held") expect(requests).toBeGreaterThan(2 * accepts);
          if (did === "let through" || did === "held") requests += 1;
          if (did === "ended" && (is === "ok" || is === "tool-error")) accepts += 1;
        }
        expect(play(parts, of, seed)).toEqual(steps);
      }),
      { seed: 42 },
    );
  });
});

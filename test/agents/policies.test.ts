import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Seen } from "../../src/agents/policy.ts";
import { policyKinds, policyKindNamed } from "../../src/agents/registry.ts";
import { outcomeClasses, type OutcomeClass } from "../../src/history/outcomes.ts";
import { seededRandom } from "../../src/world.ts";

const random = () => seededRandom(42, "test");
const seen = (is: OutcomeClass): Seen => ({
  class: is,
  rung: outcomeClasses[is].rung,
  outcome: outcomeClasses[is].outcome,
});

/** The waits that a policy chooses when every attempt ends the same way. */
function waits(attributes: object, is: OutcomeClass, chance = random()): number[] {
  const policy = policyKindNamed("retry").prepare(attributes);
  const history: Seen[] = [];
  const chosen: number[] = [];
  for (let limit = 0; limit < 200; limit += 1) {
    const decision = policy.decide([...history, seen(is)], chance);
    if (decision.do === "stop") return chosen;
    chosen.push(decision.afterMs);
    history.push(seen(is));
  }
  throw new Error("it never stops");
}

test("none never tries again", () => {
  expect(
    policyKindNamed("none")
      .prepare({})
      .decide([seen("timeout")], random()),
  ).toEqual({ do: "stop" });
});

describe("retry", () => {
  test("tries as often as it says, the first attempt included", () => {
    expect(waits({ attempts: 3, delay: "50ms" }, "timeout")).toEqual([50, 50]);
  });

  test("doubles the wait up to its limit", () => {
    const attributes = { attempts: 6, delay: "100ms", backoff: "exponential", delayMax: "500ms" };
    expect(waits(attributes, "reset")).toEqual([100, 200, 400, 500, 500]);
  });

  test("tries again only what it is told to", () => {
    expect(waits({}, "tool-error")).toEqual([]);
    expect(waits({ retryOn: ["tool-error"] }, "tool-error")).toHaveLength(2);
    expect(waits({ retryOn: ["tool-error"] }, "timeout")).toEqual([]);
  });

  test("never exceeds its attempts or its longest wait, and jitter keeps to its range", () => {
    const attributes = fc.record({
      attempts: fc.integer({ min: 2, max: 20 }),
      delay: fc.integer({ min: 0, max: 5000 }).map((ms) => `${ms}ms`),
      backoff: fc.constantFrom("none", "exponential"),
      delayMax: fc.integer({ min: 0, max: 5000 }).map((ms) => `${ms}ms`),
      jitter: fc.constantFrom("none", "equal", "full"),
    });
    fc.assert(
      fc.property(attributes, fc.integer(), (settings, seed) => {
        const plain = waits({ ...settings, jitter: "none" }, "closed");
        const jittered = waits(settings, "closed", seededRandom(seed));
        expect(jittered).toHaveLength(settings.attempts - 1);
        for (const [index, waitMs] of jittered.entries()) {
          const fullMs = plain[index] ?? 0;
          expect(waitMs).toBeLessThanOrEqual(Math.min(fullMs, Number.parseInt(settings.delayMax)));
          const leastMs = { none: fullMs, equal: fullMs / 2, full: 0 }[settings.jitter];
          expect(waitMs).toBeGreaterThanOrEqual(leastMs);
        }
        expect(waits(settings, "closed", seededRandom(seed))).toEqual(jittered);
      }),
      { seed: 42 },
    );
  });
});

test("every policy says what it is and refuses what it does not know", () => {
  for (const { kind, about, attributes } of policyKinds) {
    expect(about, kind).toMatch(/^[A-Z].*\.$/);
    expect(attributes.safeParse({ nonsense: 1 }).success, kind).toBe(false);
  }
});

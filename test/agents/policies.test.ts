import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type Seen } from "../../src/agents/policy.ts";
import { partNames, policyParts } from "../../src/agents/registry.ts";
import { preparePolicy } from "../../src/agents/written.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { seededRandom } from "../../src/world.ts";
import { seen } from "./seen.ts";

const random = () => seededRandom(42, "test");

/** The waits that a policy chooses when every attempt ends the same way. */
function waits(attributes: Readonly<Record<string, unknown>>, is: OutcomeClass, chance = random()): number[] {
  const policy = preparePolicy({ kind: "retry", attributes });
  const before: Seen[] = [];
  const chosen: number[] = [];
  for (let limit = 0; limit < 200; limit += 1) {
    const [first, ...rest] = [...before, seen(is)];
    const waitedMs = chosen.at(-1) ?? 0;
    const decision = decide(policy, [first, ...rest], { random: chance, waitedMs, isSafe: false });
    if (decision.do === "stop") return chosen;
    chosen.push(decision.afterMs);
    before.push(seen(is));
  }
  throw new Error("it never stops");
}

test("none never tries again", () => {
  const about = { random: random(), waitedMs: 0, isSafe: true };
  expect(decide(preparePolicy({ kind: "none", attributes: {} }), [seen("timeout")], about)).toEqual({ do: "stop" });
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

test("every part says what it is and where it comes from, and refuses what it does not know", () => {
  for (const name of partNames) {
    const { about, source, attributes } = policyParts[name];
    expect(about, name).toMatch(/^[A-Z].*\.$/);
    expect(source, name).toMatch(/\w/);
    expect(attributes.safeParse({ nonsense: 1 }).success, name).toBe(false);
  }
});

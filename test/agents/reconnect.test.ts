/** What becomes of lost sessions and lost streams. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";

type Written = NonNullable<WrittenParts["reconnect"]>;

function waits(written: Written, retryMs?: number): number[] {
  const { resuming } = composePolicy({ reconnect: { stream: "resume", ...written } }).reconnect;
  const all: number[] = [];
  for (let inVain = 0; inVain < 200; inVain += 1) {
    const afterMs = resuming?.afterMs(inVain, retryMs);
    if (afterMs === undefined) return all;
    all.push(afterMs);
  }
  throw new Error("it never stops");
}

describe("reconnect", () => {
  test("a policy without it opens a lost session anew and resumes nothing", () => {
    expect(composePolicy({}).reconnect).toEqual({ session: "anew" });
    expect(composePolicy({ reconnect: { session: "never" } }).reconnect).toEqual({ session: "never" });
  });

  test("by default it asks as the SDKs do: twice, after a second and a second and a half", () => {
    expect(waits({})).toEqual([1000, 1500]);
  });

  test("what the server says of the wait goes before, and its tries stay bounded", () => {
    expect(waits({ tries: 3 }, 20)).toEqual([20, 20, 20]);
  });

  test("it never asks more often in vain than it says, nor waits longer of its own accord", () => {
    const written = fc.record({
      tries: fc.integer({ min: 1, max: 100 }),
      delay: fc.integer({ min: 0, max: 5000 }).map((ms) => `${ms}ms`),
      growth: fc.double({ min: 1, max: 10, noNaN: true }),
      delayMax: fc.integer({ min: 0, max: 5000 }).map((ms) => `${ms}ms`),
    });
    fc.assert(
      fc.property(written, (settings) => {
        const all = waits(settings);
        expect(all).toHaveLength(settings.tries);
        for (const [index, ms] of all.entries()) {
          expect(ms).toBeLessThanOrEqual(Number.parseInt(settings.delayMax));
          expect(ms).toBeGreaterThanOrEqual(all[index - 1] ?? 0);
        }
      }),
      { seed: 42 },
    );
  });
});

/** How the budget of a chain is shared out, whatever its steps have taken. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";

type Written = Required<NonNullable<WrittenParts["deadline"]>>;

const splits = ["shared", "uniform", "uniform-remainder", "usual", "usual-remainder"] as const;
const settings = fc.record({
  split: fc.constantFrom(...splits),
  reserve: fc.integer({ min: 0, max: 90 }).map((percent) => `${percent}%`),
});
const usualMs = fc.array(
  fc.option(
    fc.integer({ min: 0, max: 5_000_000 }).map((us) => us / 1000),
    { nil: undefined },
  ),
  {
    minLength: 1,
    maxLength: 8,
  },
);

function shareOf(
  { split, reserve }: Written,
  chain: Parameters<NonNullable<ReturnType<typeof deadlineOf>>["shareMs"]>[0],
) {
  return deadlineOf({ split, reserve })?.shareMs(chain) ?? Number.NaN;
}

function deadlineOf(written: Written) {
  return composePolicy({ deadline: written }).deadline;
}

describe("deadline", () => {
  test("no step gets more than is left of what the reserve leaves, and none less than nothing", () => {
    const chain = fc.record({
      usualMs,
      budgetMs: fc.integer({ min: 1, max: 60_000 }),
      spent: fc.double({ min: 0, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(settings, chain, fc.nat(7), (written, { usualMs: usual, budgetMs, spent }, nth) => {
        const step = nth % usual.length;
        const elapsedMs = budgetMs * spent;
        const share = shareOf(written, { budgetMs, elapsedMs, usualMs: usual, step });
        const usableMs = budgetMs * (1 - Number.parseInt(written.reserve) / 100);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(Math.max(0, usableMs - elapsedMs) + 1e-6);
      }),
      { seed: 42 },
    );
  });

  test("steps that each use up their share never overdraw the budget, and the last may take all that is left", () => {
    fc.assert(
      fc.property(settings, usualMs, fc.integer({ min: 1, max: 60_000 }), (written, usual, budgetMs) => {
        const usableMs = budgetMs * (1 - Number.parseInt(written.reserve) / 100);
        let elapsedMs = 0;
        for (const step of usual.keys()) elapsedMs += shareOf(written, { budgetMs, elapsedMs, usualMs: usual, step });
        expect(elapsedMs).toBeLessThanOrEqual(usableMs + 1e-6);
        if (written.split !== "uniform" && written.split !== "usual") expect(elapsedMs).toBeCloseTo(usableMs, 3);
      }),
      { seed: 42 },
    );
  });
});

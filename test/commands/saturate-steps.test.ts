import { describe, expect, test } from "vitest";
import { cameTo, leastRate } from "../../src/commands/saturate/steps.ts";
import { isCeiling } from "../../src/commands/saturate/words.ts";
import type { ScenarioGroup } from "../../src/scenario/resolve.ts";

type Gap = Parameters<typeof cameTo>[0]["verdicts"]["gaps"][number];

const stopped: Gap = { gap: "run-stopped", says: "the baseline does not hold: most ops have no answer yet" };
const behind: Gap = { gap: "generator-behind", says: "the load generator fell behind" };
const ended: Gap = { gap: "target-ended", says: "the server cloud ended by itself" };

const came = (...gaps: Gap[]) =>
  cameTo({
    verdicts: { verdict: gaps.length === 0 ? "pass" : "unknown", checks: [], thresholds: [], gaps },
    figures: { tools: [] },
  });

describe("a step", () => {
  test("without a gap held", () => expect(came()).toEqual({ came: "held" }));
  test("whose baseline broke did not", () =>
    expect(came(stopped)).toEqual({ came: "not-held", because: stopped.says }));
  test("under which a server ended did not", () =>
    expect(came(ended)).toEqual({ came: "not-held", because: ended.says }));
  test("whose baseline broke while we fell behind tells nothing of the server", () =>
    expect(came(stopped, behind)).toEqual({ came: "unknown", because: behind.says }));
});

describe("a search begins", () => {
  const group = (name: string, perSecond: number): ScenarioGroup => ({
    name,
    wire: "lean",
    policy: { kind: "none", timeoutMs: 2000, onTimeout: "cancel", attemptsMax: 1, attributes: {} },
    arrivals: {
      is: "open",
      agents: 1,
      model: { is: "rate", perSecond },
      spacing: "even",
      maxInFlight: 10_000,
      startMs: 0,
    },
    steps: [],
  });
  const scenario = (...rates: readonly number[]) => ({
    groups: rates.map((rate, index) => group(`g${index}`, rate)),
    phases: [{ phase: "baseline", role: "baseline" as const, durationMs: 1000 }],
  });

  test("no lower than a minute has samples for, of the group that walks least", () => {
    expect(leastRate(scenario(5), ["p99(s.T, baseline) < 1s"])).toBe(10);
    expect(leastRate(scenario(30, 10), ["p99(s.T, baseline) < 1s"])).toBe(40);
    expect(leastRate(scenario(5), [])).toBe(0);
  });
});

test("refusals are no raw ceiling", () => {
  const raw = { server: "s", tool: "T", connections: 1, seconds: 1, perSecond: 1000, p50Ms: 1, p99Ms: 2 };
  expect(isCeiling({ ...raw, calls: 1000, refused: 0, unanswered: 0 })).toBe(true);
  expect(isCeiling({ ...raw, calls: 1000, refused: 1000, unanswered: 0 })).toBe(false);
  expect(isCeiling({ ...raw, calls: 0, refused: 0, unanswered: 0 })).toBe(false);
});

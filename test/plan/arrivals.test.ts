import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  agentsBetween,
  closedStarts,
  inFlightMax,
  openArrivals,
  planArrivals,
  thinkMsAfter,
  walksBegunBetween,
  walksPlanned,
  type Arrival,
  type PlannedClosed,
  type PlannedOpen,
} from "../../src/plan/arrivals.ts";
import { arrivalsOf, arrivalsSchema } from "../../src/scenario/arrivals.ts";
import type { ScenarioInput } from "../../src/scenario/schema.ts";
import { rounds } from "../rounds.ts";

type Written = ScenarioInput["agents"][string]["arrivals"];

function planned(written: Written, durationMs = 10_000) {
  const arrivals = arrivalsOf(arrivalsSchema.parse(written), { walkMs: 1000, isStdio: false });
  return planArrivals({ name: "planner", arrivals }, durationMs);
}

function open(written: Written, durationMs?: number): PlannedOpen {
  const plan = planned(written, durationMs);
  if (plan.is !== "open") throw new Error("the closed model was planned");
  return plan;
}

function closed(written: Written, durationMs?: number): PlannedClosed {
  const plan = planned(written, durationMs);
  if (plan.is !== "closed") throw new Error("the open model was planned");
  return plan;
}

const all = (plan: PlannedOpen, seed = 42): Arrival[] => [...openArrivals(plan, { seed })];
const timesOf = (written: Written, durationMs?: number): number[] =>
  all(open(written, durationMs)).map(({ atMs }) => atMs);

const ms = fc.integer({ min: 0, max: 5000 }).map((of) => `${of}ms`);
const someMs = fc.integer({ min: 1, max: 5000 }).map((of) => `${of}ms`);
const rate = fc.integer({ min: 0, max: 3000 }).map((tenths) => `${tenths / 10}/s`);
const someRate = fc.integer({ min: 1, max: 3000 }).map((tenths) => `${tenths / 10}/s`);
const size = fc.integer({ min: 1, max: 50 });
const agents = fc.integer({ min: 1, max: 40 });
const stages = fc.array(fc.record({ to: rate, over: ms }), { minLength: 1, maxLength: 5 });

const models: fc.Arbitrary<NonNullable<Written>> = fc.oneof(
  fc.record({ rate: someRate }),
  fc.record({ rate, stages }),
  fc.record({ burst: fc.record({ size, every: fc.integer({ min: 20, max: 5000 }).map((of) => `${of}ms`) }) }),
  fc.record({ herd: fc.record({ size, at: ms }) }),
  fc.record({ step: fc.record({ from: rate, by: someRate, every: someMs, to: rate }) }),
  fc.record({ spike: fc.record({ from: rate, to: rate, at: ms, for: someMs }) }),
  fc.record({ soak: fc.record({ rate: someRate, rampUp: ms, rampDown: ms }) }),
);
const windowed = fc
  .tuple(models, agents, fc.record({ start: ms, for: someMs }, { requiredKeys: [] }))
  .map(([model, count, window]) => ({ ...model, agents: count, ...window }));
const spaced = fc
  .tuple(windowed, fc.constantFrom("even" as const, "poisson" as const))
  .map(([written, spacing]) => ("burst" in written || "herd" in written ? written : { ...written, spacing }));

/** The rates of stages as a person would draw them, and the area under them between two moments. */
function areaUnder(setsOut: number, drawn: readonly { to: number; overMs: number }[], fromMs: number, toMs: number) {
  let [atMs, from, area] = [0, setsOut, 0];
  const add = (endMs: number, to: number): void => {
    const [left, right] = [Math.max(atMs, fromMs), Math.min(endMs, toMs)];
    const rateAt = (t: number): number => (endMs === atMs ? to : from + ((to - from) * (t - atMs)) / (endMs - atMs));
    if (right > left) area += ((rateAt(left) + rateAt(right)) / 2) * ((right - left) / 1000);
    [atMs, from] = [endMs, to];
  };
  for (const { to, overMs } of drawn) add(atMs + overMs, to);
  add(Math.max(atMs, toMs), from);
  return area;
}

describe("walks of an open group", () => {
  test("begin in order, within the group's time, each agent in turn", () => {
    fc.assert(
      fc.property(spaced, fc.nat(1000), (written, seed) => {
        const plan = open(written);
        const arrivals = all(plan, seed);
        for (const [k, { atMs, agent, walk }] of arrivals.entries()) {
          expect(atMs).toBeGreaterThanOrEqual(arrivals[k - 1]?.atMs ?? plan.startMs);
          expect(atMs).toBeLessThan(plan.endMs);
          expect([agent, walk]).toEqual([k % plan.agents, Math.floor(k / plan.agents)]);
        }
      }),
      { seed: 42, numRuns: rounds(300, 60) },
    );
  });

  test("spaced evenly, are within one of the area under the rates, between any two moments", () => {
    const drawn = fc.array(
      fc.record({ to: fc.integer({ min: 0, max: 300 }), overMs: fc.integer({ min: 0, max: 4000 }) }),
      { minLength: 1, maxLength: 6 },
    );
    const moment = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), drawn, moment, moment, (setsOut, line, one, another) => {
        const [fromMs, toMs] = [Math.min(one, another), Math.max(one, another)];
        const written = line.map(({ to, overMs }) => ({ to: `${to}/s`, over: `${overMs}ms` }));
        const times = timesOf({ rate: `${setsOut}/s`, stages: written });
        const count = times.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
        expect(Math.abs(count - areaUnder(setsOut, line, fromMs, toMs))).toBeLessThan(1 + 1e-6);
        expect(Math.abs(times.length - areaUnder(setsOut, line, 0, 10_000))).toBeLessThan(1 + 1e-6);
      }),
      { seed: 42, numRuns: 500 },
    );
  });

  test("do not drift: after an hour at a rate that no float can hold, the next one is where it belongs", () => {
    const times = timesOf({ rate: "33.3/s" }, 3_600_000);
    expect(times).toHaveLength(119_880);
    expect(times.at(-1)).toBeCloseTo((119_879 * 1000) / 33.3, 6);
  });

  test("are as many as is told before the run", () => {
    fc.assert(
      fc.property(windowed, (written) => {
        const plan = open(written);
        expect(Math.abs(all(plan).length - walksPlanned(plan))).toBeLessThanOrEqual(1);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  test("spaced evenly, are as many as is told of the time between any two moments", () => {
    fc.assert(
      fc.property(windowed, fc.nat(12_000), fc.nat(12_000), (written, one, other) => {
        const plan = open(written);
        const { model } = plan;
        // A scenario whose ramps take longer than its group is a mistake, and not played.
        fc.pre(model.is !== "soak" || model.rampUpMs + model.rampDownMs <= plan.endMs - plan.startMs);
        const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other)];
        const begun = all(plan).filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
        const told = walksBegunBetween(plan, { fromMs, toMs });
        expect(Math.abs(begun - told)).toBeLessThan("burst" in written || "herd" in written ? 1e-9 : 2);
      }),
      { seed: 42, numRuns: 500 },
    );
  });

  test("are the same for the same seed", () => {
    fc.assert(
      fc.property(spaced, fc.nat(1000), (written, seed) => {
        expect(JSON.stringify(all(open(written), seed))).toBe(JSON.stringify(all(open(written), seed)));
      }),
      { seed: 42, numRuns: 50 },
    );
  });

  test("at seed 42 begin when they always did", () => {
    const [first, second, third] = all(open({ rate: "10/s", spacing: "poisson" }));
    expect([first?.atMs, second?.atMs, third?.atMs]).toMatchInlineSnapshot(`
      [
        89.47084368702048,
        108.41480585264858,
        217.56824122872095,
      ]
    `);
  });

  test("are drawn one by one: a plan for a month costs nothing until it is played", () => {
    for (const spacing of ["even", "poisson"] as const) {
      const month = openArrivals(open({ rate: "100000/s", spacing }, 30 * 24 * 3_600_000), { seed: 42 });
      expect(month.next().value).toMatchObject({ agent: 0, walk: 0 });
    }
  });
});

describe("stripes", () => {
  test("of any number of workers are the whole list, each arrival once and of an agent of the stripe", () => {
    fc.assert(
      fc.property(spaced, fc.integer({ min: 1, max: 9 }), fc.nat(1000), (written, of, seed) => {
        const plan = open(written);
        const stripes = Array.from({ length: of }, (_, index) => [
          ...openArrivals(plan, { seed, stripe: { index, of } }),
        ]);
        for (const [index, stripe] of stripes.entries()) {
          expect(stripe.every(({ agent }) => agent % of === index)).toBe(true);
        }
        const inOrder = (list: readonly Arrival[]): Arrival[] =>
          list.toSorted((a, b) => a.walk - b.walk || a.agent - b.agent);
        expect(inOrder(stripes.flat())).toEqual(inOrder(all(plan, seed)));
      }),
      { seed: 42, numRuns: 200 },
    );
  });

  test("share the walks that may be under way as they share the agents", () => {
    const shares = (written: Written, of: number) =>
      Array.from({ length: of }, (_, index) => inFlightMax(open(written), { index, of }));
    expect(shares({ rate: "9/s", agents: 5, maxInFlight: 100 }, 2)).toEqual([60, 40]);
    expect(shares({ rate: "9/s", agents: 1, maxInFlight: 100 }, 3)).toEqual([100, 0, 0]);
    expect(shares({ rate: "9/s", agents: 4, maxInFlight: 3 }, 4)).toEqual([1, 1, 1, 1]);
  });

  test("of a closed group are its agents, each once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), ms, fc.integer({ min: 1, max: 9 }), (count, rampUp, of) => {
        const plan = closed({ count, rampUp });
        const stripes = Array.from({ length: of }, (_, index) => [...closedStarts(plan, { index, of })]);
        const inOrder = stripes.flat().toSorted((a, b) => a.agent - b.agent);
        expect(inOrder).toEqual([...closedStarts(plan)]);
        expect(inOrder).toHaveLength(count);
      }),
      { seed: 42 },
    );
  });
});

describe("a Poisson group", () => {
  const perSecond = 50;
  const counts = (seed: number): number[] => {
    const seconds = Array.from({ length: 2000 }, () => 0);
    const plan = open({ rate: `${perSecond}/s`, spacing: "poisson" }, 2_000_000);
    for (const { atMs } of openArrivals(plan, { seed })) {
      const second = Math.floor(atMs / 1000);
      seconds[second] = (seconds[second] ?? 0) + 1;
    }
    return seconds;
  };
  const meanOf = (numbers: readonly number[]): number => numbers.reduce((sum, of) => sum + of, 0) / numbers.length;

  // Of 2000 seconds the mean is within 0.16 and the variance within 1.6 of 50, two thirds of the time: four times that.
  test.each([1, 2, 3])("has the mean and the variance of its rate, at seed %i", (seed) => {
    const seconds = counts(seed);
    const mean = meanOf(seconds);
    const variance = meanOf(seconds.map((count) => (count - mean) ** 2));
    expect(Math.abs(mean - perSecond)).toBeLessThan(0.64);
    expect(Math.abs(variance - perSecond)).toBeLessThan(6.4);
  });

  test("follows its rate where that changes", () => {
    const times = all(open({ stages: [{ to: "200/s", over: "50s" }], spacing: "poisson" }, 100_000)).map(
      ({ atMs }) => atMs,
    );
    const between = (fromMs: number, toMs: number): number =>
      times.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
    // The expected counts are 1250, 3750 and 10000; the bounds are four times the root of each.
    expect(Math.abs(between(0, 25_000) - 1250)).toBeLessThan(4 * Math.sqrt(1250));
    expect(Math.abs(between(25_000, 50_000) - 3750)).toBeLessThan(4 * Math.sqrt(3750));
    expect(Math.abs(between(50_000, 100_000) - 10_000)).toBeLessThan(4 * 100);
  });

  test("is another one for another seed, and another one for another group", () => {
    const plan = open({ rate: "50/s", spacing: "poisson" });
    expect(all(plan, 1)).not.toEqual(all(plan, 2));
    expect(all({ ...plan, group: "clerk" }, 1)).not.toEqual(all(plan, 1));
  });
});

describe("the models", () => {
  test("a rate begins at once", () => {
    expect(timesOf({ rate: "2/s" }, 2000)).toEqual([0, 500, 1000, 1500]);
  });

  test("stages set out from the rate, jump where they take no time, and pause at 0/s", () => {
    const written: Written = {
      rate: "2/s",
      stages: [
        { to: "2/s", over: "1s" },
        { to: "0/s", over: "0s" },
        { to: "0/s", over: "2s" },
        { to: "4/s", over: "0s" },
      ],
    };
    expect(timesOf(written, 4000)).toEqual([0, 500, 3000, 3250, 3500, 3750]);
  });

  test("a ramp from nothing begins its k-th walk where the area of its triangle is k", () => {
    const times = timesOf({ stages: [{ to: "10/s", over: "10s" }] });
    expect(times).toHaveLength(50);
    for (const [k, atMs] of times.entries()) expect(atMs).toBeCloseTo(Math.sqrt(2 * k) * 1000, 6);
  });

  test("a burst comes again and again, a herd once", () => {
    expect(timesOf({ burst: { size: 2, every: "4s" } })).toEqual([0, 0, 4000, 4000, 8000, 8000]);
    expect(timesOf({ herd: { size: 3, at: "4s" } })).toEqual([4000, 4000, 4000]);
    expect(timesOf({ herd: { size: 3 }, start: "1s" })).toEqual([1000, 1000, 1000]);
  });

  const same: readonly (readonly [string, Written, Written])[] = [
    [
      "a staircase",
      { step: { from: "10/s", by: "20/s", every: "2s", to: "40/s" } },
      {
        rate: "10/s",
        stages: [
          { to: "10/s", over: "2s" },
          { to: "30/s", over: "0s" },
          { to: "30/s", over: "2s" },
          { to: "40/s", over: "0s" },
        ],
      },
    ],
    [
      "a staircase down",
      { step: { from: "90/m", by: "30/m", every: "3s", to: "30/m" } },
      {
        rate: "90/m",
        stages: [
          { to: "90/m", over: "3s" },
          { to: "60/m", over: "0s" },
          { to: "60/m", over: "3s" },
          { to: "30/m", over: "0s" },
        ],
      },
    ],
    [
      "a spike",
      { spike: { from: "5/s", to: "80/s", at: "3s", for: "2s" } },
      {
        rate: "5/s",
        stages: [
          { to: "5/s", over: "3s" },
          { to: "80/s", over: "0s" },
          { to: "80/s", over: "2s" },
          { to: "5/s", over: "0s" },
        ],
      },
    ],
    [
      "a soak",
      { soak: { rate: "30/s", rampUp: "2s", rampDown: "3s" } },
      {
        stages: [
          { to: "30/s", over: "2s" },
          { to: "30/s", over: "5s" },
          { to: "0/s", over: "3s" },
        ],
      },
    ],
  ];
  test.each(same)("%s is the stages that one would draw", (_, model, drawn) => {
    const [one, other] = [timesOf(model), timesOf(drawn)];
    expect(one.length).toBe(other.length);
    for (const [k, atMs] of one.entries()) expect(atMs).toBeCloseTo(other[k] ?? Number.NaN, 6);
  });

  test("a group begins and ends when it says", () => {
    expect(timesOf({ rate: "1/s", start: "3s", for: "4s" })).toEqual([3000, 4000, 5000, 6000]);
    const soak = all(open({ soak: { rate: "10/s", rampDown: "2s" }, start: "2s", for: "4s" }));
    expect(soak).toHaveLength(30);
    expect([...closedStarts(closed({ count: 3, rampUp: "6s", start: "4s" }))]).toEqual([
      { agent: 0, atMs: 4000 },
      { agent: 1, atMs: 6000 },
      { agent: 2, atMs: 8000 },
    ]);
  });

  test("as many agents take turns as the most walks need, and as many walks may be under way as none has a use for", () => {
    const counts = (written: Written) => {
      const { agents: count, maxInFlight } = open(written);
      return [count, maxInFlight];
    };
    expect(counts({ rate: "20/s" })).toEqual([20, 10_000]);
    expect(counts({ stages: [{ to: "50/s", over: "5s" }] })).toEqual([50, 10_000]);
    expect(counts({ burst: { size: 30, every: "400ms" } })).toEqual([90, 10_000]);
    expect(counts({ herd: { size: 5000 } })).toEqual([1000, 50_000]);
    expect(counts({ rate: "20/s", agents: 2000, maxInFlight: 7 })).toEqual([2000, 7]);
  });
});

describe("agents of a closed group", () => {
  test("begin one after another, over their ramp, or else while one would think", () => {
    const starts = (written: Written) => [...closedStarts(closed(written))].map(({ atMs }) => atMs);
    expect(starts({ count: 4, rampUp: "8s" })).toEqual([0, 2000, 4000, 6000]);
    expect(starts({ count: 4, rampUp: "0s" })).toEqual([0, 0, 0, 0]);
    expect(starts({ count: 4, thinkTime: "2s" })).toEqual([0, 500, 1000, 1500]);
    expect(starts({ count: 4, thinkTime: { least: "0s", most: "4s" } })).toEqual([0, 500, 1000, 1500]);
    expect(starts({ count: 4 })).toEqual([0, 25, 50, 75]);
  });

  test("are as many as have begun by the end of a time, and none where there is no time to walk", () => {
    fc.assert(
      fc.property(fc.nat(12_000), fc.nat(12_000), ms, agents, (one, other, rampUp, count) => {
        const plan = closed({ count, rampUp, start: "2s", for: "6s" });
        const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other)];
        const begun = [...closedStarts(plan)].filter(({ atMs }) => atMs < toMs).length;
        const hasTime = fromMs < plan.endMs && toMs > plan.startMs;
        expect(agentsBetween(plan, { fromMs, toMs })).toBe(hasTime ? begun : 0);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  test("think as long as is said, or as chance has it between the bounds, whoever asks and in whatever order", () => {
    expect(thinkMsAfter(closed({ thinkTime: "2s" }), { seed: 1, agent: 0, walk: 0 })).toBe(2000);
    const plan = closed({ count: 50, thinkTime: { least: "1s", most: "3s" } });
    expect(thinkMsAfter(plan, { seed: 42, agent: 7, walk: 3 })).toMatchInlineSnapshot(`2815.7047971263783`);
    const times = Array.from({ length: 2000 }, (_, k) => ({ seed: 42, agent: k % 50, walk: Math.floor(k / 50) }));
    const forth = times.map((at) => thinkMsAfter(plan, at));
    expect(times.toReversed().map((at) => thinkMsAfter(plan, at))).toEqual(forth.toReversed());
    expect(Math.min(...forth)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...forth)).toBeLessThan(3000);
    // The mean of 2000 is within 13 ms of 2 s two thirds of the time.
    expect(Math.abs(forth.reduce((sum, of) => sum + of, 0) / 2000 - 2000)).toBeLessThan(55);
    expect(new Set(forth).size).toBe(2000);
  });
});

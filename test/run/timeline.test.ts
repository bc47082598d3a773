import { describe, expect, test } from "vitest";
import type { FaultDesk } from "../../src/run/fault-desk.ts";
import { createConditions } from "../../src/run/conditions.ts";
import { createTally, playTimeline, type Played, type Tally } from "../../src/run/timeline.ts";
import type { Plan, PlannedFault } from "../../src/plan/plan.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { fakeWorld } from "../fake-world.ts";
import { declared } from "../literal-history.ts";

const fault = (name: string, windows: PlannedFault["windows"]): PlannedFault => ({
  fault: name,
  kind: "flap",
  link: "cloud->cloud-api",
  phase: "outage",
  attributes: {},
  healForm: "let-through",
  windows,
});

const plan: Plan = {
  schema: "squall.plan/1",
  scenario: "made-up",
  seed: 42,
  mode: "faults",
  durationMs: 6000,
  phases: [
    { phase: "baseline", role: "baseline", startMs: 0, endMs: 1000 },
    { phase: "one", role: "fault", startMs: 1000, endMs: 2000 },
    { phase: "one.recovery", role: "recovery", startMs: 2000, endMs: 3000 },
    { phase: "two", role: "fault", startMs: 3000, endMs: 4000 },
  ],
  faults: [
    fault("one.0", [
      { startMs: 1000, endMs: 1400 },
      { startMs: 1600, endMs: 2000 },
    ]),
    fault("two.1", [{ startMs: 3000, endMs: 4000 }]),
  ],
  arrivals: [],
  declared,
};

interface Course {
  readonly stopAtMs?: number;
  /** In place of the plan's. */
  readonly faults?: readonly PlannedFault[];
  /** When which tool is called. */
  readonly calls?: readonly (readonly [atMs: number, tool: string])[];
}

/** Plays the plan on a fake clock and tells what happened when. */
async function played(
  tally: Tally,
  { stopAtMs, faults = plan.faults, calls = [] }: Course = {},
): Promise<{ result: Played; happened: string[] }> {
  const conditions = createConditions();
  const world = fakeWorld();
  const stopping = new AbortController();
  const happened: string[] = [];
  const say = (what: string): void => void happened.push(`${world.nowUs() / 1000} ${what}`);
  const desk: FaultDesk = {
    inject: async ({ fault }, window) => say(`inject ${fault}/${window}`),
    heal: async ({ fault }, window) => say(`heal ${fault}/${window}`),
    step: async ({ fault }, window, n) => say(`step ${fault}/${window} ${n}`),
    healAll: async () => say("heal all"),
    active: () => [],
  };
  const recorder = {
    nowUs: world.nowUs,
    record: (event: Unstamped) => {
      if (event.type === "phase") say(`${event.edge} ${event.phase}`);
      if (event.type === "fault-condition") say(`${event.is} ${event.fault}: ${event.says}`);
      return { id: "t:1", atUs: 0 };
    },
  };
  const playing = playTimeline({
    plan: { ...plan, faults },
    originUs: 0,
    desk,
    tally,
    tallied: () => Promise.resolve(),
    recorder,
    world,
    stopping: stopping.signal,
    onPhase: () => {},
    conditions,
  });
  for (const [atMs, tool] of calls) {
    await world.advance(atMs - world.nowUs() / 1000);
    conditions.tell({ is: "called", group: "planner", server: "cloud", tool });
    conditions.tell({ is: "returned", group: "planner", server: "cloud", tool });
  }
  if (stopAtMs !== undefined) {
    await world.advance(stopAtMs);
    stopping.abort();
  }
  await world.advance(10_000);
  return { result: await playing, happened };
}

function tallyOf(counts: Readonly<Record<string, readonly [ok: number, failed: number]>>): Tally {
  const tally = createTally();
  for (const [phase, [ok, failed]] of Object.entries(counts)) {
    for (let n = 0; n < ok; n += 1) tally.count("ok", phase, "planner");
    for (let n = 0; n < failed; n += 1) tally.count("failed", phase, "planner");
  }
  return tally;
}

test("phases and faults come at their moments; at one instant the old is healed before the new begins", async () => {
  const { result, happened } = await played(tallyOf({ baseline: [100, 0], "one.recovery": [100, 0] }));
  expect(result).toEqual({ reason: "finished" });
  expect(happened).toEqual([
    "0 start baseline",
    "1000 end baseline",
    "1000 start one",
    "1000 inject one.0/0",
    "1400 heal one.0/0",
    "1600 inject one.0/1",
    "2000 heal one.0/1",
    "2000 end one",
    "2000 start one.recovery",
    "3000 end one.recovery",
    "3000 start two",
    "3000 inject two.1/0",
    "4000 heal two.1/0",
    "4000 end two",
  ]);
});

test("nothing is broken after a baseline that does not hold", async () => {
  const { result, happened } = await played(tallyOf({ baseline: [97, 3] }));
  expect(result).toEqual({ reason: "baseline-failed", says: "the baseline does not hold: 3 of 100 ops were not ok" });
  expect(happened.some((line) => line.includes("inject"))).toBe(false);
});

test("a group whose ops hang does not make a baseline, however well the others do", async () => {
  const tally = tallyOf({ baseline: [100, 0] });
  for (let n = 0; n < 20; n += 1) tally.begin("baseline", "stuck");
  expect((await played(tally)).result).toEqual({
    reason: "baseline-failed",
    says: "the baseline does not hold: most ops of stuck have no answer yet",
  });
});

test("one failure in a hundred is still a baseline, none at all is not", async () => {
  expect((await played(tallyOf({ baseline: [99, 1], "one.recovery": [9, 0] }))).result.reason).toBe("finished");
  expect((await played(tallyOf({}))).result.reason).toBe("baseline-failed");
});

test("the next episode does not start on the ruins of the last", async () => {
  const { result, happened } = await played(tallyOf({ baseline: [100, 0], "one.recovery": [5, 5] }));
  expect(result.reason).toBe("not-recovered");
  expect(happened.some((line) => line.includes("two"))).toBe(false);
});

test("a stop ends it at once, in whatever phase", async () => {
  const { result, happened } = await played(tallyOf({ baseline: [100, 0] }), { stopAtMs: 1500 });
  expect(result).toEqual({ reason: "interrupted" });
  expect(happened.at(-1)).toBe("1400 heal one.0/0");
});

describe("a fault that waits for something", () => {
  const tally = (): Tally => tallyOf({ baseline: [100, 0], "one.recovery": [100, 0] });
  const condition = { is: "in-flight", server: "cloud", tool: "Create" } as const;
  const waiting: PlannedFault = {
    ...fault("one.0", [
      { startMs: 0, endMs: 100 },
      { startMs: 200, endMs: 300 },
    ]),
    steps: [{ afterMs: 50, attributes: { delay: "2ms" } }],
    when: { condition, fromMs: 1100, untilMs: 1700 },
  };
  const course = async (calls: Course["calls"]): Promise<readonly string[]> => {
    const { result, happened } = await played(tally(), { faults: [waiting], calls: calls ?? [] });
    expect(result).toEqual({ reason: "finished" });
    return happened.filter((line) => line.includes("one.0"));
  };

  test("begins when that comes true, for as long as it says, once", async () => {
    expect(
      await course([
        [1050, "Create"],
        [1150, "List"],
        [1200, "Create"],
        [1210, "Create"],
        [1600, "Create"],
      ]),
    ).toEqual([
      "1200 met one.0: a call of cloud.Create is in flight",
      "1200 inject one.0/0",
      "1250 step one.0/0 1",
      "1300 heal one.0/0",
      "1400 inject one.0/1",
      "1450 step one.0/1 1",
      "1500 heal one.0/1",
    ]);
  });

  test("at the last moment still ends with its phase, and is healed before that ends", async () => {
    const { happened } = await played(tally(), {
      faults: [{ ...waiting, when: { condition, fromMs: 1100, untilMs: 1701 } }],
      calls: [[1700, "Create"]],
    });
    expect(happened.slice(happened.indexOf("1700 inject one.0/0")).slice(0, 7)).toEqual([
      "1700 inject one.0/0",
      "1750 step one.0/0 1",
      "1800 heal one.0/0",
      "1900 inject one.0/1",
      "1950 step one.0/1 1",
      "2000 heal one.0/1",
      "2000 end one",
    ]);
  });

  test("is never injected where that does not come in time, and says so", async () => {
    const expired = ["1700 expired one.0: a call of cloud.Create is in flight"];
    expect(await course([])).toEqual(expired);
    expect(await course([[1701, "Create"]])).toEqual(expired);
  });

  test("does not outlive a stop", async () => {
    const { result, happened } = await played(tally(), {
      faults: [waiting],
      calls: [[1200, "Create"]],
      stopAtMs: 10,
    });
    expect(result).toEqual({ reason: "interrupted" });
    expect(happened.at(-1)).toBe("1200 inject one.0/0");
  });
});

test("a fault that grows takes each step that comes before it ends, in each of its windows", async () => {
  const steps = [250, 500].map((afterMs) => ({ afterMs, attributes: { delay: `${afterMs}ms` } }));
  const growing = { ...fault("one.0", [...(plan.faults[0]?.windows ?? []), { startMs: 3000, endMs: 4000 }]), steps };
  const { happened } = await played(tallyOf({ baseline: [100, 0], "one.recovery": [100, 0] }), { faults: [growing] });
  expect(happened.filter((line) => line.includes("one.0"))).toEqual([
    "1000 inject one.0/0",
    "1250 step one.0/0 1",
    "1400 heal one.0/0",
    "1600 inject one.0/1",
    "1850 step one.0/1 1",
    "2000 heal one.0/1",
    "3000 inject one.0/2",
    "3250 step one.0/2 1",
    "3500 step one.0/2 2",
    "4000 heal one.0/2",
  ]);
});

/** How a walk goes through its chain: turns, steps at once, and what stands in for a step. */
import { describe, expect, test } from "vitest";
import { composePolicy } from "../../src/agents/composition.ts";
import { openAgentPolicy } from "../../src/run/agent-policy.ts";
import { createTracer } from "../../src/history/ids.ts";
import { followCourse } from "../../src/run/course.ts";
import type { Op, Ran, WalkContext } from "../../src/run/walk.ts";
import type { ScenarioGroup, ScenarioStep } from "../../src/scenario/resolve.ts";
import { fakeWorld } from "../fake-world.ts";

const step = (tool: string, over: Partial<ScenarioStep> = {}): ScenarioStep => ({
  server: "cloud",
  tool,
  args: {},
  save: [{ name: tool.toLowerCase(), path: "$.value" }],
  mayBeEmpty: false,
  ...over,
});

interface Followed {
  readonly steps: readonly ScenarioStep[];
  readonly turns?: ScenarioGroup["turns"];
  readonly budgetMs?: number;
  readonly cache?: Map<string, unknown>;
  /** How long each step takes, and whether it is ok. */
  readonly come?: (tool: string) => { readonly tookMs?: number; readonly isOk?: boolean };
  readonly stopAtMs?: number;
}

/** Each op: when it ran, with what saved, and by which deadline. */
async function followed({ steps, turns, budgetMs, cache, come = () => ({}), stopAtMs }: Followed) {
  const world = fakeWorld();
  const stopping = new AbortController();
  const ops: { tool: string; fromMs: number; saved: object; step: number; deadlineMs: number }[] = [];
  const group: ScenarioGroup = {
    name: "planner",
    wire: "lean",
    policy: { kind: "none", timeoutMs: 1000, onTimeout: "cancel", attemptsMax: 1, attributes: {} },
    arrivals: { is: "closed", agents: 1, startMs: 0, thinkTimeMs: { least: 0, most: 0 } },
    steps,
    ...(turns === undefined ? {} : { turns }),
    ...(budgetMs === undefined ? {} : { budgetMs }),
  };
  const context: WalkContext = {
    world,
    recorder: { nowUs: world.nowUs, record: () => ({ id: "t:1", atUs: world.nowUs() }) },
    tracer: createTracer("0000f00d", ["planner"]),
    nonce: "0000f00d",
    seed: 42,
    env: {},
    phaseAt: () => "baseline",
    stopping: stopping.signal,
    cutOff: new AbortController().signal,
    watch: { begun: () => {}, attempted: () => {}, ended: () => {} },
  };
  const runOp = async (op: Op): Promise<Ran> => {
    const { tool } = op.step;
    const { tookMs = 10, isOk = true } = come(tool);
    const fromMs = world.nowUs() / 1000;
    const saved = Object.fromEntries(op.saved);
    ops.push({ tool, fromMs, saved, step: op.at.step, deadlineMs: op.deadlineUs / 1000 });
    await world.sleep(tookMs);
    if (isOk) return { intendedUs: op.intendedUs, result: { structuredContent: { value: tool } } };
    return { intendedUs: op.intendedUs, degraded: op.standIn?.() };
  };
  const walk = {
    group,
    policy: openAgentPolicy(composePolicy({}), { nowMs: () => world.nowUs() / 1000, world }),
    sessions: { open: () => ({ failed: "nobody asks" }) as never, close: () => Promise.resolve() },
    agent: 0,
    walk: 0,
    intendedUs: 0,
    ...(cache === undefined ? {} : { cache }),
  };
  const done = followCourse(context, walk, runOp);
  if (stopAtMs !== undefined) {
    await world.advance(stopAtMs);
    stopping.abort();
  }
  await world.advance(100_000);
  await done;
  return ops;
}

describe("steps at once", () => {
  test("begin together, and what they save is there for the step behind them all", async () => {
    const ops = await followed({
      steps: [step("A"), step("B"), step("C"), step("D")],
      turns: [{ stretches: [[0], [1, 2], [3]] }],
      come: (tool) => ({ tookMs: tool === "C" ? 50 : 10 }),
    });
    expect(ops.map(({ tool, fromMs }) => [tool, fromMs])).toEqual([
      ["A", 0],
      ["B", 10],
      ["C", 10],
      ["D", 60],
    ]);
    expect(ops.at(-1)?.saved).toEqual({ a: "A", b: "B", c: "C" });
    expect(ops.map((op) => op.step)).toEqual([0, 1, 2, 3]);
  });

  test("without a course, steps follow one another", async () => {
    const ops = await followed({ steps: [step("A"), step("B")], budgetMs: 500 });
    expect(ops.map(({ fromMs, deadlineMs }) => [fromMs, deadlineMs])).toEqual([
      [0, 500],
      [10, 500],
    ]);
  });
});

describe("turns", () => {
  const turns = [{ stretches: [[0]] }, { pauseMs: { least: 2000, most: 2000 }, stretches: [[1]] }];

  test("pause between each other, keep what was saved, and have the budget each", async () => {
    const ops = await followed({ steps: [step("A"), step("B")], turns, budgetMs: 500 });
    expect(ops).toMatchObject([
      { tool: "A", fromMs: 0, deadlineMs: 500 },
      { tool: "B", fromMs: 2010, deadlineMs: 2510, saved: { a: "A" } },
    ]);
  });

  test("do not begin any more when the run is over in the pause", async () => {
    const ops = await followed({ steps: [step("A"), step("B")], turns, stopAtMs: 1000 });
    expect(ops.map(({ tool }) => tool)).toEqual(["A"]);
  });

  test("a pause between bounds is drawn from the seed", async () => {
    const drawn = [turns[0], { ...turns[1], pauseMs: { least: 1000, most: 3000 } }] as typeof turns;
    const [first, again] = [
      await followed({ steps: [step("A"), step("B")], turns: drawn }),
      await followed({ steps: [step("A"), step("B")], turns: drawn }),
    ];
    expect(first).toEqual(again);
    expect(first[1]?.fromMs).toBeGreaterThanOrEqual(1010);
    expect(first[1]?.fromMs).toBeLessThanOrEqual(3010);
  });
});

describe("what stands in for a step that is not ok", () => {
  const failing = (tool: string) => ({ isOk: tool !== "A" });

  test("another step runs behind it, by its own number, and saves in its place", async () => {
    const steps = [
      step("A", { otherwise: { is: "step", step: 1 } }),
      step("B", { insteadOf: 0, save: [{ name: "a", path: "$.value" }] }),
      step("C"),
    ];
    const turns = [{ stretches: [[0], [2]] }];
    const ops = await followed({ steps, turns, come: failing });
    expect(ops).toMatchObject([
      { tool: "A", step: 0, fromMs: 0 },
      { tool: "B", step: 1, fromMs: 10 },
      { tool: "C", step: 2, fromMs: 20, saved: { a: "B" } },
    ]);
    expect((await followed({ steps, turns })).map(({ tool }) => tool)).toEqual(["A", "C"]);
  });

  test("what it gave last, once it has given something", async () => {
    const steps = [step("A", { otherwise: { is: "cached" } }), step("C")];
    const cache = new Map<string, unknown>();
    expect((await followed({ steps, cache, come: failing }))[1]?.saved).toEqual({});
    await followed({ steps, cache });
    expect((await followed({ steps, cache, come: failing }))[1]?.saved).toEqual({ a: "A" });
  });

  test("values of the scenario", async () => {
    const steps = [step("A", { otherwise: { is: "values", values: { a: 7 } } }), step("C")];
    expect((await followed({ steps, come: failing }))[1]?.saved).toEqual({ a: 7 });
    expect((await followed({ steps }))[1]?.saved).toEqual({ a: "A" });
  });
});

import { describe, expect, test } from "vitest";
import type { Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { planArrivals, type Stripe } from "../../src/plan/arrivals.ts";
import { drive } from "../../src/run/drive.ts";
import type { AgentSessions } from "../../src/run/sessions.ts";
import { arrivalsOf, arrivalsSchema } from "../../src/scenario/arrivals.ts";
import type { ScenarioGroup } from "../../src/scenario/resolve.ts";
import type { ScenarioInput } from "../../src/scenario/schema.ts";
import { fakeWorld } from "../fake-world.ts";

interface Driven {
  readonly arrivals: ScenarioInput["agents"][string]["arrivals"];
  /** How long each call takes. */
  readonly tookMs?: number;
  readonly durationMs?: number;
  readonly stripe?: Stripe;
  /** So long from the beginning on the disk takes no more. */
  readonly pressedMs?: number;
  /** So long ago the phases began. */
  readonly lateMs?: number;
  /** How long a start keeps the machine busy. */
  readonly startMs?: number;
}

/** Each walk as agent.walk, with the time at which it was meant to begin; and how many had ended when the last began. */
async function driven({
  arrivals,
  tookMs = 10,
  durationMs = 1000,
  stripe = { index: 0, of: 1 },
  lateMs = 0,
  pressedMs = 0,
  startMs = 0,
}: Driven) {
  const world = fakeWorld();
  const walks: { readonly walk: string; readonly atMs: number }[] = [];
  const resolved = arrivalsOf(arrivalsSchema.parse(arrivals), { walkMs: 1000, isStdio: false });
  const group: ScenarioGroup = {
    name: "planner",
    wire: "lean",
    policy: { kind: "none", timeoutMs: 1000, onTimeout: "cancel", attemptsMax: 1, attributes: {} },
    arrivals: resolved,
    steps: [{ server: "cloud", tool: "Find", args: {}, save: [], mayBeEmpty: false }],
  };
  const sessions: AgentSessions = {
    open: () =>
      Promise.resolve({
        protocolVersion: "2025-11-25",
        lost: false,
        call: async () => {
          await world.sleep(tookMs);
          return { class: "ok", outcome: "ok", result: {} };
        },
        listTools: () => Promise.resolve([]),
        close: () => Promise.resolve(),
      }),
    close: () => Promise.resolve(),
  };
  let busyUs = 0;
  let endedBefore = 0;
  let ended = 0;
  const record = (event: Unstamped) => {
    if (event.type === "op-ended") ended += 1;
    if (event.type === "op-started") {
      busyUs += startMs * 1000;
      endedBefore = ended;
      const walk = /(\d+\.\d+)\.\d+$/.exec(event.op)?.[1] ?? "";
      walks.push({ walk, atMs: (event.intendedUs - originUs) / 1000 });
    }
    return { id: "t:1", atUs: world.nowUs() };
  };
  const never = new AbortController().signal;
  const originUs = -lateMs * 1000;
  const driving = drive(
    {
      world,
      recorder: {
        nowUs: () => world.nowUs() + busyUs,
        record,
        pressure: () => {
          const leftMs = pressedMs - world.nowUs() / 1000;
          return leftMs > 0 ? world.sleep(leftMs).then(() => undefined) : undefined;
        },
      },
      tracer: createTracer("0000f00d", ["planner"]),
      nonce: "0000f00d",
      seed: 42,
      env: {},
      phaseAt: () => "baseline",
      stopping: never,
      cutOff: never,
      watch: { begun: () => {}, attempted: () => {}, ended: () => {} },
    },
    [
      {
        group,
        arrivals: planArrivals(group, durationMs),
        agents: new Map(Array.from({ length: resolved.agents }, (_, agent) => [agent, sessions])),
      },
    ],
    { originUs, stripe, thread: "w1" },
  );
  await world.advance(100_000);
  return { walks, health: await driving, endedBefore };
}

describe("an open group", () => {
  test("begins its walks when the plan says, however slow the answers are", async () => {
    const { walks, health } = await driven({ arrivals: { rate: "5/s", agents: 2 }, tookMs: 5000 });
    expect(walks).toEqual([
      { walk: "0.0", atMs: 0 },
      { walk: "1.0", atMs: 200 },
      { walk: "0.1", atMs: 400 },
      { walk: "1.1", atMs: 600 },
      { walk: "0.2", atMs: 800 },
    ]);
    expect(health).toMatchObject({ starts: 5, dropped: 0, lag: { maxUs: 0 } });
  });

  test("begins late what it could not begin in time, and tells how late it was", async () => {
    const { walks, health } = await driven({ arrivals: { herd: { size: 3 }, agents: 1 }, lateMs: 400 });
    expect(walks.map(({ atMs }) => atMs)).toEqual([0, 0, 0]);
    expect(health.lag.maxUs).toBeGreaterThanOrEqual(400_000);
  });

  test("hears answers also while it is behind", async () => {
    const { walks, endedBefore } = await driven({ arrivals: { rate: "1000/s", agents: 5 }, tookMs: 0, startMs: 4 });
    expect(walks).toHaveLength(1000);
    expect(endedBefore).toBeGreaterThan(900);
  });

  test("begins no walk while as many as it may have are under way, and counts what it dropped", async () => {
    const slow = { arrivals: { rate: "10/s", agents: 2, maxInFlight: 3 }, tookMs: 450 } as const;
    const { walks, health } = await driven(slow);
    expect(walks.map(({ atMs }) => atMs)).toEqual([0, 100, 200, 500, 600, 700]);
    expect(health).toMatchObject({ starts: 6, dropped: 4 });
  });
});

test("no walk begins while the disk cannot take what is recorded, and its lag tells", async () => {
  const { walks, health } = await driven({ arrivals: { rate: "10/s", agents: 2 }, pressedMs: 250 });
  expect(walks.map(({ atMs }) => atMs)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  expect(health.lag).toMatchObject({ samples: 10, maxUs: 250_000 });
});

describe("a closed group", () => {
  test("lets each agent think after each walk, from its own start on", async () => {
    const { walks } = await driven({
      arrivals: { count: 2, thinkTime: "300ms", rampUp: "200ms", iterations: 2 },
      tookMs: 50,
    });
    expect(walks).toEqual([
      { walk: "0.0", atMs: 0 },
      { walk: "1.0", atMs: 100 },
      { walk: "0.1", atMs: 350 },
      { walk: "1.1", atMs: 450 },
    ]);
  });

  test("begins no walk outside of its time", async () => {
    const { walks } = await driven({ arrivals: { thinkTime: "100ms", start: "200ms", for: "350ms" }, tookMs: 100 });
    expect(walks.map(({ atMs }) => atMs)).toEqual([200, 400]);
  });
});

test.each([
  [{ rate: "40/s", agents: 7, spacing: "poisson" }],
  [{ count: 7, thinkTime: { least: "50ms", most: "200ms" } }],
] as const)("the workers' stripes together are what one would drive: %j", async (arrivals) => {
  const whole = await driven({ arrivals });
  const stripes = await Promise.all([0, 1, 2].map((index) => driven({ arrivals, stripe: { index, of: 3 } })));
  const byWalk = (walks: typeof whole.walks) => walks.toSorted((a, b) => a.walk.localeCompare(b.walk));
  expect(byWalk(stripes.flatMap(({ walks }) => walks))).toEqual(byWalk(whole.walks));
  expect(whole.walks.length).toBeGreaterThan(20);
});

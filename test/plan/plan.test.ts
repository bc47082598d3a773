import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planScenario, type Plan } from "../../src/plan/plan.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

const file = fileURLToPath(new URL("../../scenarios/silent-empty.yaml", import.meta.url));

async function plan(sets: readonly string[] = [], seed = 42): Promise<Plan> {
  const entryUrl = new URL("../../src/index.ts", import.meta.url);
  const { scenario } = await loadScenario({
    file,
    named: "s",
    sets,
    seed,
    env: {},
    allowHosts: [],
    fixtures,
    entryUrl,
  });
  return planScenario(scenario, "faults");
}

const flap = "faults=[{ link: cloud->cloud-api, kind: flap, down: 300ms, up: 200ms, jitter: 100ms, at: 500ms }]";

test("the plan at seed 42 is what it always was", async () => {
  await expect(JSON.stringify(await plan([flap]), undefined, 2)).toMatchFileSnapshot("golden-plan.json");
});

test("another seed moves the faults, and nothing else", async () => {
  const [one, two] = [await plan([flap], 1), await plan([flap], 2)];
  expect(one.faults[0]?.windows).not.toEqual(two.faults[0]?.windows);
  expect({ ...one, seed: 0, faults: [] }).toEqual({ ...two, seed: 0, faults: [] });
});

test("a plan holds no id of a run and no time of day", async () => {
  expect(JSON.stringify(await plan())).not.toMatch(/20\d\d-|nonce|"run"/);
});

test("any fault comes and goes with every, as a flap does", async () => {
  const windowsOf = async (fault: string) =>
    (await plan([`faults=[{ link: cloud->cloud-api, ${fault} }]`])).faults[0]?.windows;
  const rhythm = await windowsOf("kind: egress-block, every: { on: 300ms, off: 200ms, jitter: 100ms }, at: 500ms");
  expect(rhythm).toEqual(await windowsOf("kind: flap, down: 300ms, up: 200ms, jitter: 100ms, at: 500ms"));
  const even = await windowsOf("kind: latency, delay: 1s, every: { on: 1s, off: 500ms }");
  expect(even?.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [3000, 4000],
    [4500, 5500],
    [6000, 7000],
  ]);
});

test("a ramp is its steps, up to the bound or the end of the longest window", async () => {
  const stepsOf = async (fault: string) =>
    (await plan([`faults=[{ link: cloud->cloud-api, ${fault} }]`])).faults[0]?.steps;
  const up = "kind: latency, delay: 5ms, ramp: { delay: { to: 20ms, by: 7ms, every: 500ms } }";
  const steps = [
    { afterMs: 500, attributes: { delay: "12ms" } },
    { afterMs: 1000, attributes: { delay: "19ms" } },
    { afterMs: 1500, attributes: { delay: "20ms" } },
  ];
  expect(await stepsOf(up)).toEqual(steps);
  expect(await stepsOf(`${up}, for: 1100ms`)).toEqual(steps.slice(0, 2));
  expect(
    await stepsOf(
      "kind: bandwidth, rate: 3MB/s, ramp: { rate: { to: 1MB/s, by: 1MB/s, every: 1s }, toxicity: { to: 0.8, by: 0.1, every: 2s } }",
    ),
  ).toEqual([
    { afterMs: 1000, attributes: { rate: "2000KB/s" } },
    { afterMs: 2000, attributes: { rate: "1000KB/s", toxicity: 0.9 } },
  ]);
  expect(
    await stepsOf("kind: limit-data, bytes: 1KB, ramp: { bytes: { to: 2000B, by: 600B, every: 1500ms } }"),
  ).toEqual([
    { afterMs: 1500, attributes: { bytes: "1600B" } },
    { afterMs: 3000, attributes: { bytes: "2000B" } },
  ]);
});

test("what waits is planned by what it waits for and how long, its windows from when that comes true", async () => {
  const { faults } = await plan([
    "faults=[{ link: [cloud->cloud-api, planner@cloud], kind: egress-block, at: 500ms, for: 1s, when: { calls: 7, of: planner@cloud.FetchResources }, every: { on: 300ms, off: 300ms } }]",
  ]);
  const when = {
    condition: { is: "calls", count: 7, group: "planner", server: "cloud", tool: "FetchResources" },
    fromMs: 3500,
    untilMs: 6000,
  };
  const windows = [
    { startMs: 0, endMs: 300 },
    { startMs: 600, endMs: 900 },
  ];
  expect(faults).toMatchObject(
    [
      { fault: "outage.0@planner@cloud", link: "planner@cloud", when, windows },
      { fault: "outage.0@cloud->cloud-api", link: "cloud->cloud-api", when, windows },
    ].toSorted((a, b) => (a.link < b.link ? -1 : 1)),
  );
  const [within] = (
    await plan([
      "faults=[{ link: cloud->cloud-api, kind: egress-block, for: 1s, within: 2s, when: { first: limit-request } }]",
      'agents.planner.chain=[{ call: cloud.CreateLimitRequest, args: { requestId: "${op.id}" }, effect: limit-request }]',
      "effects={ limit-request: { ledger: cloud-api } }",
      "thresholds=[]",
    ])
  ).faults;
  expect(within?.when).toEqual({ condition: { is: "first", effect: "limit-request" }, fromMs: 3000, untilMs: 5000 });
});

test("links of a list break at the same moments, chance included, each as a fault of its own", async () => {
  const { faults } = await plan([
    "faults=[{ link: [cloud->cloud-api, planner@cloud, agents->cloud], kind: flap, down: 300ms, up: 200ms, jitter: 100ms }]",
  ]);
  expect(faults.map(({ link }) => link)).toEqual(["cloud->cloud-api", "planner@cloud"]);
  expect(faults[0]?.windows).toEqual(faults[1]?.windows);
  expect(new Set(faults.map(({ fault }) => fault)).size).toBe(2);
});

describe("a swizzle", () => {
  const groups = (names: readonly string[]): string =>
    `agents={ ${names.map((name) => `${name}: { chain: [{ call: cloud.FetchResources }] }`).join(", ")} }`;

  test("breaks each link one after another, and heals each one after another in another order, all of them for a time", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(1000),
        async (count, gap, seed) => {
          const names = Array.from({ length: count }, (_, index) => `g${index}`);
          const fault = `faults=[{ link: agents->cloud, kind: latency, delay: 1s, swizzle: ${gap}ms }]`;
          const { faults } = await plan([groups(names), "effects={}", "thresholds=[]", fault], seed);
          const spans = faults.flatMap(({ windows }) => windows);
          const steps = Array.from({ length: count }, (_, index) => index * gap);
          const starts = spans.map(({ startMs }) => startMs - 3000);
          const ends = spans.map(({ endMs }) => 7000 - endMs);
          expect(starts.toSorted((a, b) => a - b)).toEqual(steps);
          expect(ends.toSorted((a, b) => a - b)).toEqual(steps);
          expect(Math.max(...starts)).toBeLessThan(4000 - Math.max(...ends));
          // Who broke first is not always who heals first: the two orders differ.
          expect(starts).not.toEqual(ends.map((end) => Math.max(...steps) - end));
        },
      ),
      { seed: 42, numRuns: 60 },
    );
  });
});

describe("the windows of a flap", () => {
  test("stay inside their episode, in order, each as long as it says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 900 }),
        fc.integer({ min: 20, max: 900 }),
        fc.integer({ min: 0, max: 15 }),
        fc.nat(1000),
        async (down, up, jitter, seed) => {
          const spec = `faults=[{ link: cloud->cloud-api, kind: flap, down: ${down}ms, up: ${up}ms, jitter: ${jitter}ms }]`;
          const { faults, phases } = await plan([spec], seed);
          const outage = phases.find(({ phase }) => phase === "outage");
          const windows = faults[0]?.windows ?? [];
          expect(windows.length).toBeGreaterThan(0);
          let lastMs = outage?.startMs ?? 0;
          for (const { startMs, endMs } of windows) {
            expect(startMs).toBeGreaterThanOrEqual(lastMs);
            expect(endMs).toBeLessThanOrEqual(outage?.endMs ?? 0);
            expect(endMs - startMs).toBeLessThanOrEqual(down + jitter);
            if (endMs !== outage?.endMs) expect(endMs - startMs).toBeGreaterThanOrEqual(down - jitter);
            lastMs = endMs;
          }
        },
      ),
      { seed: 42, numRuns: 40 },
    );
  });
});

test("a fault on processes is met on the links to them, and where it is planned so on their own as well", async () => {
  const declaredOf = async (fault: string) => (await plan([`faults=[{ ${fault} }]`])).declared.faults[0];
  expect(await declaredOf("server: cloud, kind: kill")).toEqual({
    fault: "outage.0",
    kind: "kill",
    server: "cloud",
    links: ["planner@cloud"],
    phase: "outage",
    healForm: "start-again",
  });
  expect(await declaredOf("server: cloud, kind: descriptor-limit")).toMatchObject({
    links: ["planner@cloud", "cloud->cloud-api"],
  });
  expect(await declaredOf("upstream: cloud-api, kind: pause")).toMatchObject({
    upstream: "cloud-api",
    links: ["cloud->cloud-api"],
    healForm: "let-through",
  });
});

import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { planScenario, type Plan } from "../../src/plan/plan.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import type { Sizes } from "../../src/scenario/resize.ts";
import { fixtures } from "../../src/targets/fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const scenarios = fileURLToPath(new URL("../../scenarios", import.meta.url));
const entryUrl = new URL("../../src/index.ts", import.meta.url);

async function load(file: string, sizes: Sizes, sets: readonly string[] = []) {
  const around = { env: {}, allowHosts: [], fixtures, entryUrl };
  const loaded = await loadScenario({ file, named: basename(file), sets, sizes, ...around });
  return { ...loaded, plan: planScenario(loaded.scenario, "faults") };
}

async function loadText(text: string, sizes: Sizes) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "s.yaml");
  writeFileSync(file, text);
  // Awaited here: the folder must not be gone before it is read.
  return await load(file, sizes);
}

async function mistakesOf(...given: Parameters<typeof load>) {
  const error: unknown = await load(...given).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`expected mistakes, got ${String(error)}`);
  return error.mistakes;
}

const timed = `name: timed
servers: { cloud: { fixture: cloud, upstreams: { CLOUD_API_URL: api } } }
upstreams: { api: { fixture: cloud-api } }
agents:
  ramp: { arrivals: { start: 1s, for: 8s, stages: [{ to: 9/s, over: 6s }] }, chain: [{ call: cloud.FetchResources }] }
  burst: { arrivals: { burst: { size: 5, every: 3s } }, chain: [{ call: cloud.FetchResources }] }
  herd: { arrivals: { herd: { size: 5, at: 2s } }, chain: [{ call: cloud.FetchResources }] }
  step: { arrivals: { step: { from: 1/s, by: 1/s, every: 3s, to: 3/s } }, chain: [{ call: cloud.FetchResources }] }
  spike: { arrivals: { spike: { from: 1/s, to: 9/s, at: 3s, for: 2s } }, chain: [{ call: cloud.FetchResources }] }
  soak: { arrivals: { soak: { rate: 9/s, rampUp: 3s, rampDown: 2s } }, chain: [{ call: cloud.FetchResources }] }
  closed: { arrivals: { count: 5, rampUp: 4s, thinkTime: 3s }, chain: [{ call: cloud.FetchResources }] }
phases: [{ warm-up: 1s }, { baseline: 2s }, { fault: 4s, recovery: 3s }]
faults: [{ link: cloud->api, kind: flap, down: 500ms, up: 300ms, at: 1s, for: 3s }]
`;

describe("--duration", () => {
  test("stretches all that is on the timeline, and nothing else", async () => {
    const { plan, notes } = await loadText(timed, { durationMs: 20_000, agents: [] });
    expect(notes).toEqual(["--duration 20s: the whole timeline, written for 10s, is played 2 times as long"]);
    expect(plan.phases.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 2000],
      [2000, 6000],
      [6000, 14_000],
      [14_000, 20_000],
    ]);
    expect(plan.faults[0]?.windows.at(0)).toEqual({ startMs: 8000, endMs: 8500 });
    expect(plan.faults[0]?.windows.at(-1)?.endMs).toBeGreaterThan(13_000);
    const [ramp, burst, herd, step, spike, soak, closed] = plan.arrivals;
    expect(ramp).toMatchObject({
      startMs: 2000,
      endMs: 18_000,
      model: { stages: [{ toPerSecond: 9, overMs: 12_000 }] },
    });
    expect(burst).toMatchObject({ endMs: 20_000, model: { size: 5, everyMs: 3000 } });
    expect(herd).toMatchObject({ model: { size: 5, atMs: 4000 } });
    expect(step).toMatchObject({ model: { byPerSecond: 1, everyMs: 6000 } });
    expect(spike).toMatchObject({ model: { atMs: 6000, forMs: 4000 } });
    expect(soak).toMatchObject({ model: { perSecond: 9, rampUpMs: 6000, rampDownMs: 4000 } });
    expect(closed).toMatchObject({ rampUpMs: 8000, thinkTimeMs: { least: 3000, most: 3000 } });
  });

  test("stretches how long a fault waits and is on then; how fast one grows is a rate, and stays", async () => {
    const faults = [
      "{ link: cloud->api, kind: flap, down: 500ms, up: 300ms, at: 1s, for: 1s, within: 500ms, when: { calls: 3, of: cloud.FetchResources } }",
      "{ link: cloud->api, kind: latency, delay: 1ms, ramp: { delay: { to: 9ms, by: 2ms, every: 1s } } }",
    ];
    const text = timed.replace(/^faults: .*$/m, `faults: [${faults.join(", ")}]`);
    const { plan } = await loadText(text, { durationMs: 20_000, agents: [] });
    expect(plan.faults[0]).toMatchObject({ when: { fromMs: 8000, untilMs: 9000 } });
    expect(plan.faults[0]?.windows.at(-1)?.endMs).toBe(2000);
    expect(plan.faults[1]?.steps?.map(({ afterMs }) => afterMs)).toEqual([1000, 2000, 3000, 4000]);
  });

  const files = readdirSync(scenarios, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(scenarios, name));

  test("is what the phases take in all, to the millisecond, and what fitted fits", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.integer({ min: 1000, max: 86_400_000 }),
        async (file, durationMs) => {
          const { plan } = await load(file, { durationMs, agents: [] });
          expect(plan.durationMs).toBe(durationMs);
          for (const { windows, phase, when } of plan.faults) {
            const at = plan.phases.find((planned) => planned.phase === phase);
            for (const { startMs, endMs } of windows.slice(0, 50)) {
              // Of a fault that waits for something they count from when that comes true.
              expect(startMs + (when?.fromMs ?? 0)).toBeGreaterThanOrEqual(at?.startMs ?? Number.NaN);
              expect(endMs + (when?.untilMs ?? 0)).toBeLessThanOrEqual(at?.endMs ?? Number.NaN);
            }
          }
        },
      ),
      { seed: 42, numRuns: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 100, max: 100_000 }), async (durationMs) => {
        expect((await loadText(timed, { durationMs, agents: [] })).plan.durationMs).toBe(durationMs);
      }),
      { seed: 42, numRuns: 60 },
    );
  });

  test("as long as is written changes nothing, and says nothing", async () => {
    const [written, asked] = await Promise.all([
      loadText(timed, { agents: [] }),
      loadText(timed, { durationMs: 10_000, agents: [] }),
    ]);
    expect(asked).toEqual(written);
  });

  test("does not hide what is wrong with the phases", async () => {
    const given = { durationMs: 5000, agents: [] };
    const mistakes = await mistakesOf(join(scenarios, "quickstart.yaml"), given, ["phases=[{ baseline: soon }, 5]"]);
    expect(mistakes.map(({ path }) => path)).toEqual(expect.arrayContaining(["phases[0].baseline", "phases[1]"]));
    expect(await mistakesOf(join(scenarios, "quickstart.yaml"), given, ["phases=none"])).not.toEqual([]);
  });
});

describe("--agents", () => {
  const agentsOf = ({ arrivals }: Plan) => Object.fromEntries(arrivals.map(({ group, agents }) => [group, agents]));

  test("sets how many there are, in every group or in one, whatever its model", async () => {
    const all = await loadText(timed, { agents: [{ count: 12 }, { group: "closed", count: 3 }] });
    expect(agentsOf(all.plan)).toEqual({ ramp: 12, burst: 12, herd: 12, step: 12, spike: 12, soak: 12, closed: 3 });
    expect(all.document).toMatchObject({
      agents: { ramp: { arrivals: { agents: 12 } }, closed: { arrivals: { count: 3 } } },
    });
  });

  test("makes a group that says nothing of arrivals one of so many", async () => {
    const text = `name: s\nservers: { m: { url: "http://127.0.0.1:1/mcp" } }\nagents: { a: { chain: [{ call: m.Echo }] } }\nphases: [{ baseline: 1s }]\n`;
    expect(agentsOf((await loadText(text, { agents: [{ count: 4 }] })).plan)).toEqual({ a: 4 });
  });

  test("is told what is wrong with it as its own mistake", async () => {
    const file = join(scenarios, "quickstart.yaml");
    expect(await mistakesOf(file, { agents: [{ group: "plannr", count: 4 }] })).toEqual([
      { file: "--agents", path: "plannr=4", says: 'there is no group "plannr"', hint: 'did you mean "planner"?' },
    ]);
    const stdio = ["servers.cloud.transport=stdio", "faults=[]"];
    expect(await mistakesOf(file, { agents: [{ count: 400 }] }, stdio)).toMatchObject([
      { file: "--agents", path: "agents.planner.arrivals.agents", says: expect.stringContaining("400 processes") },
    ]);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError, type Mistake } from "../../src/errors.ts";
import { planScenario } from "../../src/plan/plan.ts";
import { loadScenario, type LoadedScenario } from "../../src/scenario/load.ts";
import { formatMistakes } from "../../src/scenario/mistakes.ts";
import { scenarioJsonSchema } from "../../src/scenario/json-schema.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

const folder = fileURLToPath(new URL("bad", import.meta.url));
const scenarios = fileURLToPath(new URL("../../scenarios", import.meta.url));
const entryUrl = new URL("../../src/index.ts", import.meta.url);

function load(
  file: string,
  options: { sets?: string[]; seed?: number; allowHosts?: string[]; env?: Record<string, string> } = {},
): Promise<LoadedScenario> {
  const { sets = [], allowHosts = [], env = {}, ...rest } = options;
  return loadScenario({ file, named: basename(file), sets, allowHosts, env, fixtures, entryUrl, ...rest });
}

async function mistakesIn(file: string, options: Parameters<typeof load>[1] = {}): Promise<readonly Mistake[]> {
  const error: unknown = await load(file, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected mistakes, got ${String(error)}`);
  expect(error.exitCode).toBe(64);
  return error.mistakes;
}

async function withFile<T>(name: string, text: string, work: (file: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "squall-scenario-"));
  try {
    await writeFile(join(home, name), text);
    return await work(join(home, name));
  } finally {
    await rm(home, { recursive: true });
  }
}

describe("a bad file is told all of its mistakes at once, with line, column and what to do", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

  test("there are at least ten", () => expect(files.length).toBeGreaterThanOrEqual(10));

  test.each(files)("%s", async (name) => {
    const mistakes = await mistakesIn(join(folder, name));
    expect(mistakes.length).toBeGreaterThan(0);
    for (const { line, column } of mistakes) {
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
    }
    await expect(formatMistakes(mistakes)).toMatchFileSnapshot(join(folder, name.replace(".yaml", ".txt")));
  });
});

describe("a good file", () => {
  const good = join(scenarios, "duplicate-effects.yaml");

  test.each(readdirSync(scenarios).filter((name) => name.endsWith(".yaml")))(
    "%s of the built-in ones is right",
    async (name) => {
      const { scenario } = await load(join(scenarios, name));
      expect(name.startsWith(scenario.name)).toBe(true);
    },
  );

  test("--set changes values, --seed the seed, and the document keeps the change", async () => {
    const { scenario, document } = await load(good, {
      sets: ["agents.planner.arrivals.rate=3/s", "agents.planner.chain[3].args.limit=7"],
      seed: 9,
    });
    expect(scenario.groups[0]?.arrivals).toMatchObject({ is: "open", model: { perSecond: 3 } });
    expect(scenario.groups[0]?.steps[3]?.args).toMatchObject({ limit: 7 });
    expect(scenario.seed).toBe(9);
    expect(document).toMatchObject({ seed: 9, agents: { planner: { arrivals: { rate: "3/s" } } } });
  });

  test("setting what a target is replaces all of what it was", async () => {
    const { scenario } = await load(good, { sets: ["servers.cloud.fixture=cloud-hardened"] });
    expect(scenario.servers[0]?.target).toEqual({ is: "fixture", fixture: "cloud-hardened", defects: [] });
    const both = await load(good, { sets: ["servers.cloud.fixture=cloud", "servers.cloud.defects=[eager-retry]"] });
    expect(both.scenario.servers[0]?.target).toEqual({ is: "fixture", fixture: "cloud", defects: ["eager-retry"] });
  });

  test("agents->server means every group's link to it", async () => {
    const { scenario } = await load(good);
    expect(scenario.faults[0]?.places).toEqual([{ place: { link: "planner@cloud" }, links: ["planner@cloud"] }]);
    expect(scenario.links.map(({ link }) => link)).toEqual(["planner@cloud", "cloud->cloud-api"]);
  });
});

describe("what ends a run early", () => {
  const plannedWith = async (...sets: string[]) =>
    planScenario((await load(join(scenarios, "duplicate-effects.yaml"), { sets })).scenario, "faults").declared;

  test("is declared beside the thresholds, which stay texts", async () => {
    const bounds = "[p50(cloud) < 1s, {expect: p95(cloud) < 2s}, {expect: max(cloud) < 9s, abortOnFail: true}]";
    const { thresholds, aborts, stops } = await plannedWith(
      `thresholds=${bounds}`,
      "stop=[{when: error-rate(planner) > 50%}, {when: goodput(planner) < 1/s, for: 1m}]",
    );
    expect(thresholds).toEqual(["p50(cloud) < 1s", "p95(cloud) < 2s", "max(cloud) < 9s"]);
    expect(aborts).toEqual([{ expression: "max(cloud) < 9s", graceMs: 10_000 }]);
    expect(stops).toEqual([
      { when: "error-rate(planner) > 50%", forMs: 5000 },
      { when: "goodput(planner) < 1/s", forMs: 60_000 },
    ]);
  });

  test("is not declared where there is none, as in histories of before", async () => {
    expect(Object.keys(await plannedWith())).not.toEqual(expect.arrayContaining(["aborts"]));
    expect(Object.keys(await plannedWith())).not.toEqual(expect.arrayContaining(["stops"]));
  });
});

describe("a server over stdio", () => {
  const stdio = ["servers.cloud.transport=stdio", "faults[0].instead=hang"];

  test("is a fixture or a command; its link says stdio, the links to its upstreams are as ever", async () => {
    const { scenario } = await load(join(scenarios, "duplicate-effects.yaml"), { sets: stdio });
    expect(scenario.servers[0]).toMatchObject({ transport: "stdio", target: { is: "fixture", fixture: "cloud" } });
    expect(scenario.links).toMatchObject([
      { link: "planner@cloud", protocol: "stdio" },
      { link: "cloud->cloud-api", protocol: "http" },
    ]);
    const command = await load(join(scenarios, "duplicate-effects.yaml"), {
      sets: [...stdio, "servers.cloud.command=[node, server.js]"],
    });
    expect(command.scenario.servers[0]?.target).toEqual({ is: "command", command: ["node", "server.js"], url: "" });
  });

  test("costs a process for each agent, so an open model takes few unless it is told otherwise", async () => {
    const agentsOf = async (...sets: string[]) =>
      (
        await load(join(scenarios, "duplicate-effects.yaml"), {
          sets: ["agents.planner.arrivals={rate: 100/s}", ...sets],
        })
      ).scenario.groups[0]?.arrivals.agents;
    expect(await agentsOf()).toBe(800);
    expect(await agentsOf(...stdio)).toBe(16);
    expect(await agentsOf(...stdio, "agents.planner.arrivals.agents=40")).toBe(40);
  });
});

describe("--set", () => {
  test.each([
    ["nonsense", "expected path=value"],
    ["=5", "expected path=value"],
    ["a..b=1", "expected a path"],
    ["__proto__.x=1", "expected a path"],
    ["name.deeper=1", "leads through something that is no map"],
    ["phases[9].fault=1s", "leads through something that is no map"],
    ["seed=[1", "the value is not YAML"],
  ])("%s is told apart from the file's mistakes", async (set, says) => {
    const mistakes = await mistakesIn(join(scenarios, "silent-empty.yaml"), { sets: [set] });
    expect(mistakes).toMatchObject([{ file: "--set", says: expect.stringContaining(says) }]);
  });

  test("a value that the schema refuses is put to the change, not to a line of the file", async () => {
    const mistakes = await mistakesIn(join(scenarios, "silent-empty.yaml"), { sets: ["agents.planner.budget=-1s"] });
    expect(mistakes).toMatchObject([{ file: "--set", path: "agents.planner.budget" }]);
    expect(mistakes[0]?.line).toBeUndefined();
  });
});

describe("TypeScript that is no scenario", () => {
  test.each([
    ["no default export", "export const x = 1;\n", "it has no default export"],
    ["a file that throws", 'throw new Error("boom");\n', "it cannot be loaded: boom"],
    ["an empty scenario", "export default {};\n", "is missing"],
  ])("%s", async (_, text, says) => {
    await withFile("bad.ts", text, async (file) => {
      expect((await mistakesIn(file)).map((mistake) => mistake.says).join("\n")).toContain(says);
    });
  });
});

describe("secrets", () => {
  const text = (header: string) => `name: s
servers: { mine: { url: "http://127.0.0.1:1/mcp", headers: { authorization: "${header}" } } }
agents: { a: { chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 1s }]
`;
  test("no header and no expanded variable reaches the document", async () => {
    for (const header of ["Bearer hunter2", "Bearer ${env.TOKEN}"]) {
      const { document } = await withFile("s.yaml", text(header), (file) => load(file, { env: { TOKEN: "hunter2" } }));
      expect(JSON.stringify(document)).not.toContain("hunter2");
    }
  });
});

test("a host beyond loopback must be named", async () => {
  const text = `name: r\nservers: { mine: { url: "http://staging.example.com/mcp" } }\nagents: { a: { chain: [{ call: mine.Echo }] } }\nphases: [{ baseline: 1s }]\n`;
  await withFile("r.yaml", text, async (file) => {
    expect(await mistakesIn(file)).toMatchObject([
      { path: "servers.mine.url", hint: "if it is yours to break: --allow-host staging.example.com" },
    ]);
    await expect(load(file, { allowHosts: ["staging.example.com"] })).resolves.toBeDefined();
  });
});

test(
  "a scenario that is mangled in any line gives mistakes or loads, and never crashes",
  { timeout: 60_000 },
  async () => {
    const lines = readFileSync(join(scenarios, "duplicate-effects.yaml"), "utf8").split("\n");
    const mangle = fc.array(
      fc.tuple(
        fc.nat(lines.length - 1),
        fc.constantFrom("", "x", "- 1", "  a: [", "null", "faults: {}", "\t", ": :", "agents: null"),
      ),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(mangle, async (changes) => {
        const changed = [...lines];
        for (const [at, text] of changes) changed[at] = text;
        await withFile("mangled.yaml", changed.join("\n"), async (file) => {
          const outcome: unknown = await load(file).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (outcome === undefined) return;
          expect(outcome).toBeInstanceOf(UserError);
          expect(formatMistakes((outcome as UserError).mistakes).length).toBeGreaterThan(0);
        });
      }),
      { seed: 42, numRuns: 300 },
    );
  },
);

test("schema/scenario.schema.json is what the code says; if not: npm run schema", () => {
  expect(readFileSync(new URL("../../schema/scenario.schema.json", import.meta.url), "utf8")).toBe(
    scenarioJsonSchema(),
  );
});

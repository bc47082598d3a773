import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Asked } from "../../../src/commands/probe/asked.ts";
import type { Chosen } from "../../../src/commands/probe/look.ts";
import { asYaml, planProbe, type ProbePlan } from "../../../src/commands/probe/scenario.ts";
import { loadScenario } from "../../../src/scenario/load.ts";
import { render } from "../../../src/scenario/template.ts";
import { parseDuration } from "../../../src/units.ts";
import { fixtures } from "../../../src/targets/fixtures.ts";
import { seededRandom } from "../../../src/world.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const http: Asked = {
  server: "server",
  transport: "http",
  isStarted: true,
  upstreams: [],
  sections: { servers: { server: { url: "http://127.0.0.1:${port}/mcp", command: ["node", "a.js"], cwd: "/" } } },
  named: "node a.js",
};
const piped: Asked = {
  ...http,
  transport: "stdio",
  sections: { servers: { server: { transport: "stdio", command: ["node", "a.js"], cwd: "/" } } },
};
const running: Asked = {
  ...http,
  isStarted: false,
  sections: { servers: { server: { url: "http://127.0.0.1:1/mcp" } } },
};
const behind: Asked = {
  ...http,
  upstreams: [{ name: "api", isHttp: true }],
  sections: {
    upstreams: { api: { url: "http://127.0.0.1:9000" } },
    servers: { server: { ...http.sections.servers["server"], upstreams: { API_URL: "api" } } },
  },
};

const chosen = (tool: string, more: Partial<Chosen> = {}): Chosen => ({
  tool,
  args: {},
  from: "it takes nothing",
  because: "it says that it only reads (readOnlyHint)",
  saysReadOnly: true,
  tookMs: 5,
  ...more,
});

const planned = (asked: Asked, calls: readonly Chosen[], openedMs = 300): ProbePlan =>
  planProbe({ asked, chosen: calls, seed: 1, openedMs, listedMs: 5, sharesStream: false });

const names = ({ troubles }: ProbePlan): string[] => troubles.map(({ name }) => name);

async function loaded(plan: ProbePlan, env: Record<string, string> = {}) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "squall-probe.yaml");
  await writeFile(file, asYaml(plan.raw, "squall run squall-probe.yaml"));
  const entryUrl = new URL("../../../src/index.ts", import.meta.url);
  return await loadScenario({ file, named: file, sets: [], env, allowHosts: [], fixtures, entryUrl });
}

test.each([
  ["over HTTP", http],
  ["over stdio", piped],
  ["that runs", running],
  ["with an upstream", behind],
] as const)("the scenario for a server %s loads, with tools and without", async (_, asked) => {
  for (const calls of [[], [chosen("a"), chosen("b", { saysReadOnly: false })]]) {
    const { scenario } = await loaded(planned(asked, calls));
    expect(scenario.faults.length).toBeGreaterThan(0);
    expect(scenario.groups.flatMap(({ steps }) => steps).some(({ kind }) => kind === "list")).toBe(true);
  }
});

test("what a server suggests is a text and no placeholder, whatever it is", { timeout: 60_000 }, async () => {
  const name = fc.string({ minLength: 1, unit: "grapheme" }).map((text) => `t${text}`);
  const args = fc.dictionary(
    fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
    fc.oneof(fc.string(), fc.constantFrom("${env.HOME}", "$${x}", "${", "*a", "!!js", "- x", "# y"), fc.jsonValue()),
  );
  const law = fc.asyncProperty(name, args, async (tool, given) => {
    // A JSON document has no -0.
    const plain: Record<string, never> = JSON.parse(JSON.stringify(given)) as Record<string, never>;
    const { scenario } = await loaded(planned(http, [chosen(tool, { args: plain })]), { HOME: "leaked" });
    const step = scenario.groups.flatMap(({ steps }) => steps).find(({ kind }) => kind !== "list");
    expect(step?.tool).toBe(tool);
    const scope = {
      op: "",
      agent: "",
      group: "",
      walk: 0,
      saved: new Map(),
      env: { HOME: "leaked" },
      random: seededRandom(1),
    };
    expect(render(step?.args ?? {}, scope)).toMatchObject({ ok: true, value: plain });
  });
  await fc.assert(law, { numRuns: 60 });
});

test("what a server may never recover from is played last", () => {
  expect(names(planned(http, [chosen("a")])).at(-1)).toBe("killed");
  expect(names(planned(piped, [chosen("a")]))).toEqual(["noise", "paused", "killed"]);
});

test("a process that is not ours is not broken", () => {
  expect(names(planned(running, [chosen("a")]))).not.toContain("killed");
});

test("answers are lost only of tools that say that they only read, and of the listing", () => {
  const { raw } = planned(running, [chosen("reads"), chosen("writes", { saysReadOnly: false })]);
  const lost = (raw["faults"] as Record<string, unknown>[]).filter(({ kind }) => kind === "lost-answer");
  expect(lost.flatMap(({ tool, rpc }) => tool ?? rpc)).toEqual(["reads", "tools/list"]);
});

test("whatever the server, the phases end within the minute, and what has no room is told", () => {
  const upstreams = ["a", "b", "c"].map((name) => ({ name, isHttp: true }));
  const many = Array.from({ length: 12 }, (_, index) => chosen(`t${index}`, { tookMs: 300 }));
  for (const asked of [http, piped, running, { ...behind, upstreams }]) {
    const plan = planned(asked, many, 4000);
    expect(plan.durationMs).toBeLessThanOrEqual(45_000);
    expect(plan.troubles.length).toBeGreaterThan(0);
    expect(plan.called.length + plan.leftAlone.length).toBe(many.length);
  }
  expect(planned({ ...behind, upstreams }, many).leftOut).not.toEqual([]);
});

test("the upstream's troubles come with the checks that look behind the server", () => {
  expect(planned(behind, [chosen("a")]).raw["checks"]).toEqual(
    expect.arrayContaining(["survives", "silent-empty", "retry-storm", "timeout-cascade"]),
  );
  expect(planned(http, [chosen("a")]).raw["checks"]).not.toContain("silent-empty");
});

test("a server that answers one caller after another is not too slow for that", () => {
  const six = Array.from({ length: 6 }, (_, index) => chosen(`t${index}`, { tookMs: 100 }));
  const boundMs = (asked: Asked): number => {
    const [first] = planned(asked, six).raw["thresholds"] as string[];
    return parseDuration(first?.split("< ")[1] ?? "") ?? 0;
  };
  // Twelve callers wait for each other, each with a call of 100 ms.
  expect(boundMs(http)).toBeGreaterThan(12 * 100);
  expect(boundMs(behind)).toBeGreaterThan(18 * 100);
});

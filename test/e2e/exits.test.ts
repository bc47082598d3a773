/** How a run ends where something is missing or wrong: the exit code, and what is said. */
import { existsSync } from "node:fs";
import { open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { closedAddress } from "../closed-address.ts";
import { brief, rounds, squall, startSquall, temporaryFolder, verdictsFrom } from "./squall.ts";

describe("missing evidence exits 2 and is named", () => {
  const cases = [
    [
      "a link that nothing uses",
      [
        "--set",
        "servers.cloud.upstreams={CLOUD_API_URL: cloud-api, SPARE_URL: cloud-api-2}",
        "--set",
        "upstreams.cloud-api-2={fixture: cloud-api}",
      ],
      "nothing ever connected over cloud->cloud-api-2",
    ],
    [
      "a fault that never bites",
      ["--set", "faults[0].count=1", "--set", "faults[0].at=1900ms", "--set", "faults[0].for=1ms"],
      "was injected but nothing at the tap shows it",
    ],
    [
      "no call after the warm-up",
      [
        "--set",
        "agents.planner.arrivals={rate: 1/m}",
        "--set",
        "phases=[{warm-up: 500ms}, {baseline: 1s}, {fault: 2s, recovery: 1s, name: lost-replies}]",
      ],
      "the baseline has no op",
    ],
    ["a baseline that fails", ["--set", "upstreams.cloud-api.env={EMPTY: resources}"], "the baseline does not hold"],
  ] as const;

  test.each(rounds<readonly (typeof cases)[number][]>(cases, cases.slice(1, 2)))("%s", async (_, sets, says) => {
    await using folder = await temporaryFolder();
    const verdicts = await verdictsFrom(
      ["duplicate-effects", ...brief["duplicate-effects"], ...sets, "--set", "servers.cloud.defects=[]"],
      folder.path,
    );
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "unknown", exitCode: 2 });
    expect(verdicts.ended.code).toBe(2);
    expect(verdicts.gaps.map((gap) => gap.says).join("; ")).toContain(says);
    for (const { because } of verdicts.checks) expect(because).toBeDefined();
  });
});

describe("a target that cannot be reached exits 75", () => {
  test("a server that cannot start: its own words are shown", async () => {
    await using folder = await temporaryFolder();
    const script = 'console.error("the config file is missing"); process.exit(3);';
    await writeFile(join(folder.path, "server.mjs"), script);
    const text = `name: broken-server
servers: { mine: { command: [node, server.mjs, "\${port}"], url: "http://127.0.0.1:\${port}/mcp" } }
agents: { a: { chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 1s }]
`;
    await writeFile(join(folder.path, "s.yaml"), text);
    const { code, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(code).toBe(75);
    expect(stderr).toContain("the config file is missing");
    expect(stderr).toMatch(/code 3/);
  });

  test("a port where nobody listens: the address is named", async () => {
    await using folder = await temporaryFolder();
    const { port } = await closedAddress();
    const args = [
      "silent-empty",
      "--set",
      `servers.cloud.url=http://127.0.0.1:${port}/mcp`,
      "--set",
      "servers.cloud.upstreams={}",
      "--set",
      "faults=[]",
    ];
    const { code, stderr } = await squall(["run", ...args], { cwd: folder.path });
    expect(code, stderr).toBe(75);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).toContain("ECONNREFUSED");
  });
});

test("over several scenarios one that cannot be reached does not keep the others from being tried", async () => {
  await using folder = await temporaryFolder();
  const text = (name: string, port: number): string =>
    `name: ${name}\nservers: { mine: { url: "http://127.0.0.1:${port}/mcp" } }\nagents: { a: { chain: [{ call: mine.Echo }] } }\nphases: [{ baseline: 1s }]\n`;
  await writeFile(join(folder.path, "a.yaml"), text("a", (await closedAddress()).port));
  await writeFile(join(folder.path, "b.yaml"), text("b", (await closedAddress()).port));
  const { code, stdout, stderr } = await squall(["run", ".", "--json", "--quiet"], { cwd: folder.path });
  expect(code).toBe(75);
  expect(JSON.parse(stdout)).toMatchObject({
    schema: "squall.runs/1",
    exitCode: 75,
    runs: [],
    notRun: [
      { scenario: "a", exitCode: 75 },
      { scenario: "b", exitCode: 75 },
    ],
  });
  expect(stderr.match(/ECONNREFUSED/g)).toHaveLength(2);
});

test("mistakes in a scenario exit 64 and start nothing", async () => {
  await using folder = await temporaryFolder();
  const bad = new URL("../scenario/bad", import.meta.url).pathname;
  const running = startSquall(["run", bad], { cwd: folder.path });
  const { code, stderr } = await running.ended;
  expect(code).toBe(64);
  expect(stderr).toMatch(/mistakes; nothing was started/);
  for (const file of await readdir(bad)) if (file.endsWith(".yaml")) expect(stderr).toContain(`${file}:`);
  expect(await readdir(folder.path)).toEqual([]);
});

test.runIf(existsSync("/dev/full"))("a result that cannot be printed is no success", async () => {
  await using full = await open("/dev/full", "w");
  const { code, stderr } = await startSquall(["list", "faults"], { stdout: full.fd }).ended;
  expect(code, stderr).toBe(64);
  expect(stderr).toContain("squall: the result could not be printed: ENOSPC");
});

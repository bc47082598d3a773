import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { existsSync } from "node:fs";
import { open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/world.ts";
import {
  brief,
  canSeeProcesses,
  eachOf,
  nothingIsLeft,
  onlyRun,
  rounds,
  squall,
  started,
  startSquall,
  temporaryFolder,
  verdictsFrom,
} from "./squall.ts";

describe.runIf(canSeeProcesses)("whatever ends a run, nothing of it is left", () => {
  test("its own end", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
    expect((await running.ended).code).toBe(1);
    await nothingIsLeft(running);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s in the middle of a fault: it heals, judges what it saw, and exits %i",
    { timeout: 60_000 },
    async (signal, code) => {
      await using folder = await temporaryFolder();
      const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
      await started(running, "outage (");
      await sleep(800);
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.code, ended.stdout + ended.stderr).toBe(code);
      expect(ended.stdout).toContain("(interrupted)");
      await nothingIsLeft(running);
      const judged = await squall(["check", await onlyRun(folder.path), "--json"]);
      expect(JSON.parse(judged.stdout)).toMatchObject({ exitCode: code });
      expect(judged.stdout).not.toContain("fault-not-healed");
    },
  );

  test("kill -9 at any moment; the next run starts clean", { timeout: 600_000 }, async () => {
    const random = seededRandom(42, "kill");
    const moments = Array.from({ length: rounds(50, 8) }, () => random.integer(0, 7000));
    await eachOf(moments, 3, async (afterMs) => {
      await using folder = await temporaryFolder();
      const running = startSquall(["run", "duplicate-effects", ...brief["duplicate-effects"]], { cwd: folder.path });
      await sleep(afterMs);
      running.child.kill("SIGKILL");
      await running.ended;
      await nothingIsLeft(running);
    });
    await using folder = await temporaryFolder();
    expect(await verdictsFrom(["duplicate-effects", ...brief["duplicate-effects"]], folder.path)).toMatchObject({
      exitCode: 1,
    });
  });

  test("kill -9 while a server dies and is started again, over and over", { timeout: 120_000 }, async () => {
    const sets = [
      "phases=[{baseline: 600ms}, {fault: 20s, name: resets}]",
      "faults=[{link: cloud->cloud-api, kind: egress-block, how: reset}]",
      "servers.cloud.restart={most: 100, within: 10s}",
      "checks=[survives]",
    ];
    const random = seededRandom(42, "kill restarting");
    const moments = Array.from({ length: rounds(20, 4) }, () => random.integer(500, 2500));
    await eachOf(moments, 2, async (afterMs) => {
      await using folder = await temporaryFolder();
      const args = ["run", "survives", ...sets.flatMap((set) => ["--set", set])];
      const running = startSquall(args, { cwd: folder.path });
      await started(running, "resets (");
      await sleep(afterMs);
      running.child.kill("SIGKILL");
      await running.ended;
      await nothingIsLeft(running);
    });
  });

  test("two Ctrl-C at once: it does not wait for answers, and heals all the same", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
    await started(running, "baseline (");
    running.child.kill("SIGINT");
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    await nothingIsLeft(running);
  });
});

test("a reader that goes away does not end the run in the middle of a fault", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
  await started(running, "baseline (");
  running.child.stdout?.destroy();
  running.child.stderr?.destroy();
  expect(await new Promise((resolve) => running.child.once("exit", resolve))).toBe(1);
  expect(await readdir(await onlyRun(folder.path))).toContain("verdicts.json");
});

test("a folder that cannot be made is said in one line", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "taken"), "");
  const { code, stderr } = await squall(["run", "silent-empty", "--quiet", "--out", "taken"], { cwd: folder.path });
  expect(code).toBe(64);
  expect(stderr).toMatch(/^squall: the run's folder cannot be made: .*; choose another with --out\n$/);
});

test("two runs at once do not disturb each other", { timeout: 60_000 }, async () => {
  await using one = await temporaryFolder();
  await using two = await temporaryFolder();
  const [first, second] = await Promise.all([
    verdictsFrom(["duplicate-effects", ...brief["duplicate-effects"]], one.path),
    verdictsFrom(["silent-empty", ...brief["silent-empty"], "--set", "servers.cloud.defects=[]"], two.path),
  ]);
  expect(first).toMatchObject({ verdict: "fail", gaps: [] });
  expect(second, JSON.stringify(second)).toMatchObject({ verdict: "pass", gaps: [] });
});

describe("a saved history", () => {
  test("of a finished run is judged the same again", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const { ended } = await verdictsFrom(["duplicate-effects", ...brief["duplicate-effects"]], folder.path);
    const run = await onlyRun(folder.path);
    const measured = () =>
      Promise.all(["figures.json", "histograms.json"].map((name) => readFile(join(run, name), "utf8")));
    const first = await measured();
    expect(first.map((text) => Object.keys(JSON.parse(text) as object)[0])).toEqual(["schema", "schema"]);
    await rm(join(run, "figures.json"));
    expect(await squall(["report", run])).toMatchObject({ code: 64, stderr: expect.stringContaining("squall check") });
    const again = await squall(["check", run, "--json"]);
    expect(await measured()).toEqual(first);
    expect(again.stdout).toBe(ended.stdout);
    expect(again.code).toBe(ended.code);
    const reported = await squall(["report", run]);
    expect(reported.stdout).toContain("FAILED  duplicate-effects");
    await rm(join(run, "verdicts.json"));
    expect(await squall(["report", run])).toMatchObject({ code: 64, stderr: expect.stringContaining("squall check") });
  });

  test("cut off by kill -9 keeps its witnessed violations and believes nothing else", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "duplicate-effects", ...brief["duplicate-effects"]], { cwd: folder.path });
    await started(running, "lost-replies.recovery (");
    await sleep(700);
    running.child.kill("SIGKILL");
    await running.ended;
    const run = await onlyRun(folder.path);
    expect(await readdir(run)).not.toContain("verdicts.json");
    const { code, stdout } = await squall(["check", run, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "fail",
      checks: [
        { check: "duplicate-effects", verdict: "fail" },
        { check: "survives", verdict: "unknown" },
      ],
      gaps: [{ gap: "history-cut", says: expect.stringMatching(/^history ends at [\d.]+ s, no end mark$/) }],
    });
    expect(code).toBe(1);
  });

  test("cut off before anything went wrong is unknown", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
    await started(running, "baseline (");
    await sleep(500);
    running.child.kill("SIGKILL");
    await running.ended;
    const { code, stdout } = await squall(["check", await onlyRun(folder.path)]);
    expect(stdout).toContain("INCONCLUSIVE");
    expect(code).toBe(2);
  });
});

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

  test.each(cases)("%s", { timeout: 60_000 }, async (_, sets, says) => {
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
  test("a server that cannot start: its own words are shown", { timeout: 60_000 }, async () => {
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

  test("a port where nobody listens: the address is named", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const port = await closedPort();
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

test(
  "over several scenarios one that cannot be reached does not keep the others from being tried",
  { timeout: 60_000 },
  async () => {
    await using folder = await temporaryFolder();
    const text = (name: string, port: number): string =>
      `name: ${name}\nservers: { mine: { url: "http://127.0.0.1:${port}/mcp" } }\nagents: { a: { chain: [{ call: mine.Echo }] } }\nphases: [{ baseline: 1s }]\n`;
    await writeFile(join(folder.path, "a.yaml"), text("a", await closedPort()));
    await writeFile(join(folder.path, "b.yaml"), text("b", await closedPort()));
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
  },
);

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

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

test.runIf(existsSync("/dev/full"))("a result that cannot be printed is no success", async () => {
  await using full = await open("/dev/full", "w");
  const { code, stderr } = await startSquall(["list", "faults"], { stdout: full.fd }).ended;
  expect(code, stderr).toBe(64);
  expect(stderr).toContain("squall: the result could not be printed: ENOSPC");
});

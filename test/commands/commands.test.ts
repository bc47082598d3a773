import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checks } from "../../src/checks/registry.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import { profileNames } from "../../src/agents/profiles.ts";
import { partNames } from "../../src/agents/registry.ts";
import { reporters } from "../../src/reporters/registry.ts";
import { version } from "../../src/version.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { saveRun } from "./saved-run.ts";
import { squall } from "./squall.ts";

test("--version prints the package's version", async () => {
  expect(await squall("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("no default in the help of a run is written as a program sees it", async () => {
  const { stdout } = await squall("run", "--help");
  expect(stdout).toMatch(/that\s+runs\s+\(default:\s+auto\)/);
  expect(stdout).not.toContain("kind");
});

test("--help names every command", async () => {
  const { code, stdout } = await squall("--help");
  expect(code).toBe(0);
  for (const command of ["run", "probe", "check", "report", "list", "schema", "doctor", "clean"])
    expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
});

describe("usage that cannot be understood exits 64, says why, and what to do", () => {
  test.each([
    [["rum"], "Did you mean run?"],
    [["run"], "missing required argument"],
    [["run", "silent-empty", "--sed", "5"], "Did you mean one of --seed"],
    [["run", "silent-empty", "--seed", "x"], 'a whole number from 0 to 2147483647, got "x"'],
    [["run", "silent-emty"], 'did you mean "silent-empty"?'],
    [["run", "silent-empty", "--engine", "dcoker"], 'there is no engine "dcoker"'],
    [["run", "silent-empty", "--reporter", "jsn"], 'did you mean "json"?'],
    [["run", "silent-empty", "--tag", "nightly"], "no scenario has the tags nightly"],
    [
      ["run", "silent-empty", "--reporter", "json=a.txt", "--reporter", "junit=./a.txt"],
      "--reporter writes two reporters to a.txt twice",
    ],
    [["list", "fautls"], 'did you mean "faults"?'],
    [["run", "silent-empty", "--duration", "10"], "--duration takes a duration from 100ms to 24h such as 90s"],
    [["run", "silent-empty", "--duration", "25h"], 'such as 90s or 1h30m, got "25h"'],
    [["run", "silent-empty", "--agents", "0"], "--agents takes a whole number from 1 to 50000, or group=number"],
    [["run", "silent-empty", "--agents", "planner:3"], 'or group=number, got "planner:3"'],
    [["run", "silent-empty", "--agents", "clerk=3"], 'there is no group "clerk"'],
    [["run", "silent-empty", "--repeat", "0"], '--repeat takes a whole number from 1 to 1000, got "0"'],
    [["run", "silent-empty", "--fail-on", "info"], '--fail-on takes violation or weakness, got "info"'],
    [["check", "nowhere", "--fail-on", "all"], '--fail-on takes violation or weakness, got "all"'],
    [["check", "nowhere"], "there is no folder"],
    [["report", "nowhere"], "there is no folder"],
    [["check", "."], "is not a run's folder: it has no history/"],
    [["check", "commands.test.ts"], "is a file, not a run's folder"],
  ])("squall %s", async (argv, says) => {
    const { code, stdout, stderr } = await squall(...argv);
    expect(stderr).toContain(says);
    expect(code).toBe(64);
    expect(stdout).toBe("");
    expect(stderr).not.toContain("    at ");
  });
});

test("with --json a mistake is a document too, and stdout holds nothing else", async () => {
  const { code, stdout } = await squall("run", "silent-emty", "--json");
  expect(code).toBe(64);
  expect(JSON.parse(stdout)).toMatchObject({
    schema: "squall.error/1",
    exitCode: 64,
    mistakes: [{ path: "silent-emty" }],
  });
});

test.each([
  ["a word that the command line does not know", ["list", "--json", "--sed"]],
  ["a command without its argument", ["run", "--json"]],
])("so is %s", async (_, argv) => {
  const { code, stdout } = await squall(...argv);
  expect(code).toBe(64);
  expect(JSON.parse(stdout)).toMatchObject({ schema: "squall.error/1", exitCode: 64, error: expect.any(String) });
});

test("help tells the defaults that say something, and no empty list", async () => {
  const { stdout } = await squall("run", "--help");
  expect(stdout).not.toContain("[])");
  expect(stdout).toContain('(default: "reports")');
});

test("list prints every kind from the registries, as text and as JSON", async () => {
  const { stdout } = await squall("list", "--json");
  const names = (entries: readonly { name: string }[]): string[] => entries.map(({ name }) => name);
  const listed = JSON.parse(stdout) as Record<string, { name: string }[]>;
  expect(names(listed["faults"] ?? [])).toEqual(faultKinds.map(({ kind }) => kind));
  expect(names(listed["checks"] ?? [])).toEqual(checks.map(({ name }) => name));
  expect(names(listed["policies"] ?? [])).toEqual(["timeout", ...partNames]);
  expect(names(listed["profiles"] ?? [])).toEqual(profileNames);
  expect(names(listed["reporters"] ?? [])).toEqual(reporters.map(({ name }) => name));
  expect(names(listed["scenarios"] ?? [])).toEqual([
    "disconnect",
    "drift",
    "duplicate-effects",
    "egress-gateway",
    "forty-by-six",
    "lost-streams",
    "lost-tasks",
    "quickstart",
    "retry-storm",
    "rolling-restart",
    "session-loss",
    "silent-empty",
    "survives",
    "tampered-state",
    "timeout-cascade",
  ]);
  expect((await squall("list", "faults")).stdout).toMatch(/^faults\n {2}bandwidth {2,}Each connection of the link/);
  expect((await squall("list")).stdout).toMatch(
    /With options and defects: squall list faults, policies or fixtures\.\n$/,
  );
});

test("a list in full tells options with units and defaults, and defects", async () => {
  const faults = (await squall("list", "faults")).stdout.split("\n").map((line) => line.trim());
  const [, ...latency] = faults.slice(faults.findIndex((line) => line.startsWith("latency ")));
  expect(latency.slice(0, 5)).toEqual([
    expect.stringMatching(/^the caller sees slow answers; a timeout where the delay is longer than its patience/),
    "network, implicit, transient · engine: every engine · healed: it lets through again, and live connections go on",
    "may grow with ramp: delay, jitter, toxicity",
    "delay: duration from 1ms to 10m (required) – how much later each answer comes",
    "jitter: duration from 0ms to 10m (default 0ms) – the delay varies by up to this much, either way",
  ]);
  const policies = (await squall("list", "policies")).stdout;
  expect(policies).toMatch(/attempts: integer (from|of at least) .*\(default 3\)/);
  expect(policies).toMatch(/timeout: duration from \S+ to \S+ \(default 1m\)/);
  expect((await squall("list", "fixtures")).stdout).toContain("defects: swallow-errors, eager-retry");
});

test("one fault alone is told by its name, with all that there is to say of it", async () => {
  const { stdout } = await squall("list", "faults", "lost-answer", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    faults: [
      {
        name: "lost-answer",
        plane: "protocol",
        seen: "implicit",
        lasts: "transient",
        callerSees: "a connection that closes, resets or hangs in place of the answer",
        engines: "none: Squall's tap makes it",
        heals: "it lets through again, and live connections go on",
        grows: [],
        options: expect.arrayContaining([
          {
            name: "count",
            takes: "integer",
            least: 1,
            required: false,
            about: "at most so many; all where absent",
          },
        ]),
      },
    ],
  });
  expect((await squall("list", "faults", "bandwidth")).stdout).toMatch(/^faults\n {2}bandwidth  Each .*\n( {4}.*\n)+$/);
  const unknown = await squall("list", "faults", "latensy");
  expect([unknown.code, unknown.stderr]).toEqual([64, expect.stringContaining('did you mean "latency"?')]);
});

test("every fault says all of it, and every bound of a quantity is told", async () => {
  const listed = JSON.parse((await squall("list", "faults", "--json")).stdout) as {
    faults: { name: string; options: { name: string; takes: string; least?: unknown; most?: unknown }[] }[];
  };
  for (const fault of listed.faults) {
    for (const key of ["plane", "seen", "lasts", "callerSees", "engines", "heals"]) expect(fault).toHaveProperty(key);
    for (const option of fault.options.filter(({ takes }) => /duration|size|number/.test(takes))) {
      expect([option.least, option.most], `${fault.name} ${option.name}`).not.toContain(undefined);
    }
  }
});

test("every option of every fault and policy is explained", async () => {
  const listed = JSON.parse((await squall("list", "--json")).stdout) as Record<
    string,
    { name: string; options?: { name: string; takes: string; about: string }[] }[]
  >;
  const options = [...(listed["faults"] ?? []), ...(listed["policies"] ?? [])].flatMap((entry) =>
    (entry.options ?? []).map((option) => ({ of: entry.name, ...option })),
  );
  expect(options.length).toBeGreaterThan(10);
  expect(options.filter(({ about, takes }) => about === "" || takes === "any")).toEqual([]);
});

describe("a mistake in --set", () => {
  const sets = (...changes: readonly string[]) => changes.flatMap((change) => ["--set", change]);

  test("is said once, however many scenarios it is wrong for", async () => {
    const { code, stderr } = await squall("run", "silent-empty", "retry-storm", ...sets("faults=x", "seed=-1"));
    expect(code).toBe(64);
    expect(stderr).toMatchInlineSnapshot(`
      "squall: the scenarios have 2 mistakes; nothing was started
        --set  seed: expected at least 0, got -1
        --set  faults: expected a list, got "x"
      "
    `);
  });

  test("names the scenarios where it is wrong for some only", async () => {
    const all = ["silent-empty", "retry-storm", "duplicate-effects"];
    const { stderr } = await squall("run", ...all, ...sets("agents.planner.policy.attempts=4"));
    expect(stderr).toMatchInlineSnapshot(`
      "squall: the scenario has a mistake; nothing was started
        --set  agents.planner.policy.attempts: is not known here (in silent-empty)
            there is kind, timeout, onTimeout, resetOnProgress
      "
    `);
  });
});

test("schema prints the schema that is kept for editors", async () => {
  const { stdout } = await squall("schema");
  expect(JSON.parse(stdout)).toMatchObject({ title: "Squall scenario", additionalProperties: false });
});

test("--dry-run tells phases, agents and faults, and starts nothing", async () => {
  const { code, stdout, stderr } = await squall("run", "silent-empty", "--dry-run", "--set", "faults[0].at=1s");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatchInlineSnapshot(`
    "silent-empty  seed 42  faults  9s
    timeline
                                     0ms            3s                   7s        9s
      phases                         baseline       outage               outage.recovery
      planner                        ██████████████████████████████████████████████  █ 10/s
      egress-block cloud->cloud-api                      ▒██████████████▒
    phases
          0ms – 3s       baseline
           3s – 7s       outage
           7s – 9s       outage.recovery
    agents
      planner: 10/s; 90 walks by 10 agents in turn
        cloud.FetchResources
        cloud.FetchServices
        cloud.FetchUsageLimits
    faults
      egress-block on cloud->cloud-api (outage.0)  how: refuse
             4s – 7s
    checks
      duplicate-effects: does not apply, no step declares an effect
      retry-storm: When an upstream fails, the server does not multiply requests: few repeats, and none without a wait.
      silent-empty: When an upstream fails, the server says so: it does not answer success with nothing in it.
      survives: When the trouble is over the server works again by itself: it lives, has all its tools, and answers.
      timeout-cascade: does not apply, no fault holds up an upstream whose requests can be told apart
    Nothing was started.
    "
  `);
});

test("--dry-run tells how agents arrive, in words", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "executors.yaml");
  const groups = {
    closed: "{ count: 20, iterations: 5, thinkTime: { least: 200ms, most: 2s }, rampUp: 10s }",
    "one-agent": "{ for: 20s }",
    rate: "{ rate: 90/m, spacing: poisson }",
    ramp: "{ rate: 1/s, stages: [{ to: 50/s, over: 30s }] }",
    stages: "{ stages: [{ to: 9/s, over: 5s }, { to: 9/s, over: 5s }, { to: 0/s, over: 0s }, { to: 0/s, over: 2s }] }",
    burst: "{ burst: { size: 50, every: 15s } }",
    herd: "{ herd: { size: 1500, at: 10s } }",
    step: "{ step: { from: 10/s, by: 10/s, every: 10s, to: 50/s } }",
    spike: "{ spike: { from: 5/s, to: 100/s, at: 20s, for: 5s } }",
    soak: "{ soak: { rate: 20/s, rampUp: 10s, rampDown: 5s }, start: 5s }",
    local: "{ rate: 5/s, agents: 3 }",
  };
  const lines = Object.entries(groups).map(
    ([name, arrivals]) =>
      `  ${name}: { arrivals: ${arrivals}, chain: [{ call: ${name === "local" ? "near" : "far"}.Echo }] }`,
  );
  const servers = '{ far: { url: "http://127.0.0.1:1/mcp" }, near: { transport: stdio, command: [node, s.js] } }';
  const text = ["name: executors", `servers: ${servers}`, "agents:", ...lines, "phases: [{ baseline: 60s }]", ""];
  await writeFile(file, text.join("\n"));
  const { stdout } = await squall("run", file, "--dry-run");
  expect(stdout.slice(stdout.indexOf("agents"), stdout.indexOf("faults\n"))).toMatchInlineSnapshot(`
    "agents
      one-agent  ████████████████                                █ 1 agent
      rate       ██████████████████████████████████████████████  █ 1.5/s
      ramp       ▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇██████████████████████████  █ 50/s
      stages     ▂▄▆████▆                                        █ 9/s
      burst      █          █           █          █             █ 50 walks
      herd              █                                        █ 1500 walks
      step       ▂▂▂▂▂▂▂▃▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▇▇▇▇▇▇▇▇███████████████  █ 50/s
      spike      ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▆███▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  █ 100/s
      soak          ▁▁▂▃▄▅▆▇████████████████████████████████▆▄▂  █ 20/s
      local      ██████████████████████████████████████████████  █ 5/s
    phases
          0ms – 1m       baseline
    agents
      closed: 20 agents, 5 walks each, 200ms to 2s between, beginning over 10s; at most 100 walks
        far.Echo
      one-agent: until 20s: 1 agent, walk after walk, 0ms between
        far.Echo
      rate: 1.5/s, spaced by chance; about 90 walks by 15 agents in turn
        far.Echo
      ramp: ramps from 1/s to 50/s over 30s, then holds; 2,265 walks by 500 agents in turn
        far.Echo
      stages: ramps from 0/s to 9/s over 5s, holds 9/s for 5s, jumps to 0/s, pauses for 2s, then ends; 68 walks by 90 agents in turn
        far.Echo
      burst: 50 walks at once every 15s; 200 walks by 50 agents in turn
        far.Echo
      herd: 1,500 walks at once, once, after 10s; 1,500 walks by 1,000 agents in turn
        far.Echo
      step: steps up from 10/s by 10/s every 10s to 50/s, then holds; 2,000 walks by 500 agents in turn
        far.Echo
      spike: 5/s, but 100/s after 20s for 5s; 775 walks by 1,000 agents in turn
        far.Echo
      soak: from 5s: ramps up over 10s, then holds 20/s for 40s, then ramps down over 5s; 950 walks by 200 agents in turn
        far.Echo
      local: 5/s; 300 walks by 3 agents in turn, over stdio: 3 processes
        near.Echo
    "
  `);
});

test("--dry-run tells what --duration and --agents make of the plan", async () => {
  const { stdout } = await squall("run", "silent-empty", "--dry-run", "--duration", "90s", "--agents", "3");
  expect(stdout).toContain(`silent-empty  seed 42  faults  1m30s
--duration 1m30s: the whole timeline, written for 9s, is played 10 times as long
timeline
`);
  expect(stdout).toContain(`phases
      0ms – 30s      baseline
      30s – 1m10s    outage
    1m10s – 1m30s    outage.recovery
agents
  planner: 10/s; 900 walks by 3 agents in turn
`);
});

test("--dry-run tells what ends the run early", async () => {
  const sets = [
    "stop=[{when: error-rate(planner) > 50%, for: 10s}]",
    "thresholds=[{expect: p95(cloud) < 400ms, abortOnFail: true}]",
  ].flatMap((set) => ["--set", set]);
  const { stdout } = await squall("run", "silent-empty", "--dry-run", ...sets);
  expect(stdout).toContain("threshold p95(cloud) < 400ms: ends the run if it fails, past a grace of 10s\n");
  expect(stdout).toContain("ends early\n  when error-rate(planner) > 50% holds for 10s\n");
});

describe("a saved run", () => {
  test("is judged, kept as JSON and JUnit, and reported again", async () => {
    await using folder = await temporaryFolder();
    const run = await saveRun(folder.path, "passed");
    const { code, stdout } = await squall("check", run);
    expect(stdout).toContain("PASSED  made-up");
    expect(code).toBe(0);
    expect((await readdir(run)).sort()).toEqual([
      "figures.json",
      "histograms.json",
      "history",
      "junit.xml",
      "report.html",
      "verdicts.json",
    ]);
    expect((await squall("report", run, "--reporter", "junit")).stdout).toBe(
      await readFile(join(run, "junit.xml"), "utf8"),
    );
  });

  test("is told in every way that can be written, and the one that cannot changes only the exit code", async () => {
    await using folder = await temporaryFolder();
    const run = await saveRun(folder.path, "passed");
    const unwritable = ["--reporter", `json=${join(run, "no/such/folder.json")}`];
    const checked = await squall("check", run, ...unwritable, "--reporter", "terminal");
    expect(checked).toMatchObject({ code: 64, stdout: expect.stringContaining("PASSED  made-up") });
    expect(checked.stderr).toContain("the report cannot be written: ENOENT");
    // One document and nothing else, also then.
    const asJson = await squall("check", run, ...unwritable, "--json");
    expect(asJson.code).toBe(64);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ schema: "squall.verdicts/1", exitCode: 0 });
  });

  test("fails on a weakness where that is asked for, and keeps to it", async () => {
    await using folder = await temporaryFolder();
    const run = await saveRun(folder.path, "weak");
    const lenient = await squall("check", run);
    expect(lenient.stdout).toContain("✓ silent-empty, with 1 warning");
    expect(lenient.code).toBe(0);
    const strict = await squall("check", run, "--fail-on", "weakness");
    expect(strict.stdout).toContain("✗ silent-empty  a weakness fails this run (--fail-on weakness)");
    expect(strict.code).toBe(1);
    // The verdicts that were kept say so too, until it is judged again.
    const reported = await squall("report", run);
    expect(reported.stdout).toBe(strict.stdout);
    expect(reported.code).toBe(0);
    expect(JSON.parse(await readFile(join(run, "verdicts.json"), "utf8"))).toMatchObject({ failOn: "weakness" });
    expect((await squall("check", run)).code).toBe(0);
  });

  test("that was asked to fail on a weakness does so when it is judged again", async () => {
    await using folder = await temporaryFolder();
    const run = await saveRun(folder.path, "weak", { failOn: "weakness" });
    expect((await squall("check", run)).code).toBe(1);
    expect((await squall("check", run, "--fail-on", "violation")).code).toBe(0);
  });

  test("a folder that only holds runs names the latest", async () => {
    await using folder = await temporaryFolder();
    await saveRun(join(folder.path, "20260101-a"), "passed");
    await saveRun(join(folder.path, "20260102-b"), "passed");
    const { code, stderr } = await squall("check", folder.path);
    expect(stderr).toMatch(/it holds 2 runs\n.*the latest is .*20260102-b/);
    expect(code).toBe(64);
  });
});

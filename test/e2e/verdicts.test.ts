import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { brief, eachOf, onlyRun, rounds, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

const scenarios = ["duplicate-effects", "silent-empty", "timeout-cascade"] as const;
const hardened = ["--set", "servers.cloud.fixture=cloud-hardened"];

/** What else a scenario judges, and finds in order. */
const besides = { "duplicate-effects": [], "silent-empty": [], "timeout-cascade": ["silent-empty"] } as const;

describe.each(scenarios)("%s", (name) => {
  test("finds the defect it is for, and only that", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name]], folder.path);
    expect(verdicts).toMatchObject({ verdict: "fail", exitCode: 1, mode: "faults" });
    expect(ended.code).toBe(1);
    expect(verdicts.checks.map(({ check, verdict }) => ({ check, verdict }))).toEqual([
      ...besides[name].map((check) => ({ check, verdict: "pass" })),
      { check: name, verdict: "fail" },
    ]);
    const [finding] = verdicts.checks.find(({ check }) => check === name)?.findings ?? [];
    expect(finding?.witness.ops.length).toBeGreaterThan(0);
    expect(finding?.says).toContain(finding?.witness.ops[0]);
    if (name === "duplicate-effects") expect(finding?.says).toMatch(/ledger rows \d+, \d+/);
    if (name === "timeout-cascade") expect(finding?.says).toContain("no deadline of its own");
    expect(verdicts.notCovered).toHaveLength(1);
  });

  test("is silent on the hardened server, and says how much it looked at", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name], ...hardened], folder.path);
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
    expect(ended.code).toBe(0);
    const check = verdicts.checks.find((candidate) => candidate.check === name);
    expect(check?.findings.filter(({ grade }) => grade !== "info")).toEqual([]);
    expect(check?.looked).toBeGreaterThan(0);
    expect(check?.strength).toMatch(/^0 /);
  });

  test.each([
    ["with its defect", []],
    ["hardened", hardened],
  ] as const)("finds nothing in a control run on the server %s", { timeout: 60_000 }, async (_, sets) => {
    await using folder = await temporaryFolder();
    const args = [name, ...brief[name], ...sets, "--no-faults"];
    const { code, stdout, stderr } = await squall(["run", ...args], { cwd: folder.path });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("CONTROL PASSED");
    expect(stdout).not.toContain("violation");
  });
});

test("the same seed gives the same plan byte for byte, another seed another", async () => {
  const plan = async (seed: number) =>
    (await squall(["run", "duplicate-effects", "silent-empty", "--dry-run", "--json", "--seed", `${seed}`])).stdout;
  const first = await plan(7);
  expect(JSON.parse(first)).toHaveLength(2);
  expect(await plan(7)).toBe(first);
  expect(await plan(8)).not.toBe(first);
});

test("the same seed gives the same verdicts, every time", { timeout: 600_000 }, async () => {
  const runs = Array.from({ length: rounds(20, 6) }, (_, n) => scenarios[n % 3] ?? scenarios[0]).flatMap((name) =>
    process.env["SQUALL_ROUNDS"] === "full" ? [...scenarios] : [name],
  );
  const verdicts = await eachOf(runs, 2, async (name) => {
    await using folder = await temporaryFolder();
    const { verdict, exitCode, checks, gaps, notCovered } = await verdictsFrom([name, ...brief[name]], folder.path);
    const plan = await readFile(join(await onlyRun(folder.path), "plan.json"), "utf8");
    return {
      name,
      verdict,
      exitCode,
      checks: checks.map(({ check, verdict }) => `${check} ${verdict}`),
      gaps,
      notCovered,
      plan,
    };
  });
  for (const name of scenarios) {
    const [first, ...others] = verdicts.filter((run) => run.name === name);
    expect(first?.exitCode).toBe(1);
    for (const other of others) expect(other).toEqual(first);
  }
});

test("a folder of scenarios ends with the worst exit code", { timeout: 90_000 }, async () => {
  await using folder = await temporaryFolder();
  const sets = ["--set", "phases=[{baseline: 1500ms}, {fault: 1500ms, recovery: 500ms, name: outage}]"];
  const { code, stdout } = await squall(
    ["run", "silent-empty", "silent-empty", ...sets, "--set", "faults[0].for=1s", "--json", "--quiet"],
    { cwd: folder.path },
  );
  const document: unknown = JSON.parse(stdout);
  expect(document).toMatchObject({ schema: "squall.runs/1", exitCode: 1, runs: [{ exitCode: 1 }, { exitCode: 1 }] });
  expect(code).toBe(1);
});

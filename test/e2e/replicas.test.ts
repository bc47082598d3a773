import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  canSeeProcesses,
  isFull,
  nothingIsLeft,
  onlyRun,
  started,
  startSquall,
  temporaryFolder,
  verdictsFrom,
} from "./squall.ts";

const set = (...sets: readonly string[]): string[] => sets.flatMap((one) => ["--set", one]);
const brief = set("phases=[{baseline: 1500ms}, {fault: 1s, recovery: 2500ms, name: cut-off}]");
const inStore = set("servers.notebook.defects=[]");
const sticky = set("servers.notebook.balance=sticky");

const rollout = [
  "rolling-restart",
  ...set(
    "phases=[{baseline: 1500ms}, {fault: 10s, recovery: 2500ms, name: rollout}]",
    "faults=[{server: notebook, kind: rolling-restart, drain: 300ms}]",
  ),
];

describe("three replicas", () => {
  test("lose sessions that they keep in memory, with every session from the start", async () => {
    await using folder = await temporaryFolder();
    const { ended, checks } = await verdictsFrom(["session-loss", ...brief], folder.path);
    expect(ended.code, ended.stdout).toBe(1);
    const check = checks.find((candidate) => candidate.check === "session-loss");
    expect(check).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
    expect(check?.findings[0]?.says).toMatch(/sessions? (?:was|were) refused right after being opened/);
    expect(check?.findings[0]?.witness.events.length).toBeGreaterThan(0);
  });

  test("lose none that are in a store, whichever replica is asked", async () => {
    await using folder = await temporaryFolder();
    const { ended, checks, gaps } = await verdictsFrom(["session-loss", ...brief, ...inStore], folder.path);
    expect(ended.code, ended.stdout).toBe(0);
    expect(gaps).toEqual([]);
    expect(checks).toMatchObject([
      { check: "session-loss", verdict: "pass" },
      { check: "survives", verdict: "pass" },
    ]);
    expect(checks[0]?.strength).toMatch(/^0 of \d+ requests lost their session, [1-9]\d* of them at another replica/);

    // Each replica has its process, its log and its link in the history.
    const run = await onlyRun(folder.path);
    for (const n of [1, 2, 3]) await readFile(join(run, "targets", `notebook.${n}.log`));
    const plan: unknown = JSON.parse(await readFile(join(run, "plan.json"), "utf8"));
    expect(plan).toMatchObject({ declared: { servers: [{ replicas: { count: 3, balance: "round-robin" } }] } });
  });
});

test("a rolling restart under load is survived, and costs no session that is in a store", async () => {
  await using folder = await temporaryFolder();
  const { ended, checks, gaps } = await verdictsFrom(rollout, folder.path);
  expect(ended.code, ended.stdout).toBe(0);
  expect(gaps).toEqual([]);
  expect(checks).toMatchObject([
    { check: "session-loss", verdict: "pass" },
    { check: "survives", verdict: "pass" },
  ]);
  expect(checks[1]?.strength).toContain("recovered after 1 of 1 episodes (start-again)");
});

test.runIf(canSeeProcesses)("no replica outlives a runner that is killed", async () => {
  await using folder = await temporaryFolder();
  const running = startSquall(["run", "session-loss", ...inStore], { cwd: folder.path });
  await started(running, "cut-off.0) requested");
  running.child.kill("SIGKILL");
  await running.ended;
  await nothingIsLeft(running);
});

describe.runIf(isFull)("three replicas in other ways (left to CI: SQUALL_ROUNDS=full)", () => {
  test("lose them with a sticky balancer once a replica cannot be reached", async () => {
    await using folder = await temporaryFolder();
    const { ended, checks } = await verdictsFrom(["session-loss", ...brief, ...sticky], folder.path);
    expect(ended.code, ended.stdout).toBe(1);
    expect(checks).toMatchObject([
      { check: "session-loss", verdict: "fail" },
      { check: "survives", verdict: "pass" },
    ]);
    expect(checks[0]?.findings[0]?.says).toMatch(/requests were answered with HTTP 404 \(by notebook\.[23]/);
  });

  test("are seen by agents that speak through the SDK as well", async () => {
    await using folder = await temporaryFolder();
    const args = ["session-loss", ...brief, ...inStore, ...set("agents.writer.wire=sdk")];
    const { ended, checks } = await verdictsFrom(args, folder.path);
    expect(ended.code, ended.stdout).toBe(0);
    expect(checks[0]).toMatchObject({ check: "session-loss", verdict: "pass" });
  });

  test("one replica that is killed costs the sessions that it kept in memory", async () => {
    await using folder = await temporaryFolder();
    const kill = set("faults=[{server: notebook, replica: 2, kind: kill}]");
    const { ended, checks, gaps } = await verdictsFrom(["session-loss", ...brief, ...sticky, ...kill], folder.path);
    expect(ended.code, ended.stdout).toBe(1);
    expect(gaps).toEqual([]);
    expect(checks[0]).toMatchObject({ check: "session-loss", verdict: "fail" });
    expect(checks[0]?.findings[0]?.says).toMatch(/answered with HTTP 404 \(by notebook\.[13]/);
  });

  test("a rolling restart under load costs those that are in memory, though the retries of its agents hide it", async () => {
    await using folder = await temporaryFolder();
    const inMemory = set("servers.notebook.defects=[sessions-in-memory]");
    const { ended, checks } = await verdictsFrom([...rollout, ...inMemory], folder.path);
    expect(ended.code, ended.stdout).toBe(1);
    expect(checks).toMatchObject([
      { check: "session-loss", verdict: "fail" },
      { check: "survives", verdict: "pass" },
    ]);
  });
});

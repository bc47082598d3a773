import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/world.ts";
import {
  brief,
  canSeeProcesses,
  eachOf,
  isFull,
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
  const signals = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const;
  test.each(rounds<readonly (typeof signals)[number][]>(signals, signals.slice(0, 1)))(
    "%s in the middle of a fault: it heals, judges what it saw, and exits %i",
    async (signal, code) => {
      await using folder = await temporaryFolder();
      const inFault = "phases=[{baseline: 1500ms}, {fault: 20s, recovery: 2s, name: outage}]";
      const args = ["run", "silent-empty", ...brief["silent-empty"], "--set", inFault];
      const running = startSquall(args, { cwd: folder.path });
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
    const moments = Array.from({ length: rounds(10, 2, 50) }, () => random.integer(0, 7000));
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

  test("two Ctrl-C at once: it does not wait for answers, and heals all the same", async () => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
    await started(running, "baseline (");
    running.child.kill("SIGINT");
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    await nothingIsLeft(running);
  });
});

test("a reader that goes away does not end the run in the middle of a fault", async () => {
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

describe("a saved history", () => {
  test("of a finished run is judged the same again", async () => {
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

  test("cut off by kill -9 keeps its witnessed violations and believes nothing else", async () => {
    await using folder = await temporaryFolder();
    const inRecovery = "phases=[{baseline: 1500ms}, {fault: 2s, recovery: 20s, name: lost-replies}]";
    const args = ["run", "duplicate-effects", ...brief["duplicate-effects"], "--set", inRecovery];
    const running = startSquall(args, { cwd: folder.path });
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

  test("cut off before anything went wrong is unknown", async () => {
    await using folder = await temporaryFolder();
    const inBaseline = "phases=[{baseline: 20s}, {fault: 2s, recovery: 2s, name: outage}]";
    const args = ["run", "silent-empty", ...brief["silent-empty"], "--set", inBaseline];
    const running = startSquall(args, { cwd: folder.path });
    await started(running, "baseline (");
    await sleep(500);
    running.child.kill("SIGKILL");
    await running.ended;
    const { code, stdout } = await squall(["check", await onlyRun(folder.path)]);
    expect(stdout).toContain("INCONCLUSIVE");
    expect(code).toBe(2);
  });
});

describe.runIf(isFull)("more ways to end (left to CI: SQUALL_ROUNDS=full)", () => {
  test.runIf(canSeeProcesses)("kill -9 while a server dies and is started again, over and over", async () => {
    const sets = [
      "phases=[{baseline: 600ms}, {fault: 20s, name: resets}]",
      "faults=[{link: cloud->cloud-api, kind: egress-block, how: reset}]",
      "servers.cloud.restart={most: 100, within: 10s}",
      "checks=[survives]",
    ];
    const random = seededRandom(42, "kill restarting");
    const moments = Array.from({ length: 20 }, () => random.integer(500, 2500));
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

  test.runIf(canSeeProcesses)("nothing is left at its own end", async () => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "silent-empty", ...brief["silent-empty"]], { cwd: folder.path });
    expect((await running.ended).code).toBe(1);
    await nothingIsLeft(running);
  });

  test("two runs at once do not disturb each other", async () => {
    await using one = await temporaryFolder();
    await using two = await temporaryFolder();
    const [first, second] = await Promise.all([
      verdictsFrom(["duplicate-effects", ...brief["duplicate-effects"]], one.path),
      verdictsFrom(["silent-empty", ...brief["silent-empty"], "--set", "servers.cloud.defects=[]"], two.path),
    ]);
    expect(first).toMatchObject({ verdict: "fail", gaps: [] });
    expect(second, JSON.stringify(second)).toMatchObject({ verdict: "pass", gaps: [] });
  });
});

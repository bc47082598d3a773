/** What keeps a run from being believed for its own sake: a generator that was held up, as a busy machine does it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { figuresDocument } from "../../src/measure/figures.ts";
import { canSeeProcesses, onlyRun, started, startSquall, temporaryFolder } from "./squall.ts";

const sets = [
  "agents.planner.arrivals={rate: 40/s, agents: 10}",
  "phases=[{baseline: 2s}, {fault: 2s, recovery: 2s, name: outage}]",
  "faults[0].for=1s",
];
const args = ["run", "silent-empty", "--no-faults", ...sets.flatMap((set) => ["--set", set])];

test("a generator that stood still for a second makes a run inconclusive", async () => {
  await using folder = await temporaryFolder();
  const running = startSquall(args, { cwd: folder.path });
  await started(running, "outage (");
  running.child.kill("SIGSTOP");
  await sleep(1300);
  running.child.kill("SIGCONT");
  const { code, stdout, stderr } = await running.ended;
  expect(code, stdout + stderr).toBe(2);
  expect(stdout).toMatch(
    /\? the load generator fell behind: \d+% of starts were more than 300ms late \(p99 .*\); lower the rate/,
  );
  expect(stdout).toMatch(/^Generator: p99 start lag .* · p99 loop delay .* · .* of a core of \d+ · \d+ MB at most$/m);

  const run = await onlyRun(folder.path);
  const { generator, vitals } = figuresDocument.parse(JSON.parse(await readFile(join(run, "figures.json"), "utf8")));
  expect(generator?.late).toBeGreaterThan(20);
  expect(generator?.late).toBeLessThan((generator?.starts ?? 0) / 2);
  expect(vitals.points.length).toBeGreaterThan(3);
  // A target runs outside of the generator, so it did not stand still with it.
  if (canSeeProcesses) {
    const [cloud, ...others] = (generator?.machine?.targets ?? []).toSorted((a, b) => (a.target < b.target ? -1 : 1));
    expect(others.map(({ target }) => target)).toEqual(["cloud-api"]);
    expect(cloud?.cpu).toBeGreaterThan(0);
    expect(cloud?.rssMaxBytes).toBeGreaterThan(20_000_000);
    expect(generator?.machine?.descriptorsMax).toBeGreaterThan(20);
  }
});

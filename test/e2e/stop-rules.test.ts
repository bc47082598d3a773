/** A run whose scenario says when to end it early: it ends then, heals, and tells why. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canSeeProcesses, nothingIsLeft, onlyRun, squall, startSquall, temporaryFolder } from "./squall.ts";

// Forty seconds of trouble, of which a run that is ended early sees the first few.
const scenario = (rules: string): string => `name: early
upstreams: { cloud-api: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud, upstreams: { CLOUD_API_URL: cloud-api } } }
agents:
  planner: { arrivals: { rate: 40/s, agents: 4 }, chain: [{ call: cloud.FetchResources }] }
phases: [{ baseline: 1s }, { fault: 40s, recovery: 1s, name: outage }]
faults: [{ link: cloud->cloud-api, kind: egress-block, how: refuse }]
checks: [survives]
${rules}
`;

async function runEarly(rules: string) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "s.yaml"), scenario(rules));
  const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
  const ended = await running.ended;
  if (canSeeProcesses) await nothingIsLeft(running);
  const run = await onlyRun(folder.path);
  const [verdicts, page, junit] = await Promise.all(
    ["verdicts.json", "report.html", "junit.xml"].map((name) => readFile(join(run, name), "utf8")),
  );
  const again = await squall(["check", run]);
  return { ended, again, verdicts: JSON.parse(verdicts ?? "") as unknown, page, junit };
}

test("a trouble that holds stops the run, and nothing of it passes", async () => {
  const { ended, again, verdicts, page, junit } = await runEarly(
    'stop: [{ when: "error-rate(planner, fault) > 50%", for: 1s }]\nthresholds: ["error-rate(planner, baseline) <= 1%"]',
  );
  expect(ended.code, ended.stdout + ended.stderr).toBe(2);
  const why =
    /the run was stopped at [\d.]+s: error-rate\(planner, fault\) > 50% held for [\d.]+s, since [\d.]+s; it was [\d.]+% \(n \d+\)/;
  expect(ended.stdout.match(new RegExp(why, "g"))).toHaveLength(1);
  expect(page?.replaceAll("&gt;", ">").toLowerCase()).toMatch(why);
  expect(junit?.replaceAll("&gt;", ">")).toMatch(why);
  expect(verdicts).toMatchObject({
    verdict: "unknown",
    exitCode: 2,
    checks: [{ check: "survives", verdict: "unknown" }],
    thresholds: [{ verdict: "unknown" }],
    gaps: [{ gap: "run-stopped", says: expect.stringMatching(why) }],
  });
  expect(durationOf(verdicts)).toBeLessThan(25_000);
  expect(again).toMatchObject({ code: 2, stdout: ended.stdout });
});

test("a threshold that fails aborts the run and stays failed", async () => {
  const expression = "error-rate(planner, fault) <= 10%";
  const { ended, again, verdicts } = await runEarly(
    `thresholds: [{ expect: "${expression}", abortOnFail: true, grace: 500ms }, "p95(planner, fault) < 1s"]`,
  );
  expect(ended.code, ended.stdout + ended.stderr).toBe(1);
  expect(ended.stdout).toMatch(
    /^✗ error-rate\(planner, fault\) <= 10% {2}[\d.]+% \(n \d+\) {2}it ended the run at [\d.]+s$/m,
  );
  expect(ended.stdout).toContain(`the run was aborted at`);
  expect(verdicts).toMatchObject({
    verdict: "fail",
    exitCode: 1,
    checks: [{ check: "survives", verdict: "unknown" }],
    thresholds: [{ expression, verdict: "fail" }, { verdict: "unknown" }],
    gaps: [{ gap: "run-stopped" }],
  });
  expect(durationOf(verdicts)).toBeLessThan(25_000);
  expect(again).toMatchObject({ code: 1, stdout: ended.stdout });
});

function durationOf(verdicts: unknown): unknown {
  return typeof verdicts === "object" && verdicts !== null && "durationMs" in verdicts
    ? verdicts.durationMs
    : undefined;
}

/** Nothing is broken in a control run, so nothing may be found in one, whatever the server and however it is spoken to. */
import { expect, test } from "vitest";
import { checks } from "../../src/checks/registry.ts";
import { eachOf, rounds, temporaryFolder, verdictsFrom } from "./squall.ts";

// A patience that a busy machine does not use up: what a naive server does when it does is no fault of the checks.
const light = [
  "--set",
  "agents.planner.policy.timeout=3s",
  "--set",
  "agents.planner.arrivals={rate: 5/s, agents: 4}",
  "--set",
  "phases=[{baseline: 1500ms}, {fault: 300ms, recovery: 2500ms, name: lost-replies}, {fault: 300ms, recovery: 2500ms, name: hang-ups}, {fault: 300ms, recovery: 2500ms, name: stall}, {fault: 300ms, recovery: 2500ms, name: resets}]",
];
const overStdio = ["--set", "servers.cloud.transport=stdio", "--set", "faults[0].instead=hang"];
const kinds = ["naive", "hardened"].flatMap((server) => [
  { server, transport: "http", sets: ["--set", `servers.cloud.fixture=cloud-${server}`] },
  { server, transport: "stdio", sets: ["--set", `servers.cloud.fixture=cloud-${server}`, ...overStdio] },
]);
const contrasts = new Set<string>(checks.filter(({ nature }) => nature === "contrast").map(({ name }) => name));

test(
  "control runs of naive and hardened servers, over HTTP and stdio, find nothing",
  { timeout: 900_000 },
  async () => {
    const runs = rounds(
      Array.from({ length: 30 }, (_, n) => kinds[n % kinds.length]).filter((kind) => kind !== undefined),
      // Each server and each transport once.
      kinds.filter(({ server, transport }) => (server === "naive") === (transport === "http")),
    );
    const verdicts = await eachOf(runs, 2, async ({ server, transport, sets }) => {
      await using folder = await temporaryFolder();
      const {
        verdict,
        mode,
        checks: judged,
        gaps,
      } = await verdictsFrom(["quickstart", ...light, ...sets, "--no-faults"], folder.path);
      const found = judged.flatMap(({ check, findings }) =>
        findings.filter(({ grade }) => grade !== "info").map(({ grade, says }) => ({ check, grade, says })),
      );
      const unsure = judged.flatMap(({ check, because }) => (because === undefined ? [] : [`${check}: ${because}`]));
      return { server, transport, mode, verdict, found, unsure, gaps };
    });
    const found = verdicts.flatMap((run) => run.found);
    expect(found.filter(({ check }) => contrasts.has(check))).toEqual([]);
    for (const run of verdicts) {
      const { server, transport } = run;
      expect(run).toEqual({ server, transport, mode: "control", verdict: "pass", found: [], unsure: [], gaps: [] });
    }
  },
);

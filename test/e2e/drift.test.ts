/** A tool that changes in mid-run: what the check finds, and what agents make of it who list tools in their own ways. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { onlyRun, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

const knownAnswer = join(import.meta.dirname, "../../scenarios/known-answers/schema-drift.yaml");

async function played(text: string) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "s.yaml"), text);
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  return { ...verdicts, events };
}

test("calls that a tool refuses since it has changed are found, and a tool that stays is passed", async () => {
  for (const [sets, verdict] of [
    [[], "fail"],
    [["--set", "servers.docs.defects=[]"], "pass"],
  ] as const) {
    await using folder = await temporaryFolder();
    const { checks, ...verdicts } = await verdictsFrom(["drift", ...sets], folder.path);
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict, gaps: [] });
    expect(checks).toMatchObject([{ check: "drift", verdict, looked: 2 }]);
    if (verdict === "pass") expect(checks[0]?.findings).toEqual([]);
    else expect(checks[0]?.findings[0]?.says).toMatch(/right before: Pass requires tenant, which is new$/);
  }
});

test("who listed once fails until the end, who lists again does not, and the price of both is told", async () => {
  await using folder = await temporaryFolder();
  const { code, stdout, stderr } = await squall(["run", knownAnswer], { cwd: folder.path });
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/^Listed: lists-when-refused@docs: 2 tools, [\d,]+ bytes, about \d+ tokens \(bytes \/ 4\)/m);
  expect(stdout).not.toContain("Listed: never-lists");
});

test("a server that says so over stdio is listed anew before the next call", async () => {
  const { events, ...verdicts } = await played(`name: told
servers:
  docs: { fixture: relay, transport: stdio, defects: [drifting-schema], env: { DRIFT_AFTER: "20" } }
agents:
  hears:
    listens: true
    policy: { timeout: 10s, discovery: { relist: [list-changed] } }
    arrivals: { count: 2, iterations: 40, thinkTime: 20ms }
    chain: [{ call: docs.Pass, args: { walk: w, ticket: "\${op.id}" }, knows: { tenant: acme } }]
phases: [{ baseline: 6s }]
checks: [drift]
thresholds: ["error-rate(hears) <= 0%"]
`);
  expect(verdicts.thresholds, JSON.stringify(verdicts)).toMatchObject([{ verdict: "pass" }]);
  const why = events.flatMap((event) => (event.type === "discovered" ? [event.why] : []));
  expect(why.toSorted()).toEqual(["list-changed", "list-changed", "up-front", "up-front"]);
});

test("agents who list while a fault has the list changed are told of, and those who list again recover", async () => {
  const { checks, ...verdicts } = await played(
    `name: stale
servers: { docs: { fixture: relay } }
agents:
  steady:
    policy: { timeout: 10s }
    arrivals: { rate: 10/s, agents: 1 }
    chain: [{ call: docs.Pass, args: { walk: w, ticket: "\${op.id}" } }]
  once:
    policy: { timeout: 10s, discovery: { when: first-use } }
    arrivals: { rate: 10/s, agents: 1, start: 3s }
    chain: &listed [{ call: docs.Pass, alsoNamed: [Pass_v2], args: { walk: w, ticket: "\${op.id}" } }]
  again:
    policy: { timeout: 10s, discovery: { when: first-use, relist: [refused] } }
    arrivals: { rate: 10/s, agents: 1, start: 3s }
    chain: *listed
phases: [{ baseline: 2s }, { fault: 4s, recovery: 8s, name: gateway }]
faults: [{ link: agents->docs, kind: schema-drift, change: tool-renamed, of: Pass }]
checks: [drift]
`,
  );
  const [drift] = checks;
  expect(drift, JSON.stringify(verdicts)).toMatchObject({ check: "drift" });
  const blamed = drift?.findings.map(({ blames, says }) => `${blames}: ${says.replace(/^\d+/, "N")}`);
  expect(blamed?.[0]).toBe(
    "agents: N calls of once failed after the trouble was over: they go by a list of docs from within it, and list no more",
  );
  // Until it tries once more, at most 32 refusals later.
  const counts = drift?.findings.map(({ says }) => Number(/^\d+/.exec(says)?.[0])) ?? [];
  expect(counts[0]).toBeGreaterThan(2 * (counts[1] ?? 0));
});

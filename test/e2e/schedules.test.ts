/** Faults that grow and faults that wait, in whole runs: over HTTP with agents in threads, and over stdio. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { EventOf, EventType, HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { canSeeProcesses, nothingIsLeft, onlyRun, startSquall, temporaryFolder } from "./squall.ts";

async function runOf(scenario: string, ...args: readonly string[]) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "s.yaml"), scenario);
  const running = startSquall(["run", "s.yaml", ...args], { cwd: folder.path });
  const ended = await running.ended;
  if (canSeeProcesses) await nothingIsLeft(running);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  const of = <T extends EventType>(type: T): EventOf<T>[] =>
    events.filter((event): event is EventOf<T> => event.type === type);
  return { ended, events, of };
}

const http = `name: schedules
upstreams: { cloud-api: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud-hardened, upstreams: { CLOUD_API_URL: cloud-api } } }
agents:
  planner:
    policy: { kind: retry, attempts: 3, delay: 50ms, timeout: 2s }
    arrivals: { rate: 20/s, agents: 4 }
    chain:
      - { call: cloud.FetchResources, save: { resource: "$.resources[0].id" } }
      - call: cloud.CreateLimitRequest
        args: { resource: "\${resource}", limit: 200, requestId: "\${op.id}" }
        effect: limit-request
effects: { limit-request: { ledger: cloud-api } }
phases:
  - { baseline: 2s }
  - { fault: 4s, recovery: 2s, name: creep }
faults:
  - { link: agents->cloud, kind: latency, delay: 30ms, ramp: { delay: { to: 90ms, by: 30ms, every: 1s } } }
  - { link: agents->cloud, kind: lost-answer, when: { step: planner@cloud.CreateLimitRequest, is: in-flight }, for: 1s }
  - { link: [cloud->cloud-api, agents->cloud], kind: latency, delay: 200ms, when: { first: limit-request }, for: 600ms }
checks: [duplicate-effects]
`;

test("faults grow, wait for what happens, and break several links at once", async () => {
  const { ended, events, of } = await runOf(http, "--workers", "2");
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);

  const steps = of("fault-step").map(({ step, edge, attributes }) => `${edge} ${step} ${JSON.stringify(attributes)}`);
  expect(steps.filter((step) => step.startsWith("made"))).toEqual([
    'made 1 {"delay":"60ms"}',
    'made 2 {"delay":"90ms"}',
  ]);
  expect(steps).toContain('observed 2 {"delay":"90ms"}');

  const met = of("fault-condition");
  expect(met.map(({ fault, is, says }) => `${fault} ${is}: ${says}`).toSorted()).toEqual([
    "creep.1 met: a call of planner@cloud.CreateLimitRequest is in flight",
    "creep.2@cloud->cloud-api met: the first limit-request is committed",
    "creep.2@planner@cloud met: the first limit-request is committed",
  ]);
  const edges = of("fault");
  for (const { fault, atUs } of met) {
    const [requested, healed] = ["requested", "healed"].map((edge) =>
      edges.find((event) => event.fault === fault && event.edge === edge),
    );
    expect(requested?.atUs).toBeGreaterThanOrEqual(atUs);
    expect(healed?.atUs).toBeGreaterThan(requested?.atUs ?? 0);
  }
  // What was committed in the baseline does not count.
  const start = of("phase").find(({ phase, edge }) => phase === "creep" && edge === "start");
  const commit = met.find(({ fault }) => fault.startsWith("creep.2"));
  const since = of("effect").find(({ committedUs }) => committedUs[0] >= (start?.atUs ?? 0));
  expect(events.indexOf(commit!)).toBeGreaterThan(events.indexOf(since!));
});

const stdio = `name: schedules-over-stdio
upstreams: { cloud-api: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud-hardened, transport: stdio, upstreams: { CLOUD_API_URL: cloud-api } } }
agents:
  planner:
    policy: { kind: retry, attempts: 3, delay: 50ms, timeout: 1s }
    arrivals: { count: 2, thinkTime: 50ms }
    chain: [{ call: cloud.FetchResources }]
phases:
  - { baseline: 1s }
  - { fault: 2s, recovery: 1s, name: outage }
faults:
  - { link: cloud->cloud-api, kind: egress-block, when: { calls: 5, of: cloud.FetchResources }, for: 300ms }
  - { link: cloud->cloud-api, kind: egress-block, when: { calls: 100000, of: cloud.FetchResources }, for: 300ms }
checks: [silent-empty]
`;

test("over stdio calls are seen too; and a condition that never comes leaves the run inconclusive", async () => {
  const { ended, of } = await runOf(stdio);
  expect(ended.code, ended.stdout + ended.stderr).toBe(2);
  expect(ended.stdout).toContain(
    "egress-block on cloud->cloud-api (outage.1) was never injected, as its condition never came: cloud.FetchResources has had 100000 calls",
  );
  expect(of("fault-condition").map(({ fault, is }) => `${fault} ${is}`)).toEqual(["outage.0 met", "outage.1 expired"]);
  expect(new Set(of("fault").map(({ fault, edge }) => `${fault} ${edge}`))).toEqual(
    new Set(["outage.0 requested", "outage.0 observed", "outage.0 healed"]),
  );
});

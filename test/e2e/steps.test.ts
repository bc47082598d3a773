/** Steps beyond tools, in whole runs: what the taps saw of them, and what the history says. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { onlyRun, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

async function played(text: string) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "s.yaml"), text);
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  return { verdicts, events };
}

test.each(["http", "stdio"])("resources, prompts and lists are asked for and told over %s", async (transport) => {
  const { verdicts, events } = await played(`name: kinds
servers: { relay: { fixture: relay, transport: ${transport} } }
agents:
  reader:
    policy: { kind: none, timeout: 10s }
    arrivals: { count: 2, iterations: 15 }
    chain:
      - { read: relay, uri: "relay://rules", save: { first: "$.first" } }
      - { read: relay, uri: "relay://legs/\${first}", save: { leg: "$.contents[0].text" } }
      - { prompt: relay.handover, args: { walk: "\${leg}" } }
      - { list: relay }
      - { list: relay, what: resource-templates }
      - { call: relay.Pass, args: { walk: "\${leg}", ticket: "\${op.id}" } }
phases: [{ baseline: 3s }]
checks: [survives]
thresholds: ["error-rate(relay.resources/read) < 1%", "p50(relay.tools/list) < 10s", "p50(relay.prompts/get:handover) < 10s"]
`);
  expect(verdicts.thresholds, JSON.stringify(verdicts)).toMatchObject([
    { verdict: "pass" },
    { verdict: "pass" },
    { verdict: "pass" },
  ]);
  const ended = events.filter((event) => event.type === "op-ended");
  expect(new Set(ended.map(({ outcome }) => outcome))).toEqual(new Set(["ok"]));
  const started = events.filter((event) => event.type === "op-started");
  const kinds = new Set(started.map(({ kind = "call", tool, argsShape }) => `${kind} ${tool} ${argsShape}`));
  expect(kinds).toEqual(
    new Set([
      "read resources/read uri=relay://rules",
      "read resources/read uri=relay://legs/${first}",
      "prompt prompts/get:handover walk:string",
      "list tools/list ",
      "list resources/templates/list ",
      "call Pass ticket:string,walk:string",
    ]),
  );
  // The taps call each request as its op is called.
  const tools = new Map(started.map(({ op, tool }) => [op, tool]));
  const exchanges = events.flatMap((event) => (event.type === "exchange" && event.ops.length > 0 ? [event] : []));
  expect(exchanges.length).toBeGreaterThanOrEqual(started.length);
  for (const { ops, tool } of exchanges) expect(tool).toBe(tools.get(ops[0] ?? ""));
  const listed = events.filter((event) => event.type === "listed");
  expect(new Set(listed.map(({ method, count }) => `${method} ${count}`))).toEqual(
    new Set(["tools/list 2", "resources/templates/list 1"]),
  );
});

test("schema-drift bites in a list step, is seen, and is gone when it is healed", async () => {
  const { verdicts, events } = await played(`name: drift
servers: { relay: { fixture: relay } }
agents:
  reader:
    policy: { kind: none, timeout: 10s }
    arrivals: { rate: 20/s, agents: 1 }
    chain: [{ list: relay }, { call: relay.Pass, args: { walk: w, ticket: "\${op.id}" } }]
phases: [{ baseline: 2s }, { fault: 2s, recovery: 2s, name: deployed }]
faults: [{ link: agents->relay, kind: schema-drift, change: parameter-renamed, of: Pass }]
checks: [survives]
`);
  expect(verdicts.gaps, JSON.stringify(verdicts)).toEqual([]);
  const edges = events.flatMap((event) => (event.type === "fault" ? [event.edge] : []));
  expect(edges).toEqual(["requested", "observed", "healed"]);
  // With more than one thread each tells what it saw; one agent is in one of them.
  const [before, during, after] = events.filter((event) => event.type === "listed");
  expect(during?.entries[0]?.parts["inputSchema"]).not.toBe(before?.entries[0]?.parts["inputSchema"]);
  expect(during?.entries[0]?.parts["description"]).toBe(before?.entries[0]?.parts["description"]);
  expect(after?.digest).toBe(before?.digest);
  expect(verdicts.checks).toMatchObject([{ check: "survives", verdict: "pass" }]);
});

test("steps at once, and turns with pauses between, are ops with numbers of their own", async () => {
  const { verdicts, events } = await played(`name: courses
servers: { one: { fixture: relay }, two: { fixture: relay } }
agents:
  runner:
    policy: { kind: none, timeout: 10s }
    arrivals: { count: 2, iterations: 3 }
    budget: 20s
    turns: 2
    pause: 100ms
    chain:
      - parallel:
          - { call: one.Pass, args: { walk: "w\${walk}", ticket: "\${op.id}" }, save: { token: "$.token" } }
          - { list: two }
      - { pause: 50ms }
      - { call: two.Pass, args: { walk: "w\${walk}", ticket: "\${op.id}", token: "\${token}" } }
phases: [{ baseline: 4s }]
checks: [survives]
`);
  const started = events.filter((event) => event.type === "op-started");
  const ended = events.filter((event) => event.type === "op-ended");
  expect(new Set(ended.map(({ outcome }) => outcome)), JSON.stringify(verdicts)).toEqual(new Set(["ok"]));
  expect(started).toHaveLength(2 * 3 * 6);
  const walk = started.filter((op) => op.agent === 0 && op.walk === 0).toSorted((a, b) => a.step - b.step);
  expect(walk.map(({ step, server, tool }) => `${step} ${server}.${tool}`)).toEqual([
    "0 one.Pass",
    "1 two.tools/list",
    "2 two.Pass",
    "3 one.Pass",
    "4 two.tools/list",
    "5 two.Pass",
  ]);
  const endOf = new Map(ended.map(({ op, atUs }) => [op, atUs]));
  const endedUs = walk.map(({ op }) => endOf.get(op) ?? 0);
  expect(walk[1]?.intendedUs).toBe(walk[0]?.intendedUs);
  expect(walk[2]?.intendedUs).toBeGreaterThanOrEqual(Math.max(endedUs[0] ?? 0, endedUs[1] ?? 0) + 50_000 - 2000);
  expect(walk[3]?.intendedUs).toBeGreaterThanOrEqual((endedUs[2] ?? 0) + 100_000 - 2000);
  // Both turns are one session with each server.
  const opened = events.filter((event) => event.type === "session" && event.edge === "opened");
  expect(opened).toHaveLength(4);
});

test("what stands in for a step is told, counted once, and no full success", async () => {
  await using folder = await temporaryFolder();
  const text = `name: stand-ins
upstreams: { api: { fixture: cloud-api }, spare: { fixture: cloud-api } }
servers:
  cloud: { fixture: cloud-hardened, upstreams: { CLOUD_API_URL: api } }
  backup: { fixture: cloud-hardened, upstreams: { CLOUD_API_URL: spare } }
agents:
  planner:
    policy: { kind: none, timeout: 5s }
    arrivals: { rate: 20/s, agents: 2 }
    chain:
      - { call: cloud.FetchResources, save: { resource: "$.resources[0].id" }, otherwise: { call: backup.FetchResources } }
      - call: cloud.FetchServices
        args: { resource: "\${resource}" }
        save: { service: "$.services[0].id" }
        otherwise: { cached: true }
      - { call: backup.FetchUsageLimits, args: { resource: "\${resource}", service: "\${service}" } }
phases: [{ baseline: 3s }, { fault: 3s, recovery: 2s, name: outage }]
faults: [{ link: cloud->api, kind: egress-block, how: refuse }]
checks: [silent-empty]
thresholds:
  - "error-rate(planner, outage) < 10%"
  - "error-rate(backup, outage) <= 1%"
`;
  await writeFile(join(folder.path, "s.yaml"), text);
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  const run = await onlyRun(folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(run, "history"))) events.push(event);
  expect(verdicts.thresholds, JSON.stringify(verdicts)).toMatchObject([{ verdict: "fail" }, { verdict: "pass" }]);
  // A third of the work was as it should be, though every walk came to its end.
  expect(verdicts.thresholds[0]?.value).toBeGreaterThan(40);
  expect(verdicts.thresholds[0]?.value).toBeLessThan(75);
  const degraded = Map.groupBy(
    events.filter((event) => event.type === "op-ended"),
    (event) => event.degraded,
  );
  expect(degraded.get("step")?.length).toBeGreaterThan(10);
  expect(degraded.get("cached")?.length).toBeGreaterThan(10);
  const standIns = events.filter((event) => event.type === "op-started" && event.insteadOf === 0);
  expect(standIns).toHaveLength(degraded.get("step")?.length ?? 0);
  const last = events.flatMap((event) => (event.type === "op-started" && event.step === 3 ? [event.op] : []));
  const ok = new Set(
    events.flatMap((event) => (event.type === "op-ended" && event.outcome === "ok" ? [event.op] : [])),
  );
  expect(last.filter((op) => !ok.has(op))).toEqual([]);
  const { stdout } = await squall(["report", run, "--reporter", "terminal"], { cwd: folder.path });
  expect(stdout).toMatch(/Degraded: \d+ ops were not ok and their agents went on with something else/);
});

describe("forty calls over six servers in one session with each", () => {
  const brief = ["--set", "phases=[{baseline: 3s}]"];

  test("are found to bleed where one server mixes sessions up", async () => {
    await using folder = await temporaryFolder();
    const { checks } = await verdictsFrom(["forty-by-six", ...brief], folder.path);
    expect(checks, JSON.stringify(checks)).toMatchObject([
      { check: "bleed", verdict: "fail", findings: [{ grade: "violation", blames: "server" }] },
    ]);
    expect(checks[0]?.findings[0]?.says).toMatch(/^\d+ answers? of four\.Pass held what belongs to another call/);
    expect(checks[0]?.findings).toHaveLength(1);
  });

  test.each([
    ["one session, also with the defect", ["--agents", "1"]],
    ["many sessions with honest servers", ["--agents", "24", "--set", "servers.four.defects=[]"]],
  ])("pass in %s", async (_, args) => {
    await using folder = await temporaryFolder();
    const { verdict, checks, gaps } = await verdictsFrom(["forty-by-six", ...brief, ...args], folder.path);
    expect({ verdict, gaps }, JSON.stringify(checks)).toEqual({ verdict: "pass", gaps: [] });
    expect(checks[0]?.strength).toMatch(/^0 of \d+ answers to \d+ agents? held what was not its own$/);
  });
});

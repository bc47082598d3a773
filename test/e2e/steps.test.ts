/** Steps beyond tools, in whole runs: what the taps saw of them, and what the history says. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { onlyRun, temporaryFolder, verdictsFrom } from "./squall.ts";

async function played(text: string) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "s.yaml"), text);
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  return { verdicts, events };
}

test.each(["http", "stdio"])(
  "resources, prompts and lists are asked for and told over %s",
  { timeout: 60_000 },
  async (transport) => {
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
      new Set(["tools/list 1", "resources/templates/list 1"]),
    );
  },
);

test("schema-drift bites in a list step, is seen, and is gone when it is healed", { timeout: 60_000 }, async () => {
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

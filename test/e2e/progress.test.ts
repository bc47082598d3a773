/** Progress and changed lists in whole runs, on both wires, over each way and revision. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { onlyRun, temporaryFolder, verdictsFrom } from "./squall.ts";

async function played(scenario: object, files: Readonly<Record<string, string>> = {}) {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  await writeFile(join(folder.path, "s.yaml"), JSON.stringify(scenario));
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  return { ...verdicts, events };
}

const patient = { kind: "none", timeout: "20s" };
const haul = (server: string) => ({ call: `${server}.Haul`, args: { legs: 6, legMs: 20 } });

function relay(
  transport: "http" | "stdio",
  more: { readonly protocol?: string; readonly defects?: readonly string[] },
) {
  return { fixture: "relay", transport, env: { ANSWERS: "sse" }, ...more };
}

function toldIn(events: readonly HistoryEvent[]) {
  const ops = new Map(events.flatMap((event) => (event.type === "op-started" ? [[event.op, event] as const] : [])));
  return events.flatMap((event) => {
    if (event.type !== "attempt" || event.progress === undefined) return [];
    const { group = "", server = "" } = ops.get(event.op) ?? {};
    return [{ way: `${group} ${server}`, ...event.progress }];
  });
}

test("on both wires, over HTTP and stdio, in both eras, an honest server tells how far it is and passes", async () => {
  const servers = {
    http25: relay("http", { protocol: "2025-11-25" }),
    http26: relay("http", { protocol: "2026-07-28" }),
    stdio25: relay("stdio", { protocol: "2025-11-25" }),
    stdio26: relay("stdio", { protocol: "2026-07-28" }),
  };
  const names = Object.keys(servers);
  const chain = [...names.map(haul), { call: "http25.Haul", args: { legs: 2 }, progress: false }];
  const carrier = { policy: patient, progress: true, arrivals: { count: 1, iterations: 2 }, chain };
  const { checks, events } = await played({
    name: "hauling",
    servers,
    agents: { lean: { wire: "lean", ...carrier }, sdk: { wire: "sdk", ...carrier } },
    phases: [{ baseline: "5s" }],
    checks: ["progress"],
  });
  expect(checks, JSON.stringify(checks)).toMatchObject([{ verdict: "pass", findings: [] }]);
  const told = toldIn(events);
  expect(told.map(({ count }) => count)).toEqual(told.map(() => 6));
  expect(checks[0]?.looked).toBe(told.length);
  const ways = ["lean", "sdk"].flatMap((wire) => names.map((name) => `${wire} ${name}`));
  expect(new Set(told.map(({ way }) => way))).toEqual(new Set(ways));
  for (const { firstUs = 0, lastUs = 0 } of told) expect(lastUs).toBeGreaterThan(firstUs);
});

test("a server that does it wrong fails, as surely as its wire can tell", async () => {
  const falls = ["progress-falls-back"];
  const late = ["progress-after-answer"];
  const carrier = { policy: patient, progress: true, listens: true, arrivals: { count: 1, iterations: 2 } };
  const { checks } = await played({
    name: "hauling-badly",
    servers: {
      falls: relay("http", { defects: falls }),
      fallsUnseen: relay("http", { defects: falls, protocol: "2025-11-25" }),
      fallsInPipe: relay("stdio", { defects: falls }),
      late: relay("http", { defects: late, protocol: "2025-11-25" }),
      lateInPipe: relay("stdio", { defects: late }),
      lateInPipeToo: relay("stdio", { defects: late }),
      others: relay("http", { defects: ["progress-to-others"] }),
    },
    agents: {
      lean: { ...carrier, wire: "lean", chain: ["falls", "late", "lateInPipe"].map(haul) },
      sdk: { ...carrier, wire: "sdk", chain: ["fallsUnseen", "fallsInPipe", "lateInPipeToo"].map(haul) },
      crowd: { ...carrier, arrivals: { count: 3, iterations: 4 }, chain: [haul("others")] },
    },
    phases: [{ baseline: "6s" }],
    checks: ["progress"],
  });
  expect(checks, JSON.stringify(checks)).toMatchObject([{ verdict: "fail" }]);
  const found = (checks[0]?.findings ?? []).map(({ grade, blames, says }) => {
    expect(blames).toBe("server");
    return `${grade}: ${says.replace(/(?:1 call|\d+ calls) of \d+|\d+ progress notifications?/, "N").replace(/, (?:once|\d+ times).*|: .*/, "")}`;
  });
  expect(found.toSorted()).toEqual([
    "violation: falls.Haul told N a progress that did not go up",
    "violation: fallsInPipe.Haul told N a progress that did not go up",
    "violation: lateInPipe told N of calls that it had answered already",
    "violation: lateInPipeToo told N of calls that it had answered already",
    "violation: others told N to an agent that had not made the call",
    "weakness: fallsUnseen.Haul told N a progress that did not go up",
    "weakness: late told N of calls that it had answered already",
  ]);
});

test.each(["lean", "sdk"] as const)(
  "on the %s wire, progress for ever ends at the maximum, and progress keeps a slow call alive",
  async (wire) => {
    const { events } = await played({
      name: "for-ever",
      servers: { relay: { fixture: "relay", env: { ANSWERS: "sse" } } },
      agents: {
        carrier: {
          wire,
          policy: { kind: "none", timeout: "1s", resetOnProgress: "4s" },
          arrivals: { count: 1, iterations: 1 },
          chain: [
            { call: "relay.Haul", args: { legs: 8, legMs: 250 } },
            { call: "relay.Haul", args: { legs: 100_000, legMs: 50 } },
            { call: "relay.Haul", args: { legs: 8, legMs: 250 }, progress: false },
          ],
        },
      },
      phases: [{ baseline: "10s" }],
      checks: ["survives", "progress"],
    });
    const attempts = events.flatMap((event) => (event.type === "attempt" ? [event] : []));
    expect(attempts.map((attempt) => attempt.class)).toEqual(["ok", "timeout", "timeout"]);
    const [kept, ended] = attempts;
    expect(kept?.progress?.count).toBe(8);
    const tookMs = ((ended?.atUs ?? 0) - (ended?.startedUs ?? 0)) / 1000;
    expect(tookMs).toBeGreaterThan(3500);
  },
);

test("lists that change are told in the history, and among the moments of the run", async () => {
  const server = `
import { McpServer } from ${JSON.stringify(import.meta.resolve("@modelcontextprotocol/sdk/server/mcp.js"))};
import { StdioServerTransport } from ${JSON.stringify(import.meta.resolve("@modelcontextprotocol/sdk/server/stdio.js"))};
const server = new McpServer({ name: "growing", version: "1" });
let grown = 0;
server.registerTool("Grow", {}, () => {
  grown += 1;
  server.registerTool("Grown" + grown, {}, () => ({ content: [] }));
  return { content: [{ type: "text", text: String(grown) }] };
});
await server.connect(new StdioServerTransport());`;
  const { events, notCovered } = await played(
    {
      name: "growing",
      servers: { growing: { command: [process.execPath, "server.mjs"], transport: "stdio" } },
      agents: {
        caller: { listens: true, arrivals: { count: 1, iterations: 2 }, chain: [{ call: "growing.Grow" }] },
      },
      phases: [{ baseline: "3s" }],
      checks: ["survives"],
    },
    { "server.mjs": server },
  );
  expect(notCovered.filter(({ check }) => check.startsWith("changed lists"))).toEqual([]);
  const changed = events.filter((event) => event.type === "list-changed");
  expect(changed).toMatchObject([{ group: "caller", agent: 0, server: "growing", list: "tools", count: 1 }, {}]);
  const opened = events.filter((event) => event.type === "session" && event.edge === "opened");
  expect(opened).toMatchObject([{ listens: true }]);
});

/** Faults that single out requests and answers, in whole runs: what the world saw of them, and what is said of it. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { EventOf, HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { brief, hardened, onlyRun, temporaryFolder, verdictsFrom } from "./squall.ts";

async function historyIn(folder: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder), "history"))) events.push(event);
  return events;
}

const exchangesIn = (events: readonly HistoryEvent[]): EventOf<"exchange">[] =>
  events.filter((event) => event.type === "exchange");

describe.each([
  ["HTTP", []],
  [
    "stdio",
    ["servers.cloud.transport=stdio", "agents.planner.arrivals.agents=3", "faults[0].instead=hang"].flatMap((set) => [
      "--set",
      set,
    ]),
  ],
] as const)("an answer that is lost and a call that is made again, over %s", (_, sets) => {
  const args = ["duplicate-effects", ...brief["duplicate-effects"], ...sets];

  test("make the duplicates that the ledger shows, neither more nor less", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const { checks } = await verdictsFrom(args, folder.path);
    const events = await historyIn(folder.path);
    const lost = exchangesIn(events).flatMap(({ ended, ops }) => (ended === "eaten" ? ops : []));
    const rows = events.flatMap((event) => (event.type === "effect" && event.op !== undefined ? [event.op] : []));
    const doubled = [...Map.groupBy(rows, (op) => op)].flatMap(([op, { length }]) => (length > 1 ? [op] : []));
    expect(lost).toHaveLength(6);
    expect(new Set(doubled)).toEqual(new Set(lost));
    // One for each call that the server got, whether its answer came or was lost.
    const calls = exchangesIn(events).filter(({ tool, ops: [op = ""] }) => tool !== undefined && doubled.includes(op));
    expect(rows.filter((op) => doubled.includes(op))).toHaveLength(calls.length);
    const finding = checks.find(({ check }) => check === "duplicate-effects")?.findings[0];
    expect(finding?.says).toMatch(new RegExp(`^${doubled.length} of \\d+ cloud\\.CreateLimitRequest ops had more`));
  });

  test("make none where the server passes on a key", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const { verdict } = await verdictsFrom([...args, ...hardened], folder.path);
    const events = await historyIn(folder.path);
    expect(exchangesIn(events).filter(({ ended }) => ended === "eaten")).toHaveLength(6);
    const rows = events.flatMap((event) => (event.type === "effect" ? [event.op] : []));
    expect(new Set(rows).size).toBe(rows.length);
    expect(verdict).toBe("pass");
  });
});

test(
  "faults of many kinds on both sides of an honest server are seen, healed, and held against nobody",
  {
    timeout: 60_000,
  },
  async () => {
    await using folder = await temporaryFolder();
    const scenario = fileURLToPath(new URL("protocol-faults.yaml", import.meta.url));
    const verdicts = await verdictsFrom([scenario], folder.path);
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
    const events = await historyIn(folder.path);
    const edges = events.filter((event) => event.type === "fault");
    for (const [fault, of] of Map.groupBy(edges, (edge) => edge.fault)) {
      expect(
        of.map(({ edge }) => edge),
        fault,
      ).toEqual(["requested", "observed", "healed"]);
    }
    const exchanges = exchangesIn(events);
    const meddled = exchanges.flatMap((exchange) => exchange.meddled ?? []);
    const count = (did: string): number => meddled.filter((one) => one.did === did).length;
    expect({ lost: count("lose-request"), twice: count("deliver-twice"), late: count("delay-answer") }).toEqual({
      lost: 3,
      twice: 6,
      late: 5,
    });
    // Requests in are answers, eaten, lost, and what nobody can tell.
    const came = ["answered", "eaten", "lost"].map((how) => exchanges.filter(({ ended }) => ended === how).length);
    const rest = exchanges.filter(({ ended }) => !["answered", "eaten", "lost"].includes(ended));
    expect(came.reduce((sum, one) => sum + one, rest.length)).toBe(exchanges.length);
    expect(came[2]).toBe(3);
  },
);

/** Faults that single out requests and answers, in whole runs: what the world saw of them, and what is said of it. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { EventOf, HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { brief, hardened, onlyRun, rounds, temporaryFolder, verdictsFrom } from "./squall.ts";

async function historyIn(folder: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder), "history"))) events.push(event);
  return events;
}

const exchangesIn = (events: readonly HistoryEvent[]): EventOf<"exchange">[] =>
  events.filter((event) => event.type === "exchange");

const transports = [
  ["HTTP", []],
  [
    "stdio",
    ["servers.cloud.transport=stdio", "agents.planner.arrivals.agents=3", "faults[0].instead=hang"].flatMap((set) => [
      "--set",
      set,
    ]),
  ],
] as const;
// Over HTTP the built-in scenario shows as much, but for the accounts.
const tried = rounds<readonly (typeof transports)[number][]>(transports, transports.slice(1));

async function played(args: readonly string[]) {
  await using folder = await temporaryFolder();
  const verdicts = await verdictsFrom(args, folder.path);
  return { ...verdicts, events: await historyIn(folder.path) };
}

describe.each(tried)("an answer that is lost and a call that is made again, over %s", (_, sets) => {
  const args = ["duplicate-effects", ...brief["duplicate-effects"], ...sets];

  test("make the duplicates that the ledger shows, neither more nor less", async () => {
    const { checks, events } = await played(args);
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

  test("make none where the server passes on a key", async () => {
    const { verdict, gaps, checks, events } = await played([...args, ...hardened]);
    expect(exchangesIn(events).filter(({ ended }) => ended === "eaten")).toHaveLength(6);
    const rows = events.flatMap((event) => (event.type === "effect" ? [event.op] : []));
    expect(new Set(rows).size).toBe(rows.length);
    expect(verdict, JSON.stringify({ gaps, checks })).toBe("pass");
  });
});

test.each([
  ["protocol-http.yaml", { "lose-request": 3, "deliver-twice": 6, "delay-answer": 5 }],
  ["protocol-pipes.yaml", { "lose-answer": 1, "deliver-twice": 2, "cross-answers": 2 }],
])(
  "faults of many kinds around an honest server are seen, healed, and held against nobody: %s",
  async (file, expected) => {
    const { events, ...verdicts } = await played([fileURLToPath(new URL(file, import.meta.url))]);
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
    const edges = events.filter((event) => event.type === "fault");
    for (const [fault, of] of Map.groupBy(edges, (edge) => edge.fault)) {
      const seen = of.map(({ edge }) => edge);
      expect(seen, fault).toEqual(["requested", "observed", "healed"]);
    }
    const exchanges = exchangesIn(events);
    const meddled = exchanges.flatMap((exchange) => exchange.meddled ?? []);
    for (const [did, count] of Object.entries(expected)) {
      expect(meddled.filter((one) => one.did === did).length, did).toBe(count);
    }
    // Whose call was answered for it has never got it, and what was lost has no answer.
    for (const { ended, meddled: by, status } of exchanges) {
      if (by?.did === "answer-request") expect(by.delivered).toBe(0);
      if (ended === "lost") expect([by?.delivered, status]).toEqual([0, undefined]);
      if (by?.did === "deliver-twice") expect(by.delivered).toBe(2);
    }
  },
);

describe("an answer of the upstream that a fault made", () => {
  const silentEmpty = async (fault: string, sets: readonly string[]) => {
    const faults = `faults=[{ link: cloud->cloud-api, during: outage, path: /services, ${fault} }]`;
    const args = [
      "silent-empty",
      ...brief["silent-empty"].slice(0, 2),
      "--set",
      faults,
      "--set",
      "checks=[silent-empty]",
    ];
    const { checks } = await played([...args, ...sets]);
    return checks[0];
  };

  test.each(
    rounds(
      ["kind: malformed-answer, form: html", "kind: http-status, status: 401"],
      ["kind: http-status, status: 401"],
    ),
  )("is swallowed or told of: %s", async (fault) => {
    expect(await silentEmpty(fault, [])).toMatchObject({ verdict: "fail", findings: [{ blames: "server" }] });
    expect(await silentEmpty(fault, hardened)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("and that says there is nothing is nobody's but the harness's", async () => {
    const result = await silentEmpty("kind: empty-result, form: object", []);
    expect(result).toMatchObject({ verdict: "unknown", findings: [{ grade: "info", blames: "harness" }] });
  });
});

/** Whole runs whose agents speak through the SDK: the same defects are found, and what happened is told in our words. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { assembleRecords, type OpRecord } from "../../src/history/records.ts";
import { readHistory } from "../../src/history/segments.ts";
import type { Verdicts } from "../../src/reporters/verdicts.ts";
import { brief, isFull, onlyRun, rounds, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

const throughAnySdk = ["--set", "agents.planner.wire=sdk"];
/** The first version, which speaks no later revision. */
const throughSdk = [...throughAnySdk, "--set", "servers.cloud.protocol=2025-11-25"];
const hardened = ["--set", "servers.cloud.fixture=cloud-hardened"];

async function historyIn(folder: string) {
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder), "history"))) events.push(event);
  const started = events.find((event) => event.type === "run-started");
  if (started === undefined) throw new Error("no run-started");
  const assembler = assembleRecords(started.declared);
  const records = [...events.flatMap((event) => assembler.push(event)), ...assembler.flush()];
  const attempts = events.filter((event) => event.type === "attempt");
  return {
    declared: started.declared,
    attempts,
    classes: [...new Set(attempts.map((attempt) => attempt.class))].sort(),
    ops: records.filter((record) => record.type === "op"),
    exchanges: events.filter((event) => event.type === "exchange"),
  };
}

/** On its agent's link: one request for each attempt, and each names its op and attempt. */
function expectJoined(ops: readonly OpRecord[]): void {
  const asked = ops.filter(({ attempts }) => attempts.length > 0);
  expect(asked.length).toBeGreaterThan(20);
  for (const { attempts, exchanges } of asked) {
    const own = exchanges.filter(({ link }) => link === "planner@cloud");
    expect(own.map(({ attempt, joinedBy }) => ({ attempt, joinedBy }))).toEqual(
      attempts.map(({ attempt }) => ({ attempt, joinedBy: "canary" })),
    );
  }
}

test("in 2026-07-28 it is found through the second version as well", async () => {
  await using folder = await temporaryFolder();
  const modern = [...throughAnySdk, "--set", "servers.cloud.protocol=2026-07-28"];
  const { ended, ...verdicts } = await verdictsFrom(
    ["duplicate-effects", ...brief["duplicate-effects"], ...modern],
    folder.path,
  );
  expect(verdicts, ended.stderr).toMatchObject({ verdict: "fail", exitCode: 1, gaps: [] });
  expect(failedIn(verdicts)).toEqual(["duplicate-effects"]);
  const { declared, ops, exchanges } = await historyIn(folder.path);
  expect(declared.servers).toMatchObject([{ server: "cloud", protocol: "2026-07-28" }]);
  expectJoined(ops);
  // There is no stream to listen on, and no session to end.
  const own = exchanges.filter(({ link }) => link === "planner@cloud");
  expect([...new Set(own.map(({ method }) => method))]).toEqual(["POST"]);
});

test("a lost answer is tried again and found as a duplicate", async () => {
  await using folder = await temporaryFolder();
  const { ended, ...verdicts } = await verdictsFrom(
    ["duplicate-effects", ...brief["duplicate-effects"], ...throughSdk],
    folder.path,
  );
  expect(verdicts, ended.stderr).toMatchObject({ verdict: "fail", exitCode: 1, gaps: [] });
  expect(failedIn(verdicts)).toEqual(["duplicate-effects"]);

  const { declared, attempts, classes, ops, exchanges } = await historyIn(folder.path);
  expect(declared.groups).toMatchObject([{ group: "planner", wire: "sdk", onTimeout: "cancel" }]);
  // The tap closes the connection in place of the answer, and that the SDK lets through.
  expect(classes).toEqual(["closed", "ok"]);
  const eaten = exchanges.filter(({ ended }) => ended === "eaten");
  expect(attempts.filter((attempt) => attempt.class === "closed")).toHaveLength(eaten.length);
  expectJoined(ops);
  // The listening stream that only the SDK asks for.
  expect(exchanges.some(({ link, method }) => link === "planner@cloud" && method === "GET")).toBe(true);
  // The server forwards the trace that it finds in _meta.
  const behind = ops.flatMap((op) => op.exchanges.filter(({ link }) => link === "cloud->cloud-api"));
  expect(behind.length).toBeGreaterThan(20);
  expect(behind.every(({ attempt, joinedBy }) => attempt !== undefined && joinedBy === "canary")).toBe(true);
});

const wellServed = ["duplicate-effects", "silent-empty"] as const;
test.each(rounds<readonly (typeof wellServed)[number][]>(wellServed, wellServed.slice(0, 1)))(
  "on a hardened server it passes %s",
  async (name) => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name], ...throughSdk, ...hardened], folder.path);
    expect(verdicts, ended.stderr).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
    const { attempts, classes } = await historyIn(folder.path);
    expect(classes).toEqual(name === "silent-empty" ? ["ok", "tool-error"] : ["closed", "ok"]);
    expect(attempts.some((attempt) => attempt.class !== "ok")).toBe(true);
  },
);

describe.runIf(isFull)("silent-empty over the SDK's wire (left to CI: SQUALL_ROUNDS=full)", () => {
  test("empty lists in place of errors are found", async () => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom(
      ["silent-empty", ...brief["silent-empty"], ...throughSdk],
      folder.path,
    );
    expect(verdicts, ended.stderr).toMatchObject({ verdict: "fail", exitCode: 1, gaps: [] });
    expect(failedIn(verdicts)).toEqual(["silent-empty"]);
    expect((await historyIn(folder.path)).classes).toEqual(["ok"]);
  });
});

test("a way of giving up that the SDK does not have is a mistake in the scenario", async () => {
  const { code, stderr } = await squall([
    "run",
    "silent-empty",
    ...throughSdk,
    "--set",
    "agents.planner.policy.onTimeout=close",
    "--dry-run",
  ]);
  expect(code).toBe(64);
  expect(stderr).toContain('agents.planner.policy.onTimeout: "close" cannot be had with wire: sdk');
});

function failedIn({ checks }: Pick<Verdicts, "checks">): string[] {
  return checks.filter(({ verdict }) => verdict === "fail").map(({ check }) => check);
}

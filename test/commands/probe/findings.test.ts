import { expect, test } from "vitest";
import type { Asked } from "../../../src/commands/probe/asked.ts";
import { findingsIn, hasShown, heldIn, unprovenIn, untestedIn } from "../../../src/commands/probe/findings.ts";
import { verdictInWords } from "../../../src/commands/probe/words.ts";
import type { Verdicts } from "../../../src/reporters/verdicts.ts";
import { verdictsFor } from "../../verdicts-of.ts";
import { effect, honestRun } from "../../literal-history.ts";

const honest = await verdictsFor(honestRun);

type Check = Verdicts["checks"][number];
type Finding = Check["findings"][number];

const finding = (says: string, more: Partial<Finding> = {}): Finding => ({
  grade: "violation",
  blames: "server",
  says,
  why: "…",
  fix: "…",
  witness: { events: [], ops: [] },
  ...more,
});

const check = (name: string, findings: readonly Finding[]): Check => ({
  check: name,
  verdict: findings.some(({ grade }) => grade === "violation") ? "fail" : "pass",
  looked: 1,
  warnings: 0,
  findings: [...findings],
});

const saying = (...checks: readonly Check[]): Verdicts => ({
  ...honest,
  checks: [...checks],
  replay: "squall run p.yaml",
});

test("findings stand in the order of what hurts most: the grade first, then what it costs", () => {
  const found = findingsIn(
    saying(
      check("survives", [finding("it stays down"), finding("it is slow", { grade: "weakness" })]),
      check("drift", [finding("a tool has changed", { grade: "info" })]),
      check("silent-empty", [finding("it says nothing")]),
    ),
  );
  expect(found.map(({ says }) => says)).toEqual([
    "it says nothing",
    "it stays down",
    "it is slow",
    "a tool has changed",
  ]);
});

test("each has the command line that shows it again", () => {
  const [first] = findingsIn(saying(check("survives", [finding("it stays down")])));
  expect(first?.again).toBe("squall run p.yaml --set 'checks=[survives]'");
});

test("what differs only in numbers and ids is told once, and what differs in more is not", () => {
  const found = findingsIn(
    saying(
      check("silent-empty", [
        finding("55 server.A calls were empty: 5daff886.callers-1.0.109.0"),
        finding("27 server.A calls were empty: 5daff886.callers-1.1.165.0, 5daff886.callers-1.0.167.0"),
        finding("27 server.B calls were empty: 5daff886.callers-1.1.165.0"),
      ]),
    ),
  );
  expect(found.map(({ alike = 0 }) => alike)).toEqual([1, 0]);
});

test("a bound that was broken is a finding", () => {
  const thresholds: Verdicts["thresholds"] = [
    { expression: "p50(server.a, recovery) < 1s", verdict: "fail", shown: "2s", samples: 30 },
  ];
  const [first] = findingsIn({ ...honest, checks: [], thresholds });
  expect(first).toMatchObject({ of: "threshold", grade: "violation" });
  expect(first?.says).toContain("p50(server.a, recovery) < 1s was 2s (n 30)");
});

test("an honest run has no finding, and says what each check's pass is worth", () => {
  expect(findingsIn(honest).filter(({ grade }) => grade !== "info")).toEqual([]);
  expect(heldIn(honest).length).toBeGreaterThan(0);
  expect(unprovenIn(honest)).toEqual([]);
});

test("a broken run has its finding", async () => {
  const broken = await verdictsFor(honestRun, effect(20, 1130, { row: "21" }));
  expect(findingsIn(broken)[0]).toMatchObject({ grade: "violation", of: "duplicate-effects" });
});

test("a run that ended early says so once, and not of each fault that was to come", () => {
  const gaps = [
    { gap: "run-stopped", says: "it never recovers" },
    { gap: "fault-not-observed", says: "forty faults were never injected" },
  ];
  expect(unprovenIn({ ...honest, gaps }).map(({ because }) => because)).toEqual(["it never recovers"]);
  expect(unprovenIn({ ...honest, gaps: gaps.slice(1) }).map(({ what }) => what)).toEqual(["fault-not-observed"]);
});

test("a trouble counts only if each of its faults has shown", () => {
  const faults = [{ fault: "resets.1", observedUs: 5 }, { fault: "lost.2", observedUs: 5 }, { fault: "lost.3" }];
  expect(hasShown("resets", faults)).toBe(true);
  expect(hasShown("lost", faults)).toBe(false);
  expect(hasShown("late", faults)).toBe(false);
});

const running: Asked = {
  server: "server",
  transport: "http",
  isStarted: false,
  upstreams: [],
  sections: { servers: { server: { url: "http://127.0.0.1:1/mcp" } } },
  named: "http://127.0.0.1:1/mcp",
};

test("what could not be tested is told with what would make it testable", () => {
  const leftAlone = ["a", "b", "c", "d", "e", "f", "g"].map((tool) => ({
    tool,
    because: "it writes",
    hint: `--allow-tool ${tool}`,
  }));
  const told = untestedIn({ asked: running, leftAlone, leftOut: [], others: ["w"], planned: ["survives", "drift"] });
  expect(told.find(({ because }) => because === "it writes")).toMatchObject({ what: "a, b, c, d, e and 2 more" });
  expect(told.find(({ what }) => what.includes("silent-empty"))?.hint).toContain("--upstream");
  expect(told.find(({ what }) => what === "killed, paused")?.hint).toContain("-- command");
  expect(told.find(({ what }) => what.includes("duplicate-effects"))?.hint).toContain("effects");
  expect(told.find(({ what }) => what === "lost answers")?.because).toContain("w does not say");
  expect(told.every(({ hint }) => hint !== undefined)).toBe(true);
});

test("the last line never praises what was not tested", () => {
  const document = {
    schema: "squall.probe/1" as const,
    squall: "1",
    server: "s",
    transport: "http" as const,
    protocol: "2025-11-25",
    seed: 1,
    exitCode: 2,
    tools: 5,
    called: [],
    troubles: [
      { name: "a", about: "a", shown: true },
      { name: "b", about: "b", shown: false },
    ],
    durationMs: 1,
    findings: [],
    held: [],
    unproven: [],
    untested: [],
    baseline: [],
    scenario: "s",
    replay: "r",
  };
  const call = { tool: "a", args: {}, from: "", because: "", tookMs: 1 };
  expect(verdictInWords(document)).toMatch(/^Nothing was tested/);
  expect(verdictInWords({ ...document, verdict: "pass" })).toMatch(/^No tool was called/);
  expect(verdictInWords({ ...document, verdict: "unknown" })).toMatch(/^Inconclusive/);
  expect(verdictInWords({ ...document, verdict: "pass", called: [call] })).toBe(
    "It held: 1 of 5 tools through 1 trouble. What was not tested is listed above.",
  );
  expect(verdictInWords({ ...document, verdict: "fail", called: [call] })).toMatch(/^It does not hold/);
});

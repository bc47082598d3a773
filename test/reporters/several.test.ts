import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { indexPage } from "../../src/reporters/index-page.ts";
import { json } from "../../src/reporters/json.ts";
import { repeatDocument, repeatSchema } from "../../src/reporters/repeat.ts";
import type { Batch, RunResult } from "../../src/reporters/reporter.ts";
import { runsDocument, runsSchema } from "../../src/reporters/runs.ts";
import { closingOf } from "../../src/reporters/summary.ts";
import { nasty, runs } from "../verdicts-of.ts";
import { all, byClass, byId, byName, readMarkup, textOf, type Element } from "./read-markup.ts";

const notRun = [
  { scenario: "gone", replay: "squall run gone", exitCode: 75, because: "ECONNREFUSED 127.0.0.1:9", times: 2 },
];

const plain = { colour: false };

async function several(): Promise<Batch> {
  const results = [await runs.passed(), await runs.failed(), await runs.unknown(), await runs.interrupted()];
  return { results, notRun, exitCode: 130 };
}

async function repeated(): Promise<Batch> {
  const results = [await runs.passed(), await runs.failed(), await runs.passed(), await runs.interrupted()];
  return { results, notRun: [], exitCode: 130, repeat: 5 };
}

describe("the documents of several runs are contracts", () => {
  test("squall.runs/1", async () => {
    const batch = await several();
    const document = runsSchema.parse(runsDocument(batch));
    expect({ ...document, runs: document.runs.map(({ schema, exitCode }) => ({ schema, exitCode })) }).toEqual({
      schema: "squall.runs/1",
      exitCode: 130,
      runs: [0, 1, 2, 130].map((exitCode) => ({ schema: "squall.verdicts/1", exitCode })),
      notRun,
    });
  });

  test("squall.repeat/1: k of n with an interval; a run that was interrupted is listed and not counted", async () => {
    const [scenario] = repeatSchema.parse(repeatDocument(await repeated(), 5)).scenarios;
    expect(scenario).toMatchObject({ scenario: "made-up", seed: 42, mode: "faults", asked: 5, done: 3 });
    expect(scenario?.runs.map(({ exitCode }) => exitCode)).toEqual([0, 1, 0, 130]);
    expect(scenario?.verdicts).toMatchObject({ pass: { k: 2, n: 3 }, fail: { k: 1, n: 3 }, unknown: { k: 0, n: 3 } });
    const check = scenario?.checks.find((one) => one.check === "duplicate-effects");
    expect(check?.verdicts.fail).toMatchObject({ k: 1, n: 3 });
    expect(check?.verdicts.fail.low).toBeCloseTo(0.061, 3);
    expect(check?.verdicts.fail.high).toBeCloseTo(0.792, 3);
  });

  test("json renders the one or the other", async () => {
    const { several: many } = json;
    if (many?.as !== "one-document") throw new Error("expected one document");
    expect(JSON.parse(many.render(await several()))).toMatchObject({ schema: "squall.runs/1" });
    expect(JSON.parse(many.render(await repeated()))).toMatchObject({ schema: "squall.repeat/1" });
  });
});

test("several runs close with a table that says what failed and where it lies", async () => {
  expect(closingOf(await several(), plain)).toMatchInlineSnapshot(`
    "6 runs: 1 passed, 1 failed, 2 inconclusive, 2 without a verdict; exit 130

      scenario  verdict       exit  took  what failed                                                   folder
    ✓ made-up   passed        0     5s                                                                  run-1
    ✗ made-up   failed        1     5s    duplicate-effects                                             run-2
    ? made-up   inconclusive  2     5s    egress-block on cloud->cloud-api (outage.0) was injected bu…  run-3
    ? made-up   interrupted   130   5s    egress-block on cloud->cloud-api (outage.0) was injected bu…  run-4
    ? gone ×2   no verdict    75    –     ECONNREFUSED 127.0.0.1:9                                      –

    The folders, each with its report.html, are in /out
    "
  `);
});

test("repeated runs close with how often each check passed, and how many were done of how many", async () => {
  expect(closingOf(await repeated(), plain)).toMatchInlineSnapshot(`
    "REPEATED  made-up  seed 42  only 3 of 5 runs came to their end
    The seed repeats the plan; timing varies from run to run. In brackets: the 95 % interval (Wilson).

    ✗ duplicate-effects  failed 1 of 3 (6–79 %), passed 2 of 3 (21–94 %)
        for example: 1 of 11 cloud.CreateLimitRequest ops had more than one effect, as read back by sql: 0000f00d.planner.0.20.1 (ledger rows 20, 21)
    ✓ silent-empty  passed 3 of 3 (44–100 %)

    Replay of one: squall run made-up --seed 42

    4 runs: 2 passed, 1 failed, 1 inconclusive; exit 130

      scenario  verdict      exit  took  what failed                                                   folder
    ✓ made-up   passed       0     5s                                                                  run-1
    ✗ made-up   failed       1     5s    duplicate-effects                                             run-2
    ✓ made-up   passed       0     5s                                                                  run-1
    ? made-up   interrupted  130   5s    egress-block on cloud->cloud-api (outage.0) was injected bu…  run-4

    The folders, each with its report.html, are in /out
    "
  `);
});

describe("the index page", () => {
  const linkTo = ({ verdicts }: RunResult): string => `${verdicts.run}/report.html`;
  const pageOf = (batch: Batch): Element => readMarkup(indexPage(batch, linkTo));
  const rowsOf = (page: Element, table: string): string[][] =>
    byClass(page, table).flatMap((one) => byName(one, "tr").map((row) => row.children.map((cell) => textOf(cell))));
  const linksIn = (page: Element): string[] => byName(page, "a").map(({ attributes }) => attributes.get("href") ?? "");

  test("begins with the worst verdict, the exit code and how many runs came to what", async () => {
    const page = pageOf(await several());
    const [header] = byName(page, "header");
    expect(header?.attributes.get("class")).toBe("top fail");
    expect(textOf(byName(page, "h1")[0]!)).toBe("✗ FAILED 6 runs");
    const told = textOf(header!);
    expect(told).toContain("6 runs of 2 scenarios: 1 passed, 1 failed, 2 inconclusive, 2 without a verdict.");
    expect(told).toContain("! Interrupted before all runs had come to their end.");
    expect(told).toMatch(/Started 2026-01-01 00:00:00 UTC .*Exit code 130 .*Squall 0\.0\.0/);
    expect(byClass(page, "tiles").flatMap((tiles) => tiles.children.map(textOf))).toEqual([
      "✓ Passed 1 of 6 runs",
      "✗ Failed 1 of 6 runs",
      "? Inconclusive 2 of 6 runs",
      "? Without a verdict 2 of 6 runs",
    ]);
  });

  test("calls only that a pass in which every run passed", async () => {
    const [passed, unknown] = [await runs.passed(), await runs.unknown()];
    const verdictOf = (batch: Batch): string => textOf(byClass(pageOf(batch), "verdict")[0]!);
    expect(verdictOf({ results: [passed, passed], notRun: [], exitCode: 0 })).toBe("✓ PASSED");
    expect(verdictOf({ results: [passed, unknown], notRun: [], exitCode: 2 })).toBe("? INCONCLUSIVE");
    expect(verdictOf({ results: [passed], notRun, exitCode: 75 })).toBe("? INCONCLUSIVE");
    const unhealed = { ...unknown, verdicts: { ...unknown.verdicts, exitCode: 76 } };
    const page = pageOf({ results: [passed, unhealed], notRun: [], exitCode: 76 });
    expect(textOf(byClass(page, "warning")[0]!)).toContain("could not be healed");
    const control = { ...passed, verdicts: { ...passed.verdicts, mode: "control" as const } };
    expect(verdictOf({ results: [control, control], notRun: [], exitCode: 0 })).toBe("✓ CONTROL PASSED");
  });

  test("has a row for each run: its report, how each check came out, and what failed in words", async () => {
    const page = pageOf(await several());
    expect(linksIn(page)).toEqual([
      "#main",
      "run-1/report.html",
      "run-2/report.html",
      "run-2/report.html#finding-1",
      "run-3/report.html",
      "run-4/report.html",
    ]);
    const gap =
      "egress-block on cloud->cloud-api (outage.0) was injected but nothing at the tap shows it " +
      "sse-cut on planner@archive (outage.1) was injected but nothing at the tap shows it";
    const found =
      "1 of 11 cloud.CreateLimitRequest ops had more than one effect, as read back by sql: 0000f00d.planner.0.20.1";
    expect(rowsOf(page, "runs")).toEqual([
      ["verdict", "scenario", "exit", "took", "checks", "what failed, or was not seen"],
      [
        "✓ passed",
        "made-up seed 42 run-1",
        "0",
        "5s",
        "✓ duplicate-effects passed ✓ silent-empty passed",
        "nothing failed",
      ],
      [
        "✗ failed",
        "made-up seed 42 run-2",
        "1",
        "5s",
        "✗ duplicate-effects failed ✓ silent-empty passed",
        `duplicate-effects: ${found} (ledger rows 20, 21)`,
      ],
      [
        "? inconclusive",
        "made-up seed 42 run-3",
        "2",
        "5s",
        "? duplicate-effects inconclusive ? silent-empty inconclusive",
        gap,
      ],
      [
        "? interrupted",
        "made-up seed 42 run-4",
        "130",
        "5s",
        "? duplicate-effects inconclusive ? silent-empty inconclusive",
        gap,
      ],
      ["? no verdict", "gone ×2", "75", "–", "–", "ECONNREFUSED 127.0.0.1:9 squall run gone"],
    ]);
  });

  test("tells thresholds, cuts what is long, and folds what is not covered", async () => {
    const { verdicts, ...rest } = await runs.failed();
    const [check, ...others] = verdicts.checks;
    const long = { ...check!.findings[0]!, says: "x".repeat(1000) };
    const page = pageOf({
      results: [
        {
          ...rest,
          verdicts: {
            ...verdicts,
            checks: [{ ...check!, findings: [{ ...long, grade: "info" }, long, long] }, ...others],
            thresholds: [
              { expression: "ok(a) > 99 %", verdict: "pass", shown: "100 %", samples: 9 },
              { expression: "p95(a) < 1s", verdict: "fail", shown: "1.2s", samples: 200 },
            ],
            notCovered: [{ check: "retry-storm", because: "nobody retries" }],
          },
        },
      ],
      notRun: [],
      exitCode: 1,
    });
    const [, [, , , , checks, failed] = []] = rowsOf(page, "runs");
    expect(checks).toBe(
      "✗ p95(a) < 1s failed ✗ duplicate-effects failed ✓ ok(a) > 99 % passed ✓ silent-empty passed – 1 not covered – retry-storm: nobody retries",
    );
    expect(failed).toBe(`p95(a) < 1s: measured 1.2s duplicate-effects: ${"x".repeat(239)}… and 1 more finding`);
    expect(linksIn(page)).toContain("run-2/report.html#thresholds");
    const [folded] = byName(page, "details");
    expect(folded?.attributes.has("open")).toBe(false);
  });

  test("counts repeated runs as the terminal does", async () => {
    const page = pageOf(await repeated());
    expect(textOf(byName(page, "h1")[0]!)).toBe("✗ FAILED made-up, 4 runs");
    expect(textOf(byId(page, "repeated-1"))).toBe("Repeated: made-up");
    expect(textOf(byName(page, "main")[0]!)).toContain("only 3 of 5 runs came to their end");
    expect(rowsOf(page, "tallies").map(([verdict, , ...shares]) => [verdict, ...shares])).toEqual([
      ["worst", "failed", "inconclusive", "passed"],
      ["✗ failed", "1 of 3 (6–79 %)", "0 of 3 (0–56 %)", "2 of 3 (21–94 %)"],
      ["✗ failed", "1 of 3 (6–79 %)", "0 of 3 (0–56 %)", "2 of 3 (21–94 %)"],
      ["✓ passed", "0 of 3 (0–56 %)", "0 of 3 (0–56 %)", "3 of 3 (44–100 %)"],
    ]);
    expect(textOf(byClass(page, "copyable")[0]!)).toBe("squall run made-up --seed 42");
    const none = { ...(await runs.interrupted()) };
    const cut = pageOf({ results: [none], notRun: [], exitCode: 130, repeat: 3 });
    expect(byClass(cut, "tallies")).toEqual([]);
    expect(textOf(byName(cut, "main")[0]!)).toContain("Nothing to count.");
  });

  test("lets nothing run or load but its own style and script", async () => {
    const page = pageOf(await several());
    const digest = (text: string): string => createHash("sha256").update(text).digest("base64");
    const policy = byName(page, "meta")[1]?.attributes.get("content")?.replaceAll("&#39;", "'");
    for (const name of ["style", "script"]) {
      const [own, ...others] = byName(page, name);
      expect(others).toEqual([]);
      expect(policy).toContain(`${name}-src 'sha256-${digest(own!.text)}'`);
    }
    expect(policy).toMatch(/^default-src 'none';/);
    expect(all(page).filter(({ attributes }) => attributes.has("src") || attributes.has("style"))).toEqual([]);
  });

  test("keeps its shape, whatever names, words and reasons hold", async () => {
    const shapeOf = (element: Element): unknown => [element.name, element.children.map(shapeOf)];
    const batchWith = async (text: string): Promise<Batch> => {
      const { verdicts, ...rest } = await runs.failed();
      const checks = verdicts.checks.map((check) => ({
        ...check,
        check: `${check.check}${text}`,
        findings: check.findings.map((finding) => ({ ...finding, says: text })),
      }));
      const failed = {
        ...verdicts,
        scenario: text,
        squall: text,
        run: text,
        startedAt: text,
        replay: text,
        checks,
        thresholds: [{ expression: text, verdict: "fail" as const, shown: text, samples: 1 }],
        notCovered: [{ check: text, because: text }],
      };
      const unknown = await runs.unknown();
      const gaps = [{ gap: text, says: text }];
      return {
        results: [
          { ...rest, verdicts: failed },
          { ...unknown, verdicts: { ...unknown.verdicts, gaps } },
        ],
        notRun: [{ ...notRun[0]!, scenario: text, because: text, replay: text }],
        exitCode: 75,
        repeat: 1,
      };
    };
    const shape = JSON.stringify(shapeOf(readMarkup(indexPage(await batchWith("x"), () => "x"))));
    const told = [nasty, '" onclick="alert(1)', "--><img src=x onerror=alert(1)>", "]]></style></script>", "\u202Ex"];
    for (const text of told) {
      const page = indexPage(await batchWith(text), () => text);
      expect(JSON.stringify(shapeOf(readMarkup(page)))).toBe(shape);
      expect(page.isWellFormed()).toBe(true);
      // oxlint-disable-next-line no-control-regex
      expect(page).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u202E]/);
    }
  });
});

import { describe, expect, test } from "vitest";
import { indexPage } from "../../src/reporters/index-page.ts";
import { json } from "../../src/reporters/json.ts";
import { repeatDocument, repeatSchema } from "../../src/reporters/repeat.ts";
import type { Batch } from "../../src/reporters/reporter.ts";
import { runsDocument, runsSchema } from "../../src/reporters/runs.ts";
import { closingOf } from "../../src/reporters/summary.ts";
import { anyFigures, nasty, runs } from "../verdicts-of.ts";

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

    Folders are in /out
    "
  `);
});

test("repeated runs close with how often each check passed, and how many were done of how many", async () => {
  expect(closingOf(await repeated(), plain)).toMatchInlineSnapshot(`
    "REPEATED  made-up  seed 42  only 3 of 5 runs came to their end
    The seed repeats the plan; timing varies from run to run. In brackets: the 95 % interval (Wilson).

    ✗ duplicate-effects  failed 1 of 3 (6–79 %), passed 2 of 3 (21–94 %)
        for example: 1 of 11 cloud.CreateLimitRequest ops had more than one effect: 0000f00d.planner.0.20.1 (ledger rows 20, 21)
    ✓ silent-empty  passed 3 of 3 (44–100 %)

    Replay of one: squall run made-up --seed 42

    4 runs: 2 passed, 1 failed, 1 inconclusive; exit 130

      scenario  verdict      exit  took  what failed                                                   folder
    ✓ made-up   passed       0     5s                                                                  run-1
    ✗ made-up   failed       1     5s    duplicate-effects                                             run-2
    ✓ made-up   passed       0     5s                                                                  run-1
    ? made-up   interrupted  130   5s    egress-block on cloud->cloud-api (outage.0) was injected bu…  run-4

    Folders are in /out
    "
  `);
});

describe("the index page", () => {
  test("links each run's own page and names what failed", async () => {
    const page = indexPage(await several(), ({ verdicts }) => `${verdicts.run}/report.html`);
    expect(page.match(/href="[^"]+"/g)).toEqual([1, 2, 3, 4].map((n) => `href="run-${n}/report.html"`));
    expect(page).toContain(
      '<li class="fail"><span aria-hidden="true">✗</span> duplicate-effects <small>failed</small>',
    );
    expect(page).toContain("ECONNREFUSED 127.0.0.1:9");
    expect(page).not.toMatch(/<script|src=|https?:/);
  });

  test("holds no text that could be markup", async () => {
    const { verdicts } = await runs.unknown();
    const result = {
      verdicts: { ...verdicts, scenario: nasty, gaps: [{ gap: "x", says: nasty }] },
      figures: anyFigures,
      directory: "d",
    };
    const page = indexPage(
      { results: [result], notRun: [{ ...notRun[0]!, because: nasty }], exitCode: 2 },
      () => nasty,
    );
    expect(page).not.toContain("<script");
    expect(page.isWellFormed()).toBe(true);
    // oxlint-disable-next-line no-control-regex
    expect(page).not.toMatch(/[\u0000-\u0008\u000B-\u001F]/);
  });
});

import { describe, expect, test } from "vitest";
import { figuresDocument } from "../../src/measure/figures.ts";
import { reporters } from "../../src/reporters/registry.ts";
import { terminal } from "../../src/reporters/terminal.ts";
import { verdictsDocument, type Verdicts } from "../../src/reporters/verdicts.ts";
import { effect, honestRun, runStarted } from "../literal-history.ts";
import { figures as sampleFigures } from "./sample-figures.ts";
import { anyFigures, resultFor, verdictsFor } from "../verdicts-of.ts";

const text = (verdicts: Verdicts, colour = false): string =>
  terminal.render({ verdicts, figures: anyFigures, directory: "reports/a-run" }, { colour });

describe("the terminal reporter", () => {
  test("a pass says what it is worth", async () => {
    expect(text(await verdictsFor(honestRun))).toMatchInlineSnapshot(`
      "PASSED  made-up  seed 42

      ✓ duplicate-effects  0 duplicated, lost or orphaned in 1 exposed write
      ✓ silent-empty  0 silently empty in 1 call that met the fault (1 said that they failed)

      Files:  reports/a-run (open report.html)
      Replay: squall run made-up --seed 42
      "
    `);
  });

  test("a fail names op, ledger rows, reason and remedy", async () => {
    expect(text(await verdictsFor(honestRun, effect(20, 1130, { row: "21" })))).toMatchInlineSnapshot(`
      "FAILED  made-up  seed 42

      ✗ duplicate-effects
          violation of the server: 1 of 11 cloud.CreateLimitRequest ops had more than one effect, as read back by sql: 0000f00d.planner.0.20.1 (ledger rows 20, 21)
            why it matters: A reply was lost or late, the call was made again, and the world changed again: the payment goes out twice.
            how to fix it:  Take a request id from the caller, pass it on as the upstream's idempotency key, and answer a known id with the first result.
            witness: t:149 t:150 t:151 t:152 t:153 t:154
      ✓ silent-empty  0 silently empty in 1 call that met the fault (1 said that they failed)

      Files:  reports/a-run (open report.html)
      Replay: squall run made-up --seed 42
      "
    `);
  });

  test("a run without evidence says what is missing", async () => {
    const unseen = honestRun.filter(([, event]) => event.type !== "fault" || event.edge !== "observed");
    expect(text(await verdictsFor(unseen))).toMatchInlineSnapshot(`
      "INCONCLUSIVE  made-up  seed 42

      ? duplicate-effects  evidence is missing
      ? silent-empty  evidence is missing

      Missing evidence:
        ? egress-block on cloud->cloud-api (outage.0) was injected but nothing at the tap shows it
        ? sse-cut on planner@archive (outage.1) was injected but nothing at the tap shows it

      Files:  reports/a-run (open report.html)
      Replay: squall run made-up --seed 42
      "
    `);
  });

  test("thresholds come first, each with its value on one line", async () => {
    const thresholds = [
      "p50(cloud.FetchResources, baseline) < 400ms",
      "mean(cloud.CreateLimitRequest) < 400ms from at least 500 samples",
      "max(planner) <= 5ms",
      "p99(planner, outage.recovery) < 1s",
    ];
    const run = honestRun.map((timed, index) => (index === 0 ? runStarted("faults", { thresholds }) : timed));
    expect(text(await verdictsFor(run))).toMatchInlineSnapshot(`
      "FAILED  made-up  seed 42

      ✓ p50(cloud.FetchResources, baseline) < 400ms  10ms (n 10)
      ? mean(cloud.CreateLimitRequest) < 400ms from at least 500 samples  10ms (n 11)  only 11 samples, of at least 500
      ✗ max(planner) <= 5ms  10ms (n 53)
      ? p99(planner, outage.recovery) < 1s  10ms (n 20)  only 20 samples, of at least 500

      ✓ duplicate-effects  0 duplicated, lost or orphaned in 1 exposed write
      ✓ silent-empty  0 silently empty in 1 call that met the fault (1 said that they failed)

      Files:  reports/a-run (open report.html)
      Replay: squall run made-up --seed 42
      "
    `);
  });

  test("a line tells how the generator fared, so that the times can be believed", async () => {
    const result = { verdicts: await verdictsFor(honestRun), figures: sampleFigures, directory: "reports/a-run" };
    expect(terminal.render(result, { colour: false })).toContain(
      "\nGenerator: p99 start lag 2ms · p99 loop delay 3ms · 34% of a core of 4 · 209 MB at most\nFiles:",
    );
  });

  test("a line each tells what was never sent and what was not sent again, the most frequent reason first", async () => {
    const [tool] = sampleFigures.tools;
    const held = { notRun: { "bulkhead full": 2, "breaker open": 9 }, heldBack: { "retry budget spent": 1 } };
    const figures = { ...anyFigures, tools: [{ ...tool!, ...held }, tool!] };
    const result = { verdicts: await verdictsFor(honestRun), figures, directory: "reports/a-run" };
    expect(terminal.render(result, { colour: false })).toContain(
      "\nHeld:   11 ops were never sent: breaker open (9), bulkhead full (2)" +
        "\nHeld:   1 op was not sent again: retry budget spent (1)\n",
    );
  });

  test("no name or text of a server can steer the terminal", async () => {
    const verdicts = await verdictsFor(honestRun);
    const evil = "\u001B[2J\u001B]0;owned\u0007\r\u009B31m\u202E\u200B";
    const told = text({ ...verdicts, scenario: evil, notCovered: [{ check: "x", because: evil }] }, true);
    // oxlint-disable-next-line no-control-regex
    const steering = /[\u0000-\u001F\u007F-\u009F\u202E\u200B]/;
    // oxlint-disable-next-line no-control-regex
    expect(told.replace(/\u001B\[\d{1,2}m/g, "").replaceAll("\n", "")).not.toMatch(steering);
    expect(told).toContain("\uFFFD[2J");
  });
});

test.each(reporters)("$name gives the same from the verdicts read back as from the run itself", async (reporter) => {
  const result = await resultFor(honestRun, effect(3, 1500, { row: "99" }));
  const kept = JSON.parse(JSON.stringify(result)) as Record<string, unknown>;
  const readBack = {
    verdicts: verdictsDocument.parse(kept["verdicts"]),
    figures: figuresDocument.parse(kept["figures"]),
    directory: result.directory,
  };
  const style = { colour: false };
  expect(reporter.render(readBack, style)).toBe(reporter.render(result, style));
});

test("the verdicts document has the shape that others build on", async () => {
  expect(await verdictsFor(honestRun)).toMatchObject({
    schema: "squall.verdicts/1",
    mode: "faults",
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 5000,
    failOn: "violation",
    verdict: "pass",
    exitCode: 0,
    checks: [
      { check: "duplicate-effects", verdict: "pass", looked: 1, warnings: 0, findings: [] },
      { check: "silent-empty" },
    ],
    thresholds: [],
    notCovered: [],
    replay: "squall run made-up --seed 42",
  });
});

/** The page over several runs in a real browser. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { indexPage } from "../../src/reporters/index-page.ts";
import type { Batch } from "../../src/reporters/reporter.ts";
import { rounds } from "../rounds.ts";
import { runs } from "../verdicts-of.ts";
import { engineName, isAbsent, launch, open } from "./chromium.ts";
import { clipped, lowContrast, nameless } from "./in-page.ts";

const render = (batch: Batch): string => indexPage(batch, ({ verdicts }) => `${verdicts.run}/report.html`);
const failed = await runs.failed();
const long = "LongNameWithoutAnyBreak".repeat(12);
const longest = {
  ...failed,
  verdicts: {
    ...failed.verdicts,
    scenario: long,
    run: long,
    squall: long,
    notCovered: [{ check: long, because: long }],
    thresholds: [{ expression: `p95(${long}) < 1s`, verdict: "fail" as const, shown: "1.2s", samples: 200 }],
  },
};
const notRun = [{ scenario: long, replay: `squall run ${long}`, exitCode: 75, because: long, times: 2 }];
const slower = { ...failed, verdicts: { ...failed.verdicts, durationMs: 61_000, run: "run-slower" } };
const results = [await runs.passed(), failed, slower, await runs.unknown(), await runs.interrupted()];
const pages = {
  several: render({ results, notRun: [{ ...notRun[0]!, scenario: "gone", because: "ECONNREFUSED" }], exitCode: 130 }),
  repeated: render({ results, notRun: [], exitCode: 130, repeat: 6 }),
  passed: render({ results: [await runs.passed(), await runs.passed()], notRun: [], exitCode: 0 }),
  "the longest names": render({ results: [longest, ...results], notRun, exitCode: 75, repeat: 9 }),
};
// Each costs a second in every way that it is looked at; the last one is the hardest to fit.
const named = rounds(Object.entries(pages), Object.entries(pages).slice(-1));

describe.skipIf(isAbsent)(`the page over several runs in ${engineName}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
    test.each(named)("%s opens without a request or a complaint, and can be read", async (_, page) => {
      await using opened = await open(browser, page, { colorScheme });
      expect(opened.complaints).toEqual([]);
      expect(opened.requests).toEqual([]);
      expect(await opened.page.evaluate(lowContrast)).toEqual([]);
      expect(await opened.page.evaluate(nameless)).toEqual([]);
    });
  });

  test.each(named.flatMap(([name, page]) => [390, 720, 1280].map((width) => [name, width, page] as const)))(
    "%s fits a screen %i pixels wide",
    async (_, width, page) => {
      await using opened = await open(browser, page, { viewport: { width, height: 844 } });
      expect(await opened.page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      if (width < 400) expect(await opened.page.evaluate(clipped)).toEqual([]);
    },
  );

  test.each(named)("%s prints light, whole and cut nowhere", async (_, html) => {
    await using opened = await open(browser, html, { viewport: { width: 695, height: 1000 }, colorScheme: "dark" });
    const { page } = opened;
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(
      "rgb(255, 255, 255)",
    );
    expect(await page.evaluate(clipped)).toEqual([]);
    expect(await page.locator(".theme").isVisible()).toBe(false);
  });

  test("runs sort by how long they took; what is not covered folds out; the theme can be switched", async () => {
    await using opened = await open(browser, pages["the longest names"]);
    const { page } = opened;
    await page.getByRole("button", { name: "took", exact: true }).click();
    expect(await page.locator(".runs tbody tr").first().innerText()).toContain("run-slower");
    const reason = page.locator(".runs details li");
    expect(await reason.isVisible()).toBe(false);
    await page.locator(".runs summary").click();
    expect(await reason.isVisible()).toBe(true);
    await page.getByRole("button", { name: "Dark theme" }).click();
    expect(await page.getByRole("button", { name: "Light theme" }).isVisible()).toBe(true);
  });

  test("all of it can be read without JavaScript", async () => {
    await using opened = await open(browser, pages.repeated, { javaScriptEnabled: false });
    const { page } = opened;
    expect(opened.complaints).toEqual([]);
    expect(await page.locator("button").count()).toBe(0);
    expect(await page.locator(".runs tbody tr").count()).toBe(results.length);
    const widths = await page
      .locator(".interval rect:nth-child(2)")
      .evaluateAll((bars) =>
        bars.map(
          (bar) => (bar as unknown as { getBoundingClientRect(): { width: number } }).getBoundingClientRect().width,
        ),
      );
    expect(widths.length).toBeGreaterThan(3);
    for (const width of widths) expect(width).toBeGreaterThan(5);
  });
});

/** The report in a real browser: as it is read, printed, and walked through by keyboard. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { html } from "../../src/reporters/html.ts";
import type { RunResult } from "../../src/reporters/reporter.ts";
import {
  controlOfTwoSeconds,
  cutOff,
  figures,
  nothingHappened,
  sample,
  theLargest,
} from "../reporters/sample-figures.ts";
import { rounds } from "../rounds.ts";
import { engineName, isAbsent, launch, open } from "./chromium.ts";
import { clipped, faintMarks, lowContrast, nameless, overlappingLabels } from "./in-page.ts";

const render = (result: RunResult): string => html.render(result, { colour: false });
const pages = {
  sample: render(sample),
  control: render(controlOfTwoSeconds),
  cut: render(cutOff),
  nothing: render(nothingHappened),
};
const named = Object.entries(pages);
// Each page costs a second or more in every way that it is looked at; the sample has something of all that there is.
const looked = rounds(named, named.slice(0, 1));
const phone = { viewport: { width: 390, height: 844 } };
const paper = { viewport: { width: 695, height: 1000 } };

describe.skipIf(isAbsent)(`the report in ${engineName}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
    test.each(looked)("%s opens without a request or a complaint, and can be read", async (_, page) => {
      await using opened = await open(browser, page, { colorScheme });
      expect(opened.complaints).toEqual([]);
      expect(opened.requests).toEqual([]);
      expect(await opened.page.evaluate(lowContrast)).toEqual([]);
      expect(await opened.page.evaluate(faintMarks)).toEqual([]);
      expect(await opened.page.evaluate(nameless)).toEqual([]);
    });
  });

  test("no script of a server runs in it, whatever its names, words and errors hold", async () => {
    const attack = `<script>globalThis.owned = 1</script><img src=x onerror="globalThis.owned = 1"><svg onload='globalThis.owned = 1'>`;
    const told = ["</script>", "</style>", "</title>", '" autofocus onfocus="globalThis.owned = 1', "' onload='"];
    const poisoned: unknown = JSON.parse(JSON.stringify(sample), (key, value: unknown) =>
      typeof value === "string" && (key === "says" || key === "because" || key === "tool" || key === "scenario")
        ? `${value}${told.map((way) => way + attack).join("")}`
        : value,
    );
    await using opened = await open(browser, render(poisoned as RunResult));
    expect(await opened.page.evaluate("globalThis.owned")).toBeUndefined();
    expect(await opened.page.evaluate("document.querySelectorAll('img, svg[onload], [onfocus]').length")).toBe(0);
    expect(opened.requests).toEqual([]);
    expect(opened.complaints).toEqual([]);
    expect(await opened.page.evaluate("document.body.innerText.includes('globalThis.owned = 1')")).toBe(true);
  });

  test.each(looked)("%s fits a phone: the page does not scroll sideways, no label lies on another", async (_, page) => {
    await using opened = await open(browser, page, phone);
    expect(await opened.page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(await opened.page.evaluate(overlappingLabels)).toEqual([]);
  });

  test("so does one with the longest names", async () => {
    const page = render(theLargest());
    for (const options of [phone, {}]) {
      await using opened = await open(browser, page, options);
      const [width, inner] = [
        await opened.page.evaluate("document.documentElement.scrollWidth"),
        opened.page.viewportSize(),
      ];
      expect(width).toBe(inner?.width);
      expect(opened.complaints).toEqual([]);
    }
  });

  test("no label of an axis lies on another on a wide screen either", async () => {
    await using opened = await open(browser, pages.sample);
    expect(await opened.page.evaluate(overlappingLabels)).toEqual([]);
  });

  test("every chart has a band for each window of each fault, all of them to be seen", async () => {
    await using opened = await open(browser, pages.sample);
    for (const id of ["latency", "outcomes", "load"]) {
      const bands = await opened.page.locator(`#${id} .band:not(.unseen)`).all();
      expect(bands).toHaveLength(figures.faults.length);
      const boxes = await Promise.all(bands.map((band) => band.boundingBox()));
      for (const box of boxes) {
        expect(box?.width).toBeGreaterThan(5);
        expect(box?.height).toBeGreaterThan(100);
      }
    }
    // All charts share one axis: the same fault stands at the same place in each.
    const lefts = await Promise.all(
      ["latency", "outcomes", "load"].map(
        async (id) => (await opened.page.locator(`#${id} .band`).first().boundingBox())?.x,
      ),
    );
    expect(new Set(lefts).size).toBe(1);
  });

  test("pointing at a chart tells of the moment or the op; leaving it ends that", async () => {
    await using opened = await open(browser, pages.sample);
    const { page } = opened;
    const tip = page.locator(".tip");
    await page.locator("#outcomes .plot").hover({ position: { x: 300, y: 100 } });
    expect(await tip.innerText()).toMatch(/^from\s+[\d.]+s\s+for\s+\d+ms\s+phase\s+outage/);
    const failed = page.locator("#latency .point.failed use").first();
    await failed.hover({ force: true });
    expect(await tip.innerText()).toMatch(/^\w+: failed \([a-z-]+\) in /);
    await page.mouse.move(5, 5);
    expect(await tip.isVisible()).toBe(false);
  });

  test("by keyboard: skip link, contents, findings and their stories, charts, pins, all with a focus to be seen", async () => {
    await using opened = await open(browser, pages.sample);
    const { page } = opened;
    const focused = `(() => {
      const at = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const pin = at.querySelector?.(".pin");
      const isSeen = (outlineStyle !== "none" && outlineWidth !== "0px") || (pin && getComputedStyle(pin).strokeWidth === "3px");
      return { what: (at.getAttribute("href") ?? at.id) || at.closest("details, figure, section")?.id || at.className || at.tagName, isSeen: Boolean(isSeen) };
    })()`;
    const walked: { what: string; isSeen: boolean }[] = [];
    for (let n = 0; n < 200; n += 1) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate<(typeof walked)[number]>(focused);
      // Past the end it begins again.
      if (stop.what === "BODY") break;
      walked.push(stop);
    }
    const stops = walked.map(({ what }) => what);
    expect(stops[0]).toBe("#main");
    const order = [
      "#thresholds",
      "#finding-1",
      "finding-1-op-1",
      "finding-2-op-1",
      "latency",
      "#finding-1-op-1",
      "outcomes",
      "load",
    ];
    const places = order.map((stop) => stops.lastIndexOf(stop));
    expect(
      places.every((place) => place >= 0),
      stops.join(" "),
    ).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(walked.filter(({ isSeen }) => !isSeen)).toEqual([]);
  });

  test("arrow keys read a chart, and a pin leads to its story, opening it", async () => {
    await using opened = await open(browser, pages.sample);
    const { page } = opened;
    const tip = page.locator(".tip");
    await page.locator("#load .plot").focus();
    await page.keyboard.press("Home");
    const first = await tip.innerText();
    await page.keyboard.press("ArrowRight");
    expect(await tip.innerText()).not.toBe(first);
    expect(first).toContain("offered");
    await page.keyboard.press("Escape");
    expect(await tip.isVisible()).toBe(false);
    const third = page.locator("#finding-1-op-3");
    expect(await third.getAttribute("open")).toBeNull();
    await page.locator('.witnessed[href="#finding-1-op-3"]').focus();
    expect(await tip.innerText()).toMatch(/^Finding 1: op /);
    await page.keyboard.press("Enter");
    await page.locator("#finding-1-op-3[open]").waitFor({ state: "attached" });
  });

  test("the theme can be switched, and stays so", async () => {
    await using opened = await open(browser, pages.sample, { colorScheme: "light" });
    const { page } = opened;
    const ground = "getComputedStyle(document.documentElement).backgroundColor";
    const light = await page.evaluate(ground);
    await page.getByRole("button", { name: "Dark theme" }).click();
    const dark = await page.evaluate(ground);
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await page.evaluate(ground)).toBe(dark);
    expect(await page.getByRole("button", { name: "Light theme" }).isVisible()).toBe(true);
  });

  test("tools sort by a column, numbers as numbers", async () => {
    await using opened = await open(browser, pages.sample);
    const { page } = opened;
    await page.getByRole("button", { name: "max", exact: true }).click();
    const column = await page
      .locator(".tools tbody tr td:nth-child(13)")
      .evaluateAll((cells) =>
        cells.map((cell) => Number((cell as unknown as { dataset: { sort: string } }).dataset.sort)),
      );
    expect(column).toEqual(column.toSorted((a, b) => b - a));
    expect(await page.locator(".tools th[aria-sort]").count()).toBe(1);
  });

  test("all of it can be read without JavaScript", async () => {
    await using opened = await open(browser, pages.sample, { javaScriptEnabled: false });
    const { page } = opened;
    expect(opened.complaints).toEqual([]);
    expect(await page.locator("#latency .point use").count()).toBe(figures.points.length);
    expect(await page.locator("#finding-1-op-1 table").isVisible()).toBe(true);
    expect(await page.locator("button").count()).toBe(0);
    expect(await page.getByText("use the arrow keys").isVisible()).toBe(false);
    await page.locator("#finding-1-op-3 summary").click();
    expect(await page.locator("#finding-1-op-3 table").isVisible()).toBe(true);
  });

  describe("on paper", () => {
    test.each(rounds([...named, ["the largest", render(theLargest())] as const], looked))(
      "%s is light, whole and cut nowhere, whatever the screen's theme",
      async (_, html) => {
        await using opened = await open(browser, html, { ...paper, colorScheme: "dark" });
        const { page } = opened;
        await page.emulateMedia({ media: "print" });
        expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(
          "rgb(255, 255, 255)",
        );
        expect(await page.evaluate(clipped)).toEqual([]);
        for (const gone of ["nav", ".theme", ".copy"]) {
          for (const element of await page.locator(gone).all()) expect(await element.isVisible()).toBe(false);
        }
        expect(await page.locator(".signature").isVisible()).toBe(true);
      },
    );

    test.each(rounds([true, false], [true]))("every story is open (JavaScript: %s)", async (javaScriptEnabled) => {
      await using opened = await open(browser, pages.sample, { ...paper, javaScriptEnabled });
      const { page } = opened;
      await page.emulateMedia({ media: "print" });
      for (const table of await page.locator(".story-table").all())
        expect((await table.boundingBox())?.height).toBeGreaterThan(30);
      const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
      const [, count] = /\/Type \/Pages[\s\S]*?\/Count (\d+)/.exec(pdf.toString("latin1")) ?? [];
      expect(Number(count)).toBeGreaterThan(5);
      expect(Number(count)).toBeLessThan(20);
    });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binsOf } from "../../src/reporters/html/bins.ts";
import { brief, html, plain, textOf } from "../../src/reporters/markup.ts";
import { across, linearDown, logDown, timeTicks } from "../../src/reporters/html/scales.ts";
import { share } from "../../src/reporters/html/words.ts";
import { figures } from "./sample-figures.ts";

const law = { seed: 42, numRuns: 200 };

describe("scales", () => {
  test("an x axis puts its ends at 0 and 100 and what is outside at its edges", () => {
    const x = across({ fromUs: 1000, toUs: 3000 });
    expect([0, 1000, 2000, 3000, 9000, Number.NaN].map(x.percent)).toEqual([0, 0, 50, 100, 100, 0]);
    expect(across({ fromUs: 5, toUs: 5 }).percent(5)).toBe(0);
  });

  test("a log axis gives each factor of ten the same height, and higher values stand higher", () => {
    const { y, ticks } = logDown({ values: [1000, 1_000_000], height: 300, least: 100 });
    expect([1000, 10_000, 100_000, 1_000_000].map(y)).toEqual([300, 200, 100, 0]);
    expect(ticks).toEqual([1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 2 }), (values) => {
        const down = logDown({ values, height: 230, least: 100 });
        const sorted = values.toSorted((a, b) => a - b).map(down.y);
        expect(sorted).toEqual(sorted.toSorted((a, b) => b - a));
        expect(sorted.every((place) => place >= 0 && place <= 230)).toBe(true);
        const places = down.ticks.map(down.y);
        expect(places.length).toBeGreaterThan(0);
        expect(places.every((place, index) => index === 0 || places[index - 1]! - place >= 12)).toBe(true);
      }),
      law,
    );
  });

  test("a linear axis begins at nothing and ends at or above the most", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (most) => {
        const { y, ticks } = linearDown({ most, height: 150 });
        expect(y(0)).toBe(150);
        expect(y(most)).toBeGreaterThanOrEqual(0);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * 0.999);
        expect(ticks.length).toBeLessThan(8);
      }),
      law,
    );
  });

  test("time has round ticks, about as many as were asked for", () => {
    expect(timeTicks({ fromUs: 600_000, toUs: 20_400_000 }, { count: 10 }).map(({ label }) => label)).toEqual(
      "2s 4s 6s 8s 10s 12s 14s 16s 18s 20s".split(" "),
    );
    expect(timeTicks({ fromUs: 0, toUs: 3600e6 }, { count: 6 }).map(({ label }) => label)).toEqual(
      "0s 10m 20m 30m 40m 50m 1h".split(" "),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 1e11 }), (fromUs, length) => {
        expect(timeTicks({ fromUs, toUs: fromUs + length }, { count: 10 }).length).toBeLessThanOrEqual(11);
      }),
      law,
    );
  });
});

describe("bins", () => {
  test("join the buckets of a short run, and lose nothing", () => {
    const bins = binsOf(figures);
    expect(bins.length).toBeLessThan(figures.series.buckets.length);
    const total = (of: (counts: (typeof bins)[number]["counts"]) => number): readonly [number, number] => [
      bins.reduce((sum, { counts }) => sum + of(counts), 0),
      figures.series.buckets.reduce((sum, bucket) => sum + of(bucket), 0),
    ];
    for (const of of [
      (counts: (typeof bins)[number]["counts"]) => counts.offered,
      (counts: (typeof bins)[number]["counts"]) => counts.ops.failed,
      (counts: (typeof bins)[number]["counts"]) => counts.exchanges,
      (counts: (typeof bins)[number]["counts"]) => counts.effects,
    ]) {
      const [binned, counted] = total(of);
      expect(binned).toBe(counted);
    }
  });

  test("follow each other without a gap; the shorter last one has its own rate", () => {
    const { series } = figures;
    const bins = binsOf({ points: [], series: { ...series, buckets: series.buckets.slice(0, 81) } });
    expect(bins[0]?.fromUs).toBe(series.fromUs);
    expect(bins.every(({ fromUs }, index) => index === 0 || bins[index - 1]?.toUs === fromUs)).toBe(true);
    const [first, last] = [bins[0]!, bins.at(-1)!];
    expect(last.toUs - last.fromUs).toBeLessThan(first.toUs - first.fromUs);
    expect(last.rate(1)).toBeGreaterThan(first.rate(1));
  });

  test("of a long run are its buckets, percentiles and all", () => {
    const series = { ...figures.series, bucketUs: 2_000_000 };
    const bins = binsOf({ points: [], series });
    expect(bins.map(({ counts }) => counts)).toEqual(series.buckets);
  });
});

describe("text", () => {
  test("is escaped wherever it stands in a template, markup is not", () => {
    const inner = html`<b>${"<i>"}</b>`;
    expect(textOf(html`<a title="${`"'&<>`}">${[inner, " ", 7, false, undefined]}</a>`)).toBe(
      `<a title="&quot;&#39;&amp;&lt;&gt;"><b>&lt;i&gt;</b> 7</a>`,
    );
  });

  test("shows what would hide or deceive", () => {
    expect(plain("a\u202Eb\u0000c\u200Bd\uD800\r\ne")).toBe("a\uFFFDb\uFFFDc\uFFFDd\uFFFD\ne");
    expect(plain("日本 العربية 🎉 é")).toBe("日本 العربية 🎉 é");
  });

  test("of any length is cut, and no sign in half", () => {
    expect(brief("x".repeat(80))).toHaveLength(80);
    expect(brief("x".repeat(81))).toBe(`${"x".repeat(79)}…`);
    expect(textOf(html`${brief("🎉".repeat(50), 80)}`).isWellFormed()).toBe(true);
  });

  test("a share is never rounded up to all nor down to none", () => {
    expect([share(0, 9), share(9, 9), share(9999, 10_000), share(1, 100_000), share(1, 2), share(0, 0)]).toEqual([
      "0%",
      "100%",
      "99.9%",
      "0.1%",
      "50%",
      "–",
    ]);
  });
});

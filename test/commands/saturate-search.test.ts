import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextRate, rangeOf, type SearchOptions, type Try } from "../../src/commands/saturate/search.ts";
import { seededRandom } from "../../src/world.ts";

function search(options: SearchOptions, holds: (rate: number) => boolean): Try[] {
  const tried: Try[] = [];
  for (let rate = nextRate(tried, options); rate !== undefined; rate = nextRate(tried, options)) {
    tried.push({ rate, held: holds(rate) });
  }
  return tried;
}

const options = fc.record({
  from: fc.double({ min: 0.2, max: 5000, noNaN: true }),
  most: fc.double({ min: 10, max: 100_000, noNaN: true }),
  tries: fc.integer({ min: 1, max: 4 }),
  triesMax: fc.constant(60),
});

describe("the search", () => {
  test("of a server that holds up to a limit ends around that limit, each end tried as often as asked", () => {
    fc.assert(
      fc.property(options, fc.double({ min: 0.15, max: 200_000, noNaN: true }), (about, limit) => {
        const tried = search(about, (rate) => rate <= limit);
        const { holds, fails } = rangeOf(tried);
        if (holds !== undefined) expect(holds.rate).toBeLessThanOrEqual(limit);
        if (fails !== undefined) expect(fails.rate).toBeGreaterThan(limit);
        if (holds !== undefined && fails !== undefined) expect(fails.rate / holds.rate).toBeLessThan(1.13);
        for (const end of [holds, fails]) if (end !== undefined) expect(end.held.n).toBeGreaterThanOrEqual(about.tries);
        for (const { rate } of tried) expect(rate).toBeGreaterThan(Math.min(about.from, about.most) / 40);
        for (const { rate } of tried) expect(rate).toBeLessThanOrEqual(about.most * 1.01);
        expect(tried.length).toBeLessThan(about.triesMax);
      }),
    );
  });

  test("of a server that wavers ends all the same, and its ends stand in order", () => {
    fc.assert(
      fc.property(options, fc.nat(), (about, seed) => {
        const random = seededRandom(seed);
        const tried = search(about, (rate) => random.next() > rate / 1000);
        const { holds, fails } = rangeOf(tried);
        expect(tried.length).toBeLessThanOrEqual(about.triesMax);
        if (holds !== undefined && fails !== undefined) expect(holds.rate).toBeLessThan(fails.rate);
      }),
    );
  });

  test("a rate that held once, above one that failed, proves nothing", () => {
    const tried = [
      { rate: 100, held: true },
      { rate: 200, held: false },
      { rate: 400, held: true },
    ];
    expect(rangeOf(tried)).toMatchObject({ holds: { rate: 100 }, fails: { rate: 200, held: { k: 0, n: 1 } } });
  });

  test("nothing tried proves nothing", () => expect(rangeOf([])).toEqual({}));
});

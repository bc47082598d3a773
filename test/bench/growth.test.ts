/** When memory counts as growing: literal samples of a soak. */
import { expect, test } from "vitest";
import { growthOf } from "../../scripts/bench/figures/soak.ts";

/** 200 samples over 3 million calls. */
const samples = (memoryMB: (millions: number, index: number) => number) =>
  Array.from({ length: 200 }, (_, index) => {
    const millions = (index * 3) / 200;
    return { x: millions, y: memoryMB(millions, index) };
  });
const sawtooth = (index: number): number => (index % 7) * 5;

test("memory that goes up and down around a level does not grow", () => {
  expect(growthOf(samples((_, index) => 200 + sawtooth(index)))).toMatchObject({ wrong: [] });
});

test("what grows during the warm-up only does not grow", () => {
  expect(growthOf(samples((millions) => Math.min(300, 100 + 300 * millions)))).toMatchObject({ wrong: [] });
});

test("a leak below the sawtooth is seen", () => {
  const { values, wrong } = growthOf(samples((millions, index) => 200 + 20 * millions + sawtooth(index)));
  expect(values[0]).toBeCloseTo(20, 0);
  expect(wrong.join()).toContain("memory grows");
});

test("memory that swings too widely to tell is not called steady", () => {
  const { wrong } = growthOf(samples((_, index) => 500 + (Math.floor(index / 10) % 2) * 900));
  expect(wrong.join()).toContain("varies too much");
});

test("a run that was too short tells nothing", () => {
  expect(growthOf(samples(() => 200).slice(0, 80))).toMatchObject({ values: [] });
});

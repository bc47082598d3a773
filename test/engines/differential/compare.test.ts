/** The judge of the suite: it sees what it must, and lets pass what it may. */
import { describe, expect, test } from "vitest";
import { isAlikeAt, isLikely, lateIn, unlikeIn, wrongIn } from "./compare.ts";
import type { Expectation, Observation } from "./observation.ts";
import { after, roughly } from "./stimulus.ts";

const expected: Expectation = {
  exact: { "a ends": "fin" },
  measures: { "a gets": after(100) },
  shares: { tries: 0.5 },
};
const right: Observation = {
  exact: { "a ends": "fin" },
  measures: { "a gets": 103 },
  shares: { tries: { hits: 21, of: 40 } },
};

describe("wrongIn", () => {
  test("finds nothing where all is as expected", () => {
    expect(wrongIn(expected, right)).toEqual([]);
    expect(lateIn(expected, right.measures)).toEqual([]);
  });

  test.for<[what: string, seen: Partial<Observation>, says: string]>([
    ["another end", { exact: { "a ends": "rst" } }, 'a ends: expected "fin", got "rst"'],
    ["nothing", { exact: {} }, 'a ends: expected "fin", got "nothing"'],
    [
      "what nobody expected",
      { exact: { ...right.exact, "POST /reset": "no answer" } },
      'POST /reset: expected "nothing"',
    ],
    ["a hair too early", { measures: { "a gets": 99.99 } }, "a gets: expected at least 100, got 99.99"],
    [
      "a share that cannot be chance",
      { shares: { tries: { hits: 0, of: 40 } } },
      "tries: expected a share of 0.5, got 0 of 40",
    ],
    ["no share", { shares: {} }, "tries: expected a share of 0.5"],
  ])("finds %s", ([, seen, says]) => {
    expect(wrongIn(expected, { ...right, ...seen })).toEqual([expect.stringContaining(says)]);
  });

  test("overlooks the words of a JSON parser, and nothing else", () => {
    const saying = (error: string) => ({ exact: { ask: { error } }, measures: {}, shares: {} });
    expect(wrongIn(saying("bad request body: …"), saying("bad request body: json: nonsense"))).toEqual([]);
    expect(wrongIn(saying("bad request body: …"), saying("bad request body: EOF"))).toHaveLength(1);
    expect(wrongIn(saying("bad request body: …"), saying("invalid toxic type"))).toHaveLength(1);
  });
});

test("a time that is missing or late is found", () => {
  expect(lateIn(expected, { "a gets": 301 })).toEqual(["a gets: expected at most 300, got 301"]);
  expect(lateIn(expected, {})).toHaveLength(1);
});

test("times that both keep the bounds but are not alike are found, unless they may differ", () => {
  const times = [{ "a gets": 103 }, { "a gets": 130 }] as const;
  expect(unlikeIn([expected, expected], times)).toHaveLength(1);
  expect(unlikeIn([expected, expected], [{ "a gets": 103 }, { "a gets": 117 }])).toEqual([]);
  const rough = { ...expected, measures: { "a gets": roughly(0, 500) } };
  expect(unlikeIn([rough, rough], times)).toEqual([]);
});

test("a share is likely up to one in a million, and certain shares are exact", () => {
  expect(isLikely({ hits: 5, of: 40 }, 0.5)).toBe(true);
  expect(isLikely({ hits: 1, of: 40 }, 0.5)).toBe(false);
  expect(isLikely({ hits: 0, of: 40 }, 0)).toBe(true);
  expect(isLikely({ hits: 1, of: 40 }, 0)).toBe(false);
  expect(isLikely({ hits: 39, of: 40 }, 1)).toBe(false);
});

test("a difference that is no more is noticed", () => {
  const real = { exact: { "a ends": "rst" } } as const;
  expect(isAlikeAt(expected, real, right)).toBe(true);
  expect(isAlikeAt(expected, real, { ...right, exact: { "a ends": "rst" } })).toBe(false);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { askedDigest, canonical, contentDigest, notAsked } from "../../src/history/content.ts";

test.each([
  [200, "200.00"],
  ["0012.50", 12.5],
  ["-0", 0],
  [true, 1],
  [false, "0"],
  [null, undefined],
  [9007199254740993n, "9007199254740993"],
  [
    { a: 1, b: [2, "x"] },
    { b: ["2.0", "x"], a: "1" },
  ],
])("%o and %o are the same, as a database and a caller write it", (one, other) => {
  expect(contentDigest(one, "s")).toBe(contentDigest(other, "s"));
});

test.each([
  [200, 201],
  ["a", "A"],
  ["1e3", 1000],
  ["", null],
  [
    [1, 2],
    [2, 1],
  ],
  ["12.5", "12.05"],
  ["10", "1"],
])("%o and %o are not", (one, other) => {
  expect(contentDigest(one, "s")).not.toBe(contentDigest(other, "s"));
});

test("what is the same as JSON is the same, whatever the order of its keys, and a digest says nothing of it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, salt) => {
      const again: unknown = JSON.parse(JSON.stringify(value));
      expect(canonical(again)).toBe(canonical(value));
      expect(contentDigest(again, salt)).toMatch(/^[0-9a-f]{8}$/);
    }),
    { seed: 42 },
  );
  expect(contentDigest("secret", "a")).not.toBe(contentDigest("secret", "b"));
  expect(askedDigest(undefined, "s")).toBe(notAsked);
  expect(askedDigest(null, "s")).toBe(contentDigest(null, "s"));
});

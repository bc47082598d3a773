import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  argsShapeOf,
  isEmpty,
  leavesOf,
  mayHoldJson,
  parsedJson,
  shapeOf,
  shapeOfText,
} from "../../src/history/shape.ts";

describe("the shape of an answer", () => {
  test("tells what holds something from what is there but empty", () => {
    expect(shapeOf({ resources: [{ id: "a", note: "" }], next: null })).toEqual({
      form: "json",
      filled: ["$", "$.resources", "$.resources[]", "$.resources[].id"],
      hollow: ["$.next", "$.resources[].note"],
    });
  });

  test("takes zero and false for values", () => {
    expect(isEmpty(shapeOf({ count: 0, done: false }))).toBe(false);
  });

  test("reads JSON out of text and keeps other text apart", () => {
    expect(shapeOfText('{"a":1}')).toEqual(shapeOf({ a: 1 }));
    expect(shapeOfText("hello")).toMatchObject({ form: "text", filled: ["$"] });
    expect(shapeOfText('{"a":1').form).toBe("text");
    expect(shapeOfText("  ").form).toBe("none");
  });

  test.each([[undefined], [null], [{}], [[]], [""], ["  "], [{ a: [], b: { c: "" } }], [[null]]])(
    "%j is empty",
    (value) => {
      expect(isEmpty(shapeOf(value))).toBe(true);
    },
  );

  test("leaves are the paths that hold a value of their own", () => {
    expect(leavesOf(shapeOf({ a: { b: 1, c: [] }, d: [2] }))).toEqual(["$.a.b", "$.d[]"]);
  });

  test("an answer is empty exactly if no leaf of it holds a value", () => {
    const hollow = fc.constantFrom(null, "", " ");
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        hollow,
        fc.array(tie("node"), { maxLength: 2 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("node"), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => isEmpty(shapeOf(value))),
      { seed: 42 },
    );
    fc.assert(
      fc.property(tree, fc.integer(), (value, leaf) => !isEmpty(shapeOf({ value, leaf }))),
      { seed: 42 },
    );
  });

  test("keys that look like paths are one with those paths", () => {
    expect(shapeOf({ "a.b": "", a: { b: 1 }, "c[]": 1, c: [null] })).toEqual({
      form: "json",
      filled: ["$", "$.a", "$.a.b", "$.c", "$.c[]"],
      hollow: [],
    });
  });

  test("what was looked at before changes nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
        const before = shapeOf(value);
        shapeOf(other);
        expect(shapeOf(value)).toEqual(before);
      }),
      { seed: 42 },
    );
    const before = shapeOf({ a: [{ b: "" }] });
    for (let n = 0; n < 40; n += 1) shapeOf({ [`${n}${"x".repeat(100_000)}`]: { a: 1 } });
    expect(shapeOf({ a: [{ b: "" }] })).toEqual(before);
  });

  test("a branch too deep to be followed is cut, and those beside it are not", () => {
    const deep = Array.from("aaaaaaaaa").reduceRight<unknown>((below, key) => ({ [key]: below }), 1);
    const { filled, cut } = shapeOf({ ...Object(deep), b: 1 });
    expect(cut).toBe(true);
    expect(filled).toContain("$.b");
    expect(filled).not.toContain(`$${".a".repeat(9)}`);
  });

  test("a huge answer has a bounded shape that says it was cut", () => {
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n]));
    const { filled, cut } = shapeOf(wide);
    expect(filled.length).toBeLessThanOrEqual(64);
    expect(cut).toBe(true);
    expect(isEmpty(shapeOf(wide))).toBe(false);
  });

  test("arguments are told by name and kind, never by value", () => {
    expect(argsShapeOf({ limit: 5, resource: "secret", list: [1] })).toBe("limit:number,list:array,resource:string");
  });
});

test("a line that may hold a message is told from all others by its beginning", () => {
  const may = (text: string): boolean => mayHoldJson(Buffer.from(text));
  for (const text of ["{", "[]", ' \t\r\n{"a":1}', "[garbage"]) expect(may(text), text).toBe(true);
  for (const text of ["", "  ", "null", "1", '"{"', "Starting up… {}", "\uFEFF{}"]) expect(may(text), text).toBe(false);
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: "binary" })), (text) => {
      if (parsedJson(text) !== undefined) expect(may(text)).toBe(true);
    }),
  );
});

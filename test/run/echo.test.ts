import { expect, test } from "vitest";
import { createTracer } from "../../src/history/ids.ts";
import { straysIn } from "../../src/run/echo.ts";

const tracer = createTracer("0000f00d", ["planner"]);
const op = "0000f00d.planner.0.1.2";
const strays = (structuredContent: object, expected: Record<string, unknown>) =>
  straysIn({ structuredContent }, { op, expected, tracer });

test("what the answer holds as it was given is no stray", () => {
  expect(strays({ ticket: op, n: 7, list: [{ a: "x" }] }, { "$.ticket": op, "$.n": 7, "$.list[0].a": "x" })).toEqual(
    [],
  );
  expect(strays({ of: { b: 2, a: { d: 4, c: 3 } } }, { "$.of": { a: { c: 3, d: 4 }, b: 2 } })).toEqual([]);
});

test("what is missing, of another type, or another's is told, and of contents nothing but an op's id", () => {
  expect(
    strays({ n: "7", other: "hush-hush 0000f00d.planner.5.1.2" }, { "$.ticket": op, "$.n": 7, "$.other": "mine" }),
  ).toEqual([
    { path: "$.ticket", is: "missing" },
    { path: "$.n", is: "other" },
    { path: "$.other", is: "other", op: "0000f00d.planner.5.1.2" },
  ]);
});

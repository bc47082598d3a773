/** What an answer holds that another call may be asked with. */
import { describe, expect, test } from "vitest";
import { isAbout, outputFor, outputsIn, rowsIn, seenIn } from "../../src/samples/flow.ts";

const answer = {
  structuredContent: {
    resources: [
      { id: "gpu", label: "big" },
      { id: "cpu", label: "small" },
    ],
    next: 7,
    apiToken: "hidden",
    text: "anything",
  },
};

test("the first of a list stands for it, under all names that it may go by", () => {
  expect(outputsIn(answer)).toEqual([
    { path: "$.resources[0].id", names: ["resource_id", "resource", "id"], value: "gpu" },
    { path: "$.resources[0].label", names: ["label", "resource_label"], value: "big" },
    { path: "$.next", names: ["next"], value: 7 },
  ]);
});

test("texts that are JSON are looked into", () => {
  expect(outputsIn({ content: [{ type: "text", text: '{"user":{"name":"ada"}}' }] })).toEqual([
    { path: "$.user.name", names: ["user_name", "user", "name"], value: "ada" },
  ]);
  expect(outputsIn({ content: [{ type: "text", text: "plain" }] })).toEqual([]);
});

test("what may be a secret, and what may be anything, is not handed on", () => {
  expect(Object.keys(seenIn(outputsIn(answer)))).toEqual([
    "resource_id",
    "resource",
    "id",
    "label",
    "resource_label",
    "next",
  ]);
});

test("an argument is from the output whose name says most, and that has its value", () => {
  const outputs = [
    ...outputsIn({ structuredContent: { id: "gpu" } }),
    ...outputsIn(answer),
    ...outputsIn({ structuredContent: { resources: [{ id: "tpu" }] } }),
  ];
  expect(outputFor(outputs, "resourceId", "gpu")?.path).toBe("$.resources[0].id");
  expect(outputFor(outputs, "id", "gpu")?.path).toBe("$.id");
  expect(outputFor(outputs, "resource", "other")).toBeUndefined();
});

test("an answer without end is looked at in part", () => {
  let deep: unknown = 1;
  for (let n = 0; n < 5000; n += 1) deep = { a: deep };
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, n]));
  expect(outputsIn({ structuredContent: { deep } })).toEqual([]);
  expect(outputsIn({ structuredContent: wide })).toHaveLength(200);
});

describe("lists that a write may add to", () => {
  test("are found by their path, and by their name what they are about", () => {
    const [rows] = rowsIn({ structuredContent: { graph: { entities: [] } } });
    if (rows === undefined) throw new Error("no list was found");
    expect(rows).toEqual({ path: "$.graph.entities", name: "entities" });
    expect(isAbout("create_entities", rows)).toBe(true);
    expect(isAbout("add-entity", rows)).toBe(true);
    expect(isAbout("delete_relations", rows)).toBe(false);
  });
});

/** What a change of a tool's definition means for who goes by the one before. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { toolChanges } from "../../src/checks/tool-changes.ts";
import { listingOf } from "../../src/steps/listing.ts";

type Schema = Readonly<Record<string, unknown>>;

const object = (properties: Schema, required: readonly string[] = [], more: Schema = {}): Schema => ({
  type: "object",
  properties,
  required,
  ...more,
});
const taking = (inputSchema: Schema) => listingOf([{ name: "Find", inputSchema }]).entries;
const giving = (outputSchema?: Schema) =>
  listingOf([{ name: "Find", inputSchema: {}, ...(outputSchema === undefined ? {} : { outputSchema }) }]).entries;
const said = (...[before, after]: Parameters<typeof toolChanges>): string[] =>
  toolChanges(before, after).map(({ is, says }) => `${is}: ${says}`);

const text = { type: "string" };

test.each<[string, Schema, Schema, string[]]>([
  ["a new parameter that is due", object({}), object({ a: text }, ["a"]), ["breaking: Find requires a, which is new"]],
  ["a new parameter that is not", object({}), object({ a: text }), ["harmless: Find may take a"]],
  [
    "one that becomes due",
    object({ a: text }),
    object({ a: text }, ["a"]),
    ["breaking: Find requires a, which was optional"],
  ],
  ["one that is due no more", object({ a: text }, ["a"]), object({ a: text }), ["harmless: Find no more requires a"]],
  ["one that goes", object({ a: text }), object({}), ["breaking: Find takes no a any more"]],
  [
    "another type",
    object({ a: text }),
    object({ a: { type: "number" } }),
    ["breaking: Find takes a as number, not string"],
  ],
  [
    "a wider type",
    object({ a: { type: "integer" } }),
    object({ a: { type: "number" } }),
    ["harmless: Find takes a as number, not integer"],
  ],
  [
    "fewer values",
    object({ a: { enum: ["x", "y"] } }),
    object({ a: { enum: ["x"] } }),
    ["breaking: Find takes fewer values of a"],
  ],
  [
    "more values",
    object({ a: { enum: ["x"] } }),
    object({ a: { enum: ["x", "y"] } }),
    ["harmless: Find takes more values of a"],
  ],
  [
    "other bounds, of which nobody can tell",
    object({ a: { ...text, maxLength: 9 } }),
    object({ a: { ...text, maxLength: 5 } }),
    ["meaning: Find has other bounds on a"],
  ],
  [
    "what lies deeper",
    object({ filter: object({ by: text }) }),
    object({ filter: object({ by: text, of: text }, ["of"]) }),
    ["breaking: Find requires filter.of, which is new"],
  ],
  [
    "words of a parameter",
    object({ a: { ...text, description: "an id" } }),
    object({ a: { ...text, description: "all you know" } }),
    ["meaning: Find describes its fields otherwise"],
  ],
  ["keys in another order", object({ a: text, b: text }), object({ b: text, a: text }), []],
])("what it takes: %s", (_, before, after, changes) => {
  expect(said(taking(before), taking(after))).toEqual(changes);
});

test.each<[string, Schema | undefined, Schema | undefined, string[]]>([
  ["a field goes", object({ a: text }), object({}), ["breaking: Find gives no a any more"]],
  ["a field comes", object({}), object({ a: text }), ["harmless: Find gives a as well"]],
  ["a field may be missing", object({ a: text }, ["a"]), object({ a: text }), ["breaking: Find may leave out a"]],
  [
    "more types",
    object({ a: text }),
    object({ a: { type: ["string", "null"] } }),
    ["breaking: Find gives a as null or string, not string"],
  ],
  ["no word of it", object({ a: text }), undefined, ["breaking: Find no more says what it gives"]],
  ["the first word of it", undefined, object({ a: text }), ["harmless: Find says what it gives"]],
])("what it gives: %s", (_, before, after, changes) => {
  expect(said(giving(before), giving(after))).toEqual(changes);
});

test("tools that go and come are told by their names", () => {
  const [find, look] = [listingOf([{ name: "Find" }]).entries, listingOf([{ name: "Look" }]).entries];
  expect(said(find, look)).toEqual(["breaking: Find is listed no more", "harmless: Look has come"]);
});

test("whatever a server lists, the same list has not changed, and any schema can be compared", () => {
  const entry = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    inputSchema: fc.jsonValue(),
    outputSchema: fc.jsonValue(),
    description: fc.string(),
  });
  const entries = fc.uniqueArray(entry, { selector: ({ name }) => name });
  fc.assert(
    fc.property(entries, entries, (one, other) => {
      expect(toolChanges(listingOf(one).entries, listingOf(one.toReversed()).entries)).toEqual([]);
      const same = listingOf(one).digest === listingOf(other).digest;
      const changes = toolChanges(listingOf(one).entries, listingOf(other).entries);
      if (same) expect(changes).toEqual([]);
    }),
    { seed: 42, numRuns: 300 },
  );
});

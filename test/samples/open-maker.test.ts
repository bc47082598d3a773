/** Schemas that are made to hold up whoever reads them: the thread ends, the next tool is none the worse for it. */
import { afterAll, describe, expect, test } from "vitest";
import { openMaker } from "../../src/samples/open-maker.ts";
import { realWorld } from "../../src/world.ts";

const maker = openMaker({ world: realWorld, patienceMs: 5000 });
afterAll(() => maker.close());

const ask = (inputSchema: unknown) => maker.argumentsFor({ name: "tool", inputSchema }, { seed: 1, count: 3 });
const taking = (thing: unknown, more: object = {}) => ({
  type: "object",
  properties: { thing },
  required: ["thing"],
  ...more,
});

function nested(depth: number): object {
  let schema: object = { type: "string" };
  for (let n = 0; n < depth; n += 1) schema = { type: "object", properties: { a: schema }, required: ["a"] };
  return schema;
}

const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`p${n}`, { type: "string" }]));
/** Each refers twice to the next: doubled forty times over. */
const doubling = Object.fromEntries(
  Array.from({ length: 40 }, (_, n) => [
    `d${n}`,
    {
      type: "object",
      required: ["l", "r"],
      properties: { l: { $ref: `#/$defs/d${n + 1}` }, r: { $ref: `#/$defs/d${n + 1}` } },
    },
  ]),
);

describe("hostile schemas", () => {
  test.each([
    ["10,000 members that may be given", { type: "object", properties: many }, "made"],
    [
      "10,000 members that must be given",
      { type: "object", properties: many, required: Object.keys(many) },
      "wants 10000",
    ],
    [
      "a pattern that takes years",
      taking({ type: "string", pattern: "^(a+)+$", minLength: 30, maxLength: 31 }),
      undefined,
    ],
    [
      "a pattern of all there is",
      taking({ type: "string", pattern: `^${"(a|b)?".repeat(200)}${"a".repeat(200)}$` }),
      undefined,
    ],
    ["a thousand levels", nested(1000), "nested more than"],
    ["four thousand levels", nested(4000), undefined],
    ["a hundred thousand levels", nested(100_000), "cannot be gone through"],
    [
      "references that double",
      taking({ $ref: "#/$defs/d0" }, { $defs: { ...doubling, d40: { type: "string" } } }),
      undefined,
    ],
    [
      "a circle of references",
      taking({ $ref: "#/$defs/a" }, { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } }),
      "itself",
    ],
    ["itself in each of all", { type: "object", allOf: [{ $ref: "#" }, { $ref: "#" }] }, undefined],
    [
      "lists of lists of lists",
      taking({
        type: "array",
        minItems: 100,
        items: { type: "array", minItems: 100, items: { type: "array", minItems: 100 } },
      }),
      "wants lists",
    ],
    [
      "names that are not for objects",
      taking({ type: "object", properties: { ["__proto__"]: { type: "string" } }, required: ["__proto__"] }),
      undefined,
    ],
  ])(
    "%s: it is over, with arguments or the reason why not",
    async (_, schema, says) => {
      const made = await ask(schema);
      if (says === "made") expect(made.is).toBe("made");
      else if (says !== undefined) expect(made).toMatchObject({ is: "none", says: expect.stringContaining(says) });
      else expect(["made", "none"]).toContain(made.is);
      // Whatever that one has done to the thread.
      expect(await ask(taking({ const: 7 }))).toEqual({
        is: "made",
        samples: [{ args: { thing: 7 }, from: { thing: "const" } }],
      });
    },
    60_000,
  );
});

test("what takes longer than its patience is ended, and told", async () => {
  const slow = openMaker({ world: realWorld, patienceMs: 300 });
  try {
    // No word fits, and what is made is tried against a pattern whose time doubles with each letter.
    const pattern = "^(([a-z ]+)+)+![0-9]$";
    const properties = { thing: { type: "string", examples: ["amber ".repeat(12)], pattern } };
    const made = await slow.argumentsFor(
      { name: "tool", inputSchema: taking(properties.thing) },
      { seed: 1, count: 1 },
    );
    expect(made).toEqual({ is: "none", path: "", says: "takes more than 0.3 s to make one from" });
    expect(await slow.argumentsFor({ name: "tool", inputSchema: { type: "object" } }, { seed: 1, count: 1 })).toEqual({
      is: "made",
      samples: [{ args: {}, from: {} }],
    });
  } finally {
    await slow.close();
  }
}, 60_000);

/** Arguments out of schemas: what is made is what the schema allows, the surest source first, the same for the same seed. */
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromInWords, listedTool, type Arguments, type Sample, type Wanted } from "../../src/samples/arguments.ts";
import { makeArguments } from "../../src/samples/make.ts";

const wanted: Wanted = { seed: 42, count: 5 };

function samplesOf(made: Arguments): readonly Sample[] {
  if (made.is === "none") throw new Error(`none: ${made.path} ${made.says}`);
  return made.samples;
}

const made = (properties: object, more: object = {}, asked: Partial<Wanted> = {}): readonly Sample[] =>
  samplesOf(
    makeArguments(
      {
        name: "tool",
        inputSchema: { type: "object", properties, required: Object.keys(properties), ...more },
      },
      { ...wanted, ...asked },
    ),
  );

const first = (schema: object, asked: Partial<Wanted> = {}): { value: unknown; from: string | undefined } => {
  const [sample] = made({ thing: schema }, {}, asked);
  return { value: sample?.args["thing"], from: sample?.from["thing"] };
};

const none = (inputSchema: unknown): string => {
  const found = makeArguments({ name: "tool", inputSchema }, wanted);
  return found.is === "none" ? `${found.path}: ${found.says}` : JSON.stringify(found.samples);
};

describe("the surest source comes first", () => {
  test.each([
    ["examples", { type: "string", examples: ["a"], default: "b", enum: ["a", "b"] }, "a"],
    ["default", { type: "string", default: "b", enum: ["a", "b"] }, "b"],
    ["const", { const: 7 }, 7],
    ["enum", { enum: ["only"] }, "only"],
  ])("%s", (from, schema, value) => {
    expect(first(schema)).toEqual({ value, from });
  });

  test("an example or a default that the schema does not allow is passed over", () => {
    expect(first({ type: "integer", examples: ["many"], default: null, minimum: 3, maximum: 3 })).toEqual({
      value: 3,
      from: "bounds",
    });
    expect(first({ type: "string", default: "c", enum: ["a"] })).toEqual({ value: "a", from: "enum" });
  });

  test("a name is a guess, and only where the schema is silent", () => {
    expect(made({ city: { type: "string" } }).map(({ from }) => from)).toContainEqual({ city: "name" });
    expect(made({ city: { type: "string", enum: ["Rome"] } })[0]).toEqual({
      args: { city: "Rome" },
      from: { city: "enum" },
    });
  });

  test("what the server itself has answered under that name is better than a guess", () => {
    const seen = { noteId: ["n-17"], other: [1] };
    const [sample] = made({ note_id: { type: "string" } }, {}, { seen });
    expect(sample).toEqual({ args: { note_id: "n-17" }, from: { note_id: "seen" } });
  });

  test("a person's own come before all, as they are", () => {
    const given = [{ anything: true }];
    const samples = made({ thing: { type: "string" } }, {}, { given, count: 2 });
    expect(samples[0]).toEqual({ args: { anything: true }, from: { anything: "samples file" } });
    expect(samples).toHaveLength(2);
  });

  test("whole calls that the schema shows are taken, where they fit", () => {
    const examples = [{ thing: "shown" }, { thing: 5 }];
    expect(made({ thing: { type: "string" } }, { examples })[0]).toEqual({
      args: { thing: "shown" },
      from: { thing: "examples" },
    });
  });
});

test("what no file of text could hold is not made", () => {
  const examples = ["\ud800", { ["__proto__"]: 1 }, "fine"];
  for (const { args } of made({ thing: { examples } })) expect(args).toEqual({ thing: "fine" });
});

describe("what is left out, and what is not", () => {
  test("the first has only what is required, later ones have more", () => {
    const samples = made({ a: { type: "string" }, b: { type: "integer" } }, { required: ["a"] }, { count: 8 });
    expect(Object.keys(samples[0]?.args ?? {})).toEqual(["a"]);
    expect(samples.some(({ args }) => "b" in args)).toBe(true);
  });

  test("a tool that takes nothing is called with nothing, once", () => {
    expect(made({})).toEqual([{ args: {}, from: {} }]);
    expect(samplesOf(makeArguments({ name: "tool", inputSchema: {} }, wanted))).toHaveLength(1);
  });

  test("null is given only where nothing else may be", () => {
    for (const { args } of made({ thing: { anyOf: [{ type: "null" }, { type: "integer", minimum: 1 }] } })) {
      expect(args["thing"]).toBeTypeOf("number");
    }
    expect(first({ type: "null" }).value).toBeNull();
  });

  test("a list that refers to itself ends", () => {
    const $defs = {
      node: { type: "object", properties: { kids: { type: "array", items: { $ref: "#/$defs/node" } } } },
    };
    expect(made({ root: { $ref: "#/$defs/node" } }, { $defs }).length).toBeGreaterThan(0);
  });
});

describe("formats are what validators take them for, and nobody's", () => {
  const ajv = addFormats.default(new Ajv2020({ strict: false }));
  test.each([
    "uri",
    "email",
    "date-time",
    "date",
    "time",
    "uuid",
    "ipv4",
    "ipv6",
    "hostname",
    "duration",
    "json-pointer",
  ])("%s", (format) => {
    const samples = made({ thing: { type: "string", format } });
    expect(samples.map(({ from }) => from["thing"])).toContain("format");
    for (const { args } of samples) expect(ajv.validate({ type: "string", format }, args["thing"])).toBe(true);
  });
});

describe("why none can be made is said with the place", () => {
  test.each([
    [undefined, ": the tool lists no inputSchema"],
    [{ type: "object", required: ["a"], properties: { a: false } }, "properties.a: allows nothing"],
    [
      { type: "object", required: ["a"], properties: { a: { $ref: "#/$defs/gone" } }, $defs: {} },
      'properties.a["$ref"]: refers to what is not there',
    ],
    [
      {
        type: "object",
        required: ["a"],
        properties: { a: { $ref: "#/$defs/a" } },
        $defs: { a: { $ref: "#/$defs/a" } },
      },
      'properties.a["$ref"]: refers to itself without end',
    ],
    [
      { type: "object", required: ["a"], properties: { a: { type: "string", pattern: "(?=x)(?!x)y" } } },
      "properties.a.pattern: is a regular expression that no text can be made from",
    ],
    [
      { type: "object", required: ["a"], properties: { a: { type: "integer", minimum: 3, maximum: 2 } } },
      "properties.a: wants a number from 3 to 2, and there is none",
    ],
    [
      { type: "object", required: ["a"], properties: { a: { type: "string", minLength: 1e9 } } },
      "properties.a.minLength: wants texts of 1000000000 characters",
    ],
    [
      { type: "object", required: ["a"], properties: { a: { type: "array", items: {}, minItems: 1e9 } } },
      "properties.a.minItems: wants lists of 1000000000 items",
    ],
    [{ type: "object", not: {} }, /^: nothing that was made fits the whole schema/],
  ])("%j", (schema, says) => {
    expect(none(schema)).toEqual(typeof says === "string" ? says : expect.stringMatching(says));
  });
});

const name = fc.constantFrom("path", "city", "count", "a", "b", "c", "url", "note_id");
const bounds = (least: string, most: string, from: number, to: number) =>
  fc
    .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: 0, max: 12 }), fc.boolean(), fc.boolean())
    .map(([low, more, hasLow, hasHigh]) => ({
      ...(hasLow ? { [least]: low } : {}),
      ...(hasHigh ? { [most]: low + more } : {}),
    }));
const spread = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((all): object => Object.assign({}, ...all));
const typed = (type: string) => fc.constant({ type });

const { schema: anySchema } = fc.letrec<{ schema: object }>((tie) => {
  const inner = tie("schema");
  const properties = fc.dictionary(name, inner, { maxKeys: 4, noNullPrototype: true });
  return {
    schema: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      spread(typed("string"), bounds("minLength", "maxLength", 0, 30)),
      typed("string").map((one) => ({ ...one, format: "uuid" })),
      fc
        .constantFrom("^[a-z]{2,4}$", "[0-9]+", "^(?:red|green)$", "^x-\\d{3}$")
        .map((pattern) => ({ type: "string", pattern })),
      spread(typed("integer"), bounds("minimum", "maximum", -40, 40)),
      spread(typed("number"), bounds("exclusiveMinimum", "maximum", -5, 5)).map((one) =>
        "maximum" in one && "exclusiveMinimum" in one && one.maximum === one.exclusiveMinimum
          ? { type: "number" }
          : one,
      ),
      fc.constantFrom(2, 5, 0.5, 0.1).map((multipleOf) => ({ type: "number", multipleOf, minimum: 0, maximum: 50 })),
      typed("boolean"),
      fc.constant({ type: ["null", "string"] }),
      fc.array(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 3 }).map((some) => ({ enum: some })),
      fc.jsonValue({ maxDepth: 1 }).map((only) => ({ const: only })),
      spread(typed("array"), bounds("minItems", "maxItems", 0, 3), fc.record({ items: inner })),
      fc.constant({
        type: "array",
        uniqueItems: true,
        minItems: 2,
        items: { type: "integer", minimum: 0, maximum: 9 },
      }),
      fc.tuple(properties, fc.boolean()).map(([properties, all]) => ({
        type: "object",
        properties,
        additionalProperties: false,
        required: all ? Object.keys(properties) : [],
      })),
      fc.array(inner, { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
      fc.tuple(inner, fc.constant({ description: "both" })).map((allOf) => ({ allOf })),
    ),
  };
});

const toolSchema = fc.dictionary(name, anySchema, { maxKeys: 4, noNullPrototype: true }).map((properties) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
}));

describe("for any schema of what is known", () => {
  test("there are arguments, each is allowed, and no two are alike", () => {
    fc.assert(
      fc.property(toolSchema, fc.nat(), (inputSchema, seed) => {
        const samples = samplesOf(makeArguments({ name: "tool", inputSchema }, { seed, count: 4 }));
        const ajv = addFormats.default(new Ajv2020({ strict: false }));
        const isAllowed = ajv.compile(inputSchema);
        expect(samples.length).toBeGreaterThan(0);
        expect(samples.filter(({ args }) => !isAllowed(args))).toEqual([]);
        expect(new Set(samples.map(({ args }) => JSON.stringify(args))).size).toBe(samples.length);
        for (const { args, from } of samples) expect(Object.keys(from)).toEqual(Object.keys(args));
      }),
      { numRuns: 60 },
    );
  });

  test("the same seed makes the same arguments", () => {
    fc.assert(
      fc.property(toolSchema, fc.nat(), (inputSchema, seed) => {
        const make = (): Arguments => makeArguments({ name: "tool", inputSchema }, { seed, count: 3 });
        expect(make()).toEqual(make());
      }),
      { numRuns: 50 },
    );
  });
});

test("another seed makes others", () => {
  const some = (seed: number) => made({ n: { type: "integer", minimum: 0, maximum: 1e9 } }, {}, { seed });
  expect(some(1)).not.toEqual(some(2));
});

describe("a tool as it is listed", () => {
  test("what a server says otherwise than the specification is left out", () => {
    expect(
      listedTool({
        name: "a",
        description: 5,
        inputSchema: 1,
        annotations: { readOnlyHint: "yes", idempotentHint: true },
      }),
    ).toEqual({ name: "a", inputSchema: 1, hints: { idempotent: true } });
    expect(listedTool({ inputSchema: {} })).toBeUndefined();
    expect(listedTool("a")).toBeUndefined();
    expect(listedTool({ name: " " })).toBeUndefined();
  });
});

test("where it comes from, in words", () => {
  expect(fromInWords({ from: { path: "name", limit: "default", dir: "name" } })).toBe(
    "path, dir from a guess by name; limit from default",
  );
  expect(fromInWords({ from: {} })).toBe("it takes nothing");
});

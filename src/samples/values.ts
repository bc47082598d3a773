/** From a JSON Schema to values that it allows, as generators: the surest source first, a guess last. */
import { array, boolean, constant, constantFrom, oneof, record, tuple, uniqueArray, type Arbitrary } from "fast-check";
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";
import type { Source } from "./arguments.ts";
import { sameName } from "./name-guesses.ts";
import { numbersFor } from "./numbers.ts";
import {
  both,
  dereferenced,
  fitsType,
  listIn,
  numberIn,
  trouble,
  typesIn,
  type Place,
  type Trouble,
} from "./schema.ts";
import { textsFor } from "./texts.ts";

export type Made = {
  readonly is: "made";
  readonly arbitrary: Arbitrary<unknown>;
  readonly from: Source;
  /** Of an object: where each of its members is from. */
  readonly members?: Readonly<Record<string, Source>>;
  /** It is null, whatever is drawn. */
  readonly isNull?: true;
};

const depthMost = 32;
const choicesMost = 100;

export function valuesFor(given: unknown, around: Place): Made | Trouble {
  if (given === false) return trouble(around, "allows nothing");
  const bare = given === true ? {} : given;
  if (!isObject(bare)) return trouble(around, "is no schema");
  around.budget.left -= 1;
  if (around.budget.left < 0) return trouble(around, "is part of a schema that is too large");
  if (around.depth > depthMost) return trouble(around, `is nested more than ${depthMost} levels deep`);
  const found = dereferenced(bare, around);
  if ("is" in found) return found;
  const { schema, place } = found;
  return said(schema, place) ?? joint(schema, place) ?? chosen(schema, place) ?? byType(schema, place);
}

/** Values that the schema itself, or an answer of the same server, has. */
function said(schema: JsonObject, { name, seen, withOptionals }: Place): Made | undefined {
  const { examples, example, const: only, enum: few } = schema;
  const used = Object.entries(seen).flatMap(([one, values]) => (name !== "" && sameName(one, name) ? values : []));
  const offers: readonly (readonly [Source, readonly unknown[]])[] = [
    ["examples", [...listIn(examples), ...(example === undefined ? [] : [example])]],
    ["default", "default" in schema ? [schema["default"]] : []],
    ["const", "const" in schema ? [only] : []],
    ["enum", listIn(few)],
    ["seen", used],
  ];
  for (const [from, values] of offers) {
    const isOne = (value: unknown): boolean =>
      listIn(few).length === 0 || listIn(few).some((one) => sameJson(one, value));
    const fitting = values.filter((value) => fitsType(value, schema) && isOne(value)).slice(0, choicesMost);
    // Whoever must give something gives something.
    const filled = fitting.filter((value) => value !== null && (withOptionals || value !== ""));
    const [first, ...others] = filled.length > 0 ? filled : from === "const" || from === "enum" ? fitting : [];
    if (first !== undefined) return { is: "made", arbitrary: constantFrom(first, ...others), from };
  }
  return undefined;
}

const sameJson = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** allOf: all of them at once. */
function joint({ allOf, ...own }: JsonObject, place: Place): Made | Trouble | undefined {
  if (allOf === undefined) return undefined;
  let whole: JsonObject = own;
  for (const [index, part] of listIn(allOf).entries()) {
    const inside = { ...place, path: [...place.path, "allOf", index] };
    if (part === false) return trouble(inside, "allows nothing");
    place.budget.left -= 1;
    if (place.budget.left < 0) return trouble(inside, "is part of a schema that is too large");
    const found = dereferenced(isObject(part) ? part : {}, inside);
    if ("is" in found) return found;
    whole = both(whole, found.schema);
  }
  return valuesFor(whole, { ...place, depth: place.depth + 1 });
}

/** anyOf and oneOf: whichever can be made; nothing (null) only where nothing else can. */
function chosen(schema: JsonObject, place: Place): Made | Trouble | undefined {
  const key = ["anyOf", "oneOf"].find((one) => Array.isArray(schema[one]));
  if (key === undefined) return undefined;
  const { [key]: alternatives, ...own } = schema;
  const builds = listIn(alternatives)
    .slice(0, choicesMost)
    .map((alternative, index) => {
      const inside = { ...place, path: [...place.path, key, index], depth: place.depth + 1 };
      const found = isObject(alternative) ? dereferenced(alternative, inside) : undefined;
      if (found !== undefined && "is" in found) return found;
      if (alternative === false) return trouble(inside, "allows nothing");
      return valuesFor(both(own, found?.schema ?? {}), found?.place ?? inside);
    });
  return oneOf(builds, place, `${key} has nothing that can be made`);
}

function oneOf(builds: readonly (Made | Trouble)[], place: Place, says: string): Made | Trouble {
  const all = builds.filter((build) => build.is === "made");
  const filled = all.filter(({ isNull }) => isNull !== true);
  const made = filled.length > 0 ? filled : all;
  const [first, ...others] = made;
  if (first === undefined) return builds.find((build) => build.is === "none") ?? trouble(place, says);
  if (others.length === 0) return first;
  const members = Object.assign({}, ...made.map((one) => one.members ?? {})) as Record<string, Source>;
  return { ...first, arbitrary: oneof(...made.map(({ arbitrary }) => arbitrary)), members };
}

function byType(schema: JsonObject, place: Place): Made | Trouble {
  const named = typesIn(schema["type"]);
  if (schema["type"] !== undefined && named.length === 0) return trouble(place, "names no type that can hold", "type");
  const types = named.length > 0 ? named : [typeBySigns(schema)];
  const builds = types.filter((type) => type !== "null").map((type) => ofType(type, schema, place));
  const isNull = types.includes("null") && !builds.some(({ is }) => is === "made");
  return isNull
    ? { is: "made", arbitrary: constant(null), from: "type", isNull: true }
    : oneOf(builds, place, "has no type that can be made");
}

const signs: readonly (readonly [string, readonly string[]])[] = [
  ["object", ["properties", "required", "additionalProperties", "minProperties"]],
  ["array", ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
];

function typeBySigns(schema: JsonObject): string {
  return signs.find(([, keys]) => keys.some((key) => key in schema))?.[0] ?? "string";
}

function ofType(type: string, schema: JsonObject, place: Place): Made | Trouble {
  switch (type) {
    case "string":
      return textsFor(schema, place);
    case "integer":
    case "number":
      return numbersFor(schema, place, type === "integer");
    case "boolean":
      return { is: "made", arbitrary: boolean(), from: "type" };
    case "array":
      return listsFor(schema, place);
    case "object":
      return objectsFor(schema, place);
    default:
      return trouble(place, `is of a type that JSON does not have`, "type");
  }
}

const itemsMost = 1000;
const weightMost = 10_000;

function listsFor(schema: JsonObject, place: Place): Made | Trouble {
  const { items, prefixItems } = schema;
  const least = Math.ceil(numberIn(schema, "minItems") ?? 0);
  const most = Math.floor(numberIn(schema, "maxItems") ?? Number.MAX_SAFE_INTEGER);
  const weight = place.weight * Math.max(1, least);
  if (least > itemsMost || weight > weightMost) return trouble(place, `wants lists of ${least} items`, "minItems");
  if (least > most) return trouble(place, `wants at least ${least} and at most ${most} items`);
  const at = (key: string, ...more: number[]): Place => ({
    ...place,
    path: [...place.path, key, ...more],
    depth: place.depth + 1,
    weight,
  });
  const fixedKey = Array.isArray(items) ? "items" : "prefixItems";
  const fixed = listIn(Array.isArray(items) ? items : prefixItems).slice(0, Math.min(most, itemsMost));
  const from: Source = least > 0 || schema["maxItems"] !== undefined ? "bounds" : "type";
  if (fixed.length > 0) {
    const builds = fixed.map((item, index) => valuesFor(item, at(fixedKey, index)));
    const wrong = builds.find((build) => build.is === "none");
    if (wrong !== undefined) return wrong;
    const arbitraries = builds.flatMap((build) => (build.is === "made" ? [build.arbitrary] : []));
    if (arbitraries.length >= least) return { is: "made", arbitrary: tuple(...arbitraries), from };
    return trouble(place, `wants at least ${least} items`, "minItems");
  }
  const item = valuesFor(items ?? {}, at("items"));
  if (item.is === "none") return least === 0 ? { is: "made", arbitrary: constant([]), from } : item;
  const lengths = { minLength: least === 0 && most > 0 ? 1 : least, maxLength: Math.min(most, Math.max(least, 1) + 2) };
  const isUnique = schema["uniqueItems"] === true;
  const arbitrary = isUnique
    ? uniqueArray(item.arbitrary, { ...lengths, selector: (value) => JSON.stringify(value) })
    : array(item.arbitrary, lengths);
  return { is: "made", arbitrary, from };
}

const requiredMost = 500;
const optionalsMost = 20;
const optionalDepthMost = 6;
/** What is left out does no harm, so that little is spent on it. */
const optionalBudget = 200;

function objectsFor(schema: JsonObject, place: Place): Made | Trouble {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = new Set(listIn(schema["required"]).filter((name) => typeof name === "string"));
  if (required.size > requiredMost) return trouble(place, `wants ${required.size} members`, "required");
  const built = new Map<string, Made>();
  for (const name of required) {
    const build = valuesFor(...memberOf({ schema, properties, name, place }));
    if (build.is === "none") return build;
    built.set(name, build);
  }
  const least = Math.ceil(numberIn(schema, "minProperties") ?? 0);
  const needsMore = least > required.size;
  if ((place.withOptionals || needsMore) && place.depth <= optionalDepthMost) {
    const optionals = Object.keys(properties).filter((name) => !required.has(name));
    for (const name of optionals.slice(0, Math.max(optionalsMost, Math.min(least, requiredMost)))) {
      const left = Math.min(place.budget.left, optionalBudget);
      const [member, inside] = memberOf({ schema, properties, name, place });
      const budget = { left };
      const build = valuesFor(member, { ...inside, budget });
      place.budget.left -= left - Math.max(0, budget.left);
      if (build.is === "made") built.set(name, build);
    }
  }
  if (built.size < least) {
    const extras = fillers(schema, place, least - built.size);
    if ("is" in extras) return extras;
    for (const [name, build] of extras) built.set(name, build);
  }
  const model = Object.fromEntries([...built].map(([name, { arbitrary }]) => [name, arbitrary]));
  const needed = needsMore ? [...built.keys()] : [...required];
  return {
    is: "made",
    arbitrary: record(model, { requiredKeys: needed, noNullPrototype: true }),
    from: "type",
    members: Object.fromEntries([...built].map(([name, { from }]) => [name, from])),
  };
}

interface Member {
  readonly schema: JsonObject;
  readonly properties: JsonObject;
  readonly name: string;
  readonly place: Place;
}

function memberOf({ schema, properties, name, place }: Member): [unknown, Place] {
  const isNamed = Object.hasOwn(properties, name);
  const path = isNamed ? [...place.path, "properties", name] : [...place.path, "additionalProperties"];
  const member = isNamed ? properties[name] : (schema["additionalProperties"] ?? true);
  return [member, { ...place, path, name, depth: place.depth + 1 }];
}

/** Members of no particular name, where so many are wanted. */
function fillers(schema: JsonObject, place: Place, count: number): Map<string, Made> | Trouble {
  if (count > requiredMost) return trouble(place, `wants ${count} members more than it names`, "minProperties");
  const extras = new Map<string, Made>();
  for (let n = 1; n <= count; n += 1) {
    const name = `extra${n}`;
    const build = valuesFor(...memberOf({ schema, properties: {}, name, place }));
    if (build.is === "none") return build;
    extras.set(name, build);
  }
  return extras;
}

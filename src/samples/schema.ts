/** Reading a JSON Schema that somebody else wrote: what it refers to, and several that must hold at once as one. */
import type { Path } from "../scenario/mistakes.ts";
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";

/** Where in the schema one is, and how much more may be gone into. Shared by all below it: `budget`. */
export interface Place {
  readonly root: JsonObject;
  readonly path: Path;
  /** The name of the argument, where it has one. */
  readonly name: string;
  readonly depth: number;
  readonly refs: number;
  /** How many values one value here makes, at least: lists of lists multiply. */
  readonly weight: number;
  readonly budget: { left: number };
  readonly withOptionals: boolean;
  readonly seen: Readonly<Record<string, readonly unknown[]>>;
}

export interface Trouble {
  readonly is: "none";
  readonly path: Path;
  readonly says: string;
}

export const trouble = ({ path }: Pick<Place, "path">, says: string, ...more: Path): Trouble => ({
  is: "none",
  path: [...path, ...more],
  says,
});

const refsMost = 16;

/** The same schema with what it refers to in it. */
export function dereferenced(schema: JsonObject, place: Place): { schema: JsonObject; place: Place } | Trouble {
  const { $ref: ref, ...rest } = schema;
  if (ref === undefined) return { schema, place };
  if (typeof ref !== "string") return trouble(place, "is no reference", "$ref");
  if (place.refs >= refsMost) return trouble(place, "refers to itself without end", "$ref");
  if (!ref.startsWith("#")) return trouble(place, "refers to something outside of this schema", "$ref");
  const target = at(place.root, ref.slice(1));
  if (target === undefined) return trouble(place, "refers to what is not there", "$ref");
  if (target === false) return trouble(place, "refers to what allows nothing", "$ref");
  const found = isObject(target) ? target : {};
  const merged = Object.keys(rest).length === 0 ? found : both(found, rest);
  return dereferenced(merged, { ...place, refs: place.refs + 1 });
}

function at(root: JsonObject, pointer: string): unknown {
  const steps = pointer.split("/").slice(1);
  return steps.reduce<unknown>((node, step) => {
    const key = decoded(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(node)) return node[Number(key)] as unknown;
    return isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }, root);
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** What both allow, as far as that can be said in one schema; what cannot is seen when a value is tried. */
export function both(one: JsonObject, other: JsonObject): JsonObject {
  const joined: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = joined[key];
    joined[key] = before === undefined ? value : (joins[key]?.(before, value) ?? value);
  }
  return joined;
}

type Join = (one: unknown, other: unknown) => unknown;

const greater: Join = (one, other) => Math.max(Number(one), Number(other));
const lesser: Join = (one, other) => Math.min(Number(one), Number(other));
const chained: Join = (one, other) => [...listIn(one), ...listIn(other)];
const common: Join = (one, other) => {
  const texts = new Set(listIn(other).map((value) => JSON.stringify(value)));
  return listIn(one).filter((value) => texts.has(JSON.stringify(value)));
};
const members: Join = (one, other) => {
  if (!isObject(one) || !isObject(other)) return other;
  const merged = new Map(Object.entries(one));
  for (const [name, schema] of Object.entries(other)) {
    const before = merged.get(name);
    merged.set(name, isObject(before) && isObject(schema) ? both(before, schema) : schema);
  }
  return Object.fromEntries(merged);
};
const types: Join = (one, other) => {
  const wanted = typesIn(other);
  // Each integer is a number.
  return typesIn(one).flatMap((type) => {
    if (wanted.includes(type)) return [type];
    const isInteger =
      (type === "number" && wanted.includes("integer")) || (type === "integer" && wanted.includes("number"));
    return isInteger ? ["integer"] : [];
  });
};

const joins: Readonly<Record<string, Join>> = {
  properties: members,
  $defs: members,
  definitions: members,
  required: chained,
  allOf: chained,
  type: types,
  enum: common,
  minimum: greater,
  exclusiveMinimum: greater,
  minLength: greater,
  minItems: greater,
  minProperties: greater,
  maximum: lesser,
  exclusiveMaximum: lesser,
  maxLength: lesser,
  maxItems: lesser,
  maxProperties: lesser,
  items: (one, other) => (isObject(one) && isObject(other) ? both(one, other) : other),
};

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function typesIn(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((type) => typeof type === "string");
}

/** A number of the schema's own, if it is one. */
export function numberIn(schema: JsonObject, key: string): number | undefined {
  const value = schema[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Whether a value is of a type that the schema names: servers give examples and defaults that are not. */
export function fitsType(value: unknown, schema: JsonObject): boolean {
  const named = typesIn(schema["type"]);
  return named.length === 0 || named.some((type) => isOf(type, value));
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

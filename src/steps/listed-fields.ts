/** What a tool takes or gives by its JSON Schema, flat, so that two of them can be compared field by field. */
import type { ListedField, ListedFields } from "../history/listing.ts";
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";

/** Undefined where it cannot be told in full: then only the digest of the whole tells that it has changed. */
export function fieldsOf(schema: unknown, digestOf: (value: unknown) => string): ListedFields | undefined {
  if (!isObject(schema)) return undefined;
  const fields = new Map<string, ListedField>();
  const waiting: Place[] = [{ schema, path: "", depth: 0 }];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (place.depth > depthMax || fields.size > fieldsMax) return undefined;
    waiting.push(...below(place));
    if (place.path !== "") fields.set(place.path, fieldOf(place, digestOf));
    else if (hasMore(place.schema)) fields.set("", { bounds: digestOf(bounding(place.schema)) });
  }
  const flat = Object.fromEntries([...fields].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return fields.size > fieldsMax ? undefined : flat;
}

interface Place {
  readonly schema: JsonObject;
  readonly path: string;
  readonly depth: number;
  readonly required?: boolean;
}

const depthMax = 6;
const fieldsMax = 200;
const valuesMax = 100;
const pathLettersMax = 200;

/** What only tells people something, and what is followed by itself. */
const notBounding: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$comment",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "type",
  "properties",
  "required",
  "items",
  "enum",
  "const",
]);

function below({ schema, path, depth }: Place): Place[] {
  const { properties, required, items } = schema;
  const needed = new Set(Array.isArray(required) ? required : []);
  const places: Place[] = [];
  for (const [name, inner] of Object.entries(isObject(properties) ? properties : {})) {
    const at = (path === "" ? name : `${path}.${name}`).slice(0, pathLettersMax);
    // A schema may be no more than true or false.
    places.push({
      schema: isObject(inner) ? inner : { not: inner !== true },
      path: at,
      depth: depth + 1,
      required: needed.has(name),
    });
  }
  if (isObject(items)) places.push({ schema: items, path: `${path}[]`.slice(0, pathLettersMax), depth: depth + 1 });
  return places;
}

function fieldOf({ schema, required }: Place, digestOf: (value: unknown) => string): ListedField {
  const { type, enum: several, const: one } = schema;
  const types = (Array.isArray(type) ? type : [type]).filter((name): name is string => typeof name === "string");
  const values = Array.isArray(several) ? several : one === undefined ? undefined : [one];
  const isFew = values !== undefined && values.length <= valuesMax;
  const bounds = { ...bounding(schema), ...(values === undefined || isFew ? {} : { enum: values }) };
  return {
    ...(types.length === 0 ? {} : { types: types.toSorted() }),
    ...(required === true ? { required: true } : {}),
    ...(isFew ? { values: values.map(digestOf).toSorted() } : {}),
    ...(Object.keys(bounds).length === 0 ? {} : { bounds: digestOf(bounds) }),
  };
}

function bounding(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(([key, value]) => !notBounding.has(key) || (key === "items" && !isObject(value))),
  );
}

function hasMore(schema: JsonObject): boolean {
  return Object.keys(bounding(schema)).length > 0;
}

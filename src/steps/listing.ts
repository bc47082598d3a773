/** What a server listed, kept as digests: so that two lists can be compared, and neither is stored. */
import { hash } from "node:crypto";
import type { ListedEntry, Listing } from "../history/listing.ts";
import { isObject } from "../wire/lean-rpc.ts";
import { fieldsOf } from "./listed-fields.ts";

export function listingOf(entries: readonly unknown[]): Listing {
  let fields = 0;
  const listed = entries.slice(0, entriesMax).map((entry) => {
    const { takes, gives, ...named } = entryOf(entry);
    const own = [takes, gives].flatMap((of) => Object.keys(of ?? {})).length;
    if (fields + own > fieldsMax) return named;
    fields += own;
    return { ...named, ...(takes === undefined ? {} : { takes }), ...(gives === undefined ? {} : { gives }) };
  });
  return { digest: digestOf(entries), count: entries.length, entries: listed };
}

/** A hostile server must not fill the history; what is left out is still in the digest of the whole. */
const entriesMax = 1000;
const fieldsMax = 5000;
const digestLetters = 12;
const nameLettersMax = 200;
// Schemas are far flatter.
const depthMax = 64;

function entryOf(entry: unknown): ListedEntry {
  if (!isObject(entry)) return { name: "", parts: { "": digestOf(entry) } };
  const name = entry["name"] ?? entry["uri"];
  const parts = Object.entries(entry).filter(([key]) => key !== "name" && key !== "_meta");
  const takes = fieldsOf(entry["inputSchema"], digestOf);
  const gives = fieldsOf(entry["outputSchema"], digestOf);
  return {
    name: typeof name === "string" ? name.slice(0, nameLettersMax) : "",
    parts: Object.fromEntries(parts.map(([key, part]) => [key, digestOf(part)])),
    ...(takes === undefined ? {} : { takes }),
    ...(gives === undefined ? {} : { gives }),
  };
}

function digestOf(value: unknown): string {
  return hash("sha256", JSON.stringify(ordered(value, 0)) ?? "", "hex").slice(0, digestLetters);
}

/** The order of keys means nothing in JSON. */
function ordered(value: unknown, depth: number): unknown {
  if (depth === depthMax) return "…";
  if (Array.isArray(value)) return value.map((item) => ordered(item, depth + 1));
  if (!isObject(value)) return value;
  const keys = Object.keys(value)
    .filter((key) => key !== "_meta")
    .toSorted();
  return Object.fromEntries(keys.map((key) => [key, ordered(value[key], depth + 1)]));
}

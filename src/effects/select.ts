/** Finding things in what a read-back gave: JSONPath over documents, and columns of rows. */
import { compile, query, type JSONValue } from "json-p3";
import { z } from "zod";
import { messageOf } from "../errors.ts";
import { parsedJson } from "../history/shape.ts";
import { shown } from "../units.ts";

/** A JSONPath, checked when the scenario is loaded. */
export const jsonPath = z.string().check((context) => {
  const says = wrongWithPath(context.value);
  if (says !== undefined) context.issues.push({ code: "custom", input: context.value, message: says });
});

/** The name of a column or of a member, or a JSONPath to something deeper in the row. */
export const fieldPath = z
  .string()
  .min(1)
  .check((context) => {
    const says = context.value.startsWith("$") ? wrongWithPath(context.value) : undefined;
    if (says !== undefined) context.issues.push({ code: "custom", input: context.value, message: says });
  });

function wrongWithPath(path: string): string | undefined {
  try {
    compile(path);
    return undefined;
  } catch (error) {
    return `${shown(path)} is no JSONPath: ${messageOf(error)}`;
  }
}

/** Undefined where there is none. */
export function fieldOf(row: unknown, path: string): unknown {
  if (path.startsWith("$")) return valuesAt(opened(row), path)[0];
  const field = typeof row === "object" && row !== null ? Reflect.get(row, path) : undefined;
  return field === undefined ? undefined : opened(field);
}

/**
 * The rows of a document: the list that the path leads to, or all that it leads to. A path that leads nowhere is a
 * failed read: an answer that is no list of rows must not be taken for an empty one.
 */
export function rowsAt(document: unknown, path: string): readonly unknown[] {
  const found = valuesAt(document, path);
  const [only] = found;
  if (found.length === 1 && Array.isArray(only)) return only;
  if (found.length > 0) return found;
  const hint = path.endsWith("[*]") ? `; where the list may be empty, say ${path.slice(0, -"[*]".length)}` : "";
  throw new Error(`there is nothing at ${path} in the answer${hint}`);
}

export function valuesAt(document: unknown, path: string): readonly unknown[] {
  // It came out of a parser of JSON, or is made of such values.
  return query(path, document as JSONValue).values();
}

/** With JSON that stands in texts as values: databases keep it so, and paths lead into it. */
function opened(value: unknown): unknown {
  if (typeof value === "string") return parsedJson(value) ?? value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, opened(child)]));
}

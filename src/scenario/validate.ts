/** What the schema finds wrong, in our words: what was expected, what was got, and what may have been meant. */
import { z } from "zod";
import { shown } from "../units.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { scenarioSchema } from "./schema.ts";

type Issue = z.core.$ZodIssue;

export function schemaFindings(raw: unknown): Finding[] {
  const parsed = scenarioSchema.safeParse(raw, { reportInput: true });
  return parsed.success ? [] : findingsIn(parsed.error, raw, scenarioSchema);
}

/** The same for whatever else is read by a schema, with its input reported. */
export function findingsIn(error: z.ZodError, raw: unknown, schema: z.ZodType): Finding[] {
  return error.issues.flatMap((issue) => findingsOf(issue, raw, schema));
}

function findingsOf(issue: Issue, raw: unknown, schema: z.ZodType): Finding[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, path, raw);
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        says: "is not known here",
        hint: suggest(
          key,
          known.filter((name) => name !== "$schema"),
        ),
      }));
    }
    case "invalid_type":
      return [{ path, says: typeSays(issue, path), ...quotesHint(issue.input, path) }];
    case "invalid_value": {
      const values = issue.values.map(String);
      const known = values.length === 1 ? `expected ${shown(values[0])}` : `expected one of ${values.join(", ")}`;
      return [{ path, says: `${known}, got ${shown(issue.input)}`, ...hintFor(issue.input, values) }];
    }
    case "invalid_union": {
      const within = mapFaults(issue).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
      if (within.length > 0) return within.flatMap((inner) => findingsOf(inner, raw, schema));
      const kinds = keysOfUnion(schema, path, raw);
      return kinds.length === 0 ? [{ path, says: issue.message }] : [kindFinding(path, valueAt(raw, path), kinds)];
    }
    case "too_small":
      return [{ path, says: tooSmallSays(issue) }];
    case "too_big":
      return [{ path, says: `expected at most ${issue.maximum}, got ${shown(issue.input)}` }];
    case "invalid_key":
      return [{ path, atKey: true, says: issue.issues[0]?.message ?? issue.message }];
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_element":
    case "custom":
      return [{ path, says: issue.message }];
    default:
      return [issue satisfies never];
  }
}

/** Where a value may also be a map, and a map is given: what is wrong with that. */
function mapFaults({ input, errors }: z.core.$ZodIssueInvalidUnion): readonly Issue[] {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return [];
  const ofMap = errors.find((issues) => issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0));
  return ofMap ?? [];
}

function typeSays({ message, expected, input }: z.core.$ZodIssueInvalidType, path: Path): string {
  // A schema that has words of its own for this knows better.
  const own = message.startsWith("expected");
  if (input !== undefined) return own ? message : `expected ${a(expected)}, got ${shown(input)}`;
  if (path.length === 0) return `expected ${a(expected)}, got nothing`;
  return own ? `is missing: ${message.replace(/, got nothing$/, "")}` : "is missing";
}

/** YAML reads `3000` as a number, where a variable or a header is a text. */
function quotesHint(input: unknown, path: Path): { hint?: string } {
  const isText = ["env", "headers", "command"].includes(String(path.at(-2)));
  return isText && ["number", "boolean"].includes(typeof input)
    ? { hint: `write it in quotes: "${shown(input)}"` }
    : {};
}

function kindFinding(path: Path, given: unknown, kinds: readonly string[]): Finding {
  if (typeof given === "string") return { path, says: `there is no kind ${shown(given)}`, hint: suggest(given, kinds) };
  const known = `expected one of ${kinds.join(", ")}`;
  return { path, says: given === undefined ? `is missing: ${known}` : `${known}, got ${shown(given)}` };
}

function tooSmallSays({ origin, minimum, input }: z.core.$ZodIssueTooSmall): string {
  if (origin === "array") return `expected at least ${minimum} entry, got none`;
  if (origin === "string") return "expected a text, got an empty one";
  return `expected at least ${minimum}, got ${shown(input)}`;
}

function a(expected: string): string {
  const words: Record<string, string> = {
    object: "a map",
    record: "a map",
    array: "a list",
    string: "a text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
  };
  return words[expected] ?? expected;
}

function hintFor(given: unknown, known: readonly string[]): { hint?: string } {
  return typeof given === "string" ? { hint: suggest(given, known) } : {};
}

function keysOfUnion(schema: z.ZodType, path: Path, raw: unknown): string[] {
  const union = schemaAt(schema, path.at(-1) === "kind" ? path.slice(0, -1) : path, raw);
  return union instanceof z.ZodDiscriminatedUnion ? union.options.map(kindOf) : [];
}

function keysAt(schema: z.ZodType, path: Path, raw: unknown): string[] {
  const found = schemaAt(schema, path, raw);
  const chosen = chosenOf(found, valueAt(raw, path));
  return chosen instanceof z.ZodObject ? Object.keys(chosen.shape) : [];
}

/** The schema that speaks of a place in the scenario. */
function schemaAt(schema: unknown, path: Path, raw: unknown): unknown {
  const bare = unwrapped(schema);
  const [step, ...rest] = path;
  if (step === undefined) return bare;
  const below = typeof raw === "object" && raw !== null ? Reflect.get(raw, step) : undefined;
  if (bare instanceof z.ZodArray) return schemaAt(bare.element, rest, below);
  if (bare instanceof z.ZodRecord) return schemaAt(bare.valueType, rest, below);
  const object = chosenOf(bare, raw);
  return object instanceof z.ZodObject ? schemaAt(object.shape[step], rest, below) : undefined;
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap()) : schema;
}

/** Of a union the option that a value was meant to be. */
function chosenOf(schema: unknown, raw: unknown): unknown {
  if (schema instanceof z.ZodDiscriminatedUnion) return optionFor(schema, raw);
  return schema instanceof z.ZodUnion ? schema.options.find((option) => option instanceof z.ZodObject) : schema;
}

function optionFor(union: z.ZodDiscriminatedUnion, raw: unknown): unknown {
  const kind = typeof raw === "object" && raw !== null && "kind" in raw ? raw.kind : undefined;
  return union.options.find((option) => (kind === undefined ? mayLackKind(option) : kindOf(option) === kind));
}

function mayLackKind(option: unknown): boolean {
  return option instanceof z.ZodObject && option.shape["kind"] instanceof z.ZodOptional;
}

function kindOf(option: unknown): string {
  const literal: unknown = option instanceof z.ZodObject ? unwrapped(option.shape["kind"]) : undefined;
  return literal instanceof z.ZodLiteral ? String(literal.value) : "";
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (node, step) => (typeof node === "object" && node !== null ? Reflect.get(node, step) : undefined),
    raw,
  );
}

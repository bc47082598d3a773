/** What the maker's thread does: out of one tool's schema come arguments that the schema allows, the same for the same seed. */
import { sample as draw } from "fast-check";
import { formatPath } from "../scenario/mistakes.ts";
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";
import { seededRandom } from "../world.ts";
import type { Arguments, ListedTool, Sample, Source, Wanted } from "./arguments.ts";
import type { Place } from "./schema.ts";
import { validatorOf } from "./validator.ts";
import { valuesFor, type Made } from "./values.ts";

type Asked = Pick<ListedTool, "name" | "inputSchema">;

/** No scenario can hold that name, nor half a letter. */
const cannotBeWritten = /"__proto__":|\\ud[89a-f]/i;

const nodesMost = 20_000;
const lettersMost = 1024 * 1024;
/** How many are drawn for each that is wanted: some are alike, and some break a rule that only shows at the end. */
const drawsEach = 12;

export function makeArguments({ name, inputSchema }: Asked, { seed, count, given = [], seen = {} }: Wanted): Arguments {
  const samples = given.slice(0, count).map((args) => ({ args, from: fromAll(args, "samples file") }));
  if (samples.length >= count) return { is: "made", samples };
  const none = (path: string, says: string): Arguments =>
    samples.length > 0 ? { is: "made", samples } : { is: "none", path, says };
  if (!isObject(inputSchema)) return none("", "the tool lists no inputSchema");
  // What must be given comes first, then what may be.
  const [needed, more] = [false, true].map((withOptionals) =>
    valuesFor(ofArguments(inputSchema), rootPlace(inputSchema, { withOptionals, seen })),
  );
  const stopped = [needed, more].find((build) => build?.is === "none");
  if (stopped?.is === "none") return none(formatPath(stopped.path), stopped.says);
  const validator = validatorOf(withOnly(inputSchema, more?.is === "made" ? Object.keys(more.members ?? {}) : []));
  if ("broken" in validator) return none("", `its inputSchema cannot be read: ${validator.broken}`);
  let wrong: string | undefined;
  const collect = (candidates: Iterable<Sample>, most: number): void => {
    for (const candidate of candidates) {
      if (samples.length >= Math.min(most, count)) return;
      const text = JSON.stringify(candidate.args);
      if (cannotBeWritten.test(text)) continue;
      if (text.length > lettersMost || samples.some(({ args }) => JSON.stringify(args) === text)) continue;
      const found = validator.wrongWith(candidate.args);
      if (found === undefined) samples.push(candidate);
      wrong ??= found;
    }
  };
  collect(exampleCalls(inputSchema), count);
  const drawSeed = seededRandom("arguments", seed, name).integer(0, 2 ** 31 - 1);
  if (needed?.is === "made")
    collect(drawn(needed, { seed: drawSeed, count: drawsEach }), samples.length + Math.ceil(count / 2));
  if (more?.is === "made") collect(drawn(more, { seed: drawSeed, count: count * drawsEach }), count);
  if (samples.length > 0) return { is: "made", samples };
  return none("", `nothing that was made fits the whole schema: ${wrong ?? "all of it is too large"}`);
}

function rootPlace(root: JsonObject, about: Pick<Place, "withOptionals" | "seen">): Place {
  return { root, path: [], name: "", depth: 0, refs: 0, weight: 1, budget: { left: nodesMost }, ...about };
}

/** Whole calls, which some servers show. */
function exampleCalls({ examples }: JsonObject): Sample[] {
  if (!Array.isArray(examples)) return [];
  return examples.filter(isObject).map((args: JsonObject) => ({ args, from: fromAll(args, "examples") }));
}

/** A call's arguments are an object, whatever the schema leaves open; whole calls that it shows are taken as they are. */
function ofArguments(schema: JsonObject): JsonObject {
  const ownValues = new Set(["examples", "example", "default"]);
  return { type: "object", ...Object.fromEntries(Object.entries(schema).filter(([key]) => !ownValues.has(key))) };
}

/** What nobody gives need not be understood: a validator takes seconds for ten thousand members. */
function withOnly(schema: JsonObject, given: readonly string[]): JsonObject {
  const { properties, examples } = schema;
  if (!isObject(properties)) return schema;
  const shown = Array.isArray(examples)
    ? examples.filter(isObject).flatMap((call: JsonObject) => Object.keys(call))
    : [];
  const names = new Set([...given, ...shown]);
  return { ...schema, properties: Object.fromEntries(Object.entries(properties).filter(([name]) => names.has(name))) };
}

function* drawn(
  { arbitrary, members = {} }: Made,
  { seed, count }: { readonly seed: number; readonly count: number },
): Generator<Sample> {
  for (const value of draw(arbitrary, { seed, numRuns: count })) {
    // What is undefined or -0 in JavaScript is nothing that travels.
    const args: unknown = JSON.parse(JSON.stringify(value));
    if (!isObject(args)) continue;
    yield { args, from: Object.fromEntries(Object.keys(args).map((key) => [key, members[key] ?? "type"])) };
  }
}

function fromAll(args: JsonObject, source: Source): Record<string, Source> {
  return Object.fromEntries(Object.keys(args).map((key) => [key, source]));
}

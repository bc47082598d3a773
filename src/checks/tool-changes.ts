/** What changed between two listings of one server, and what that means for who goes by the first. */
import type { ListedEntry, ListedField, ListedFields } from "../history/listing.ts";

export interface ToolChange {
  readonly tool: string;
  /** Breaking: what was right to send or to expect is so no more. Meaning: what a model goes by. Else harmless. */
  readonly is: "breaking" | "meaning" | "harmless";
  readonly says: string;
}

export function toolChanges(before: readonly ListedEntry[], after: readonly ListedEntry[]): ToolChange[] {
  const then = byName(before);
  const now = byName(after);
  const changed = [...then].flatMap(([name, entry]) => {
    const other = now.get(name);
    return other === undefined ? [] : entryChanges(entry, other);
  });
  const gone = [...then.keys()].filter((name) => !now.has(name));
  const come = [...now.keys()].filter((name) => !then.has(name));
  return [
    ...gone.map((tool): ToolChange => ({ tool, is: "breaking", says: `${tool} is listed no more` })),
    ...changed,
    ...come.map((tool): ToolChange => ({ tool, is: "harmless", says: `${tool} has come` })),
  ];
}

function byName(entries: readonly ListedEntry[]): Map<string, ListedEntry> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

type Part = Pick<ToolChange, "is" | "says">;

function entryChanges(before: ListedEntry, after: ListedEntry): ToolChange[] {
  const names = new Set([...Object.keys(before.parts), ...Object.keys(after.parts)]);
  return [...names].flatMap((part) => {
    if (before.parts[part] === after.parts[part]) return [];
    return partChanges(part, before, after).map(({ is, says }) => ({
      tool: before.name,
      is,
      says: `${before.name} ${says}`,
    }));
  });
}

function partChanges(part: string, before: ListedEntry, after: ListedEntry): readonly Part[] {
  switch (part) {
    case "inputSchema":
      return schemaChanges(before.takes, after.takes, { compare: takenOtherwise, whole: "takes something else" });
    case "outputSchema":
      if (after.parts[part] === undefined) return [{ is: "breaking", says: "no more says what it gives" }];
      if (before.parts[part] === undefined) return [{ is: "harmless", says: "says what it gives" }];
      return schemaChanges(before.gives, after.gives, { compare: givenOtherwise, whole: "gives something else" });
    case "annotations":
      return [{ is: "meaning", says: "has other annotations" }];
    case "description":
      return [{ is: "meaning", says: "has another description" }];
    default:
      return [{ is: "harmless", says: `has another ${part}` }];
  }
}

interface Comparing {
  readonly compare: (path: string, before: ListedField | undefined, after: ListedField | undefined) => readonly Part[];
  readonly whole: string;
}

/** Where what it says is not known in full, or says the same by what is known, nobody can tell what the change means. */
function schemaChanges(
  before: ListedFields | undefined,
  after: ListedFields | undefined,
  { compare, whole }: Comparing,
): readonly Part[] {
  const unclear: Part = { is: "meaning", says: whole };
  if (before === undefined || after === undefined) return [unclear];
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  const found = [...paths].flatMap((path) => compare(path, before[path], after[path]));
  // Such as the description of a parameter: a model goes by those too.
  return found.length === 0 ? [{ is: "meaning", says: "describes its fields otherwise" }] : found;
}

function takenOtherwise(path: string, before?: ListedField, after?: ListedField): readonly Part[] {
  if (path === "") return wholeBounds("what it takes", before, after);
  if (after === undefined) return isInner(path) ? [] : [{ is: "breaking", says: `takes no ${path} any more` }];
  if (before === undefined) {
    const isDue = after.required === true;
    return [
      isDue ? { is: "breaking", says: `requires ${path}, which is new` } : { is: "harmless", says: `may take ${path}` },
    ];
  }
  return [
    ...(after.required === true && before.required !== true
      ? [{ is: "breaking", says: `requires ${path}, which was optional` } as const]
      : []),
    ...(before.required === true && after.required !== true
      ? [{ is: "harmless", says: `no more requires ${path}` } as const]
      : []),
    ...valueChanges(path, before, after, { verb: "takes", fewer: "breaking", more: "harmless" }),
  ];
}

function givenOtherwise(path: string, before?: ListedField, after?: ListedField): readonly Part[] {
  if (path === "") return wholeBounds("what it gives", before, after);
  if (after === undefined) return isInner(path) ? [] : [{ is: "breaking", says: `gives no ${path} any more` }];
  if (before === undefined) return [{ is: "harmless", says: `gives ${path} as well` }];
  return [
    ...(before.required === true && after.required !== true
      ? [{ is: "breaking", says: `may leave out ${path}` } as const]
      : []),
    ...(after.required === true && before.required !== true
      ? [{ is: "harmless", says: `always gives ${path}` } as const]
      : []),
    // Whoever reads it knows what it was: more than that is new to him.
    ...valueChanges(path, before, after, { verb: "gives", fewer: "harmless", more: "breaking" }),
  ];
}

function wholeBounds(what: string, before?: ListedField, after?: ListedField): readonly Part[] {
  return before?.bounds === after?.bounds ? [] : [{ is: "meaning", says: `has other bounds on ${what}` }];
}

/** What holds it has gone with it, and that is told. */
function isInner(path: string): boolean {
  return path.endsWith("[]");
}

interface Sides {
  readonly verb: "takes" | "gives";
  readonly fewer: ToolChange["is"];
  readonly more: ToolChange["is"];
}

function valueChanges(path: string, before: ListedField, after: ListedField, sides: Sides): readonly Part[] {
  return [
    ...typeChange(path, before, after, sides),
    ...(leavesOut(after.values, before.values)
      ? [{ is: sides.fewer, says: `${sides.verb} fewer values of ${path}` }]
      : []),
    ...(leavesOut(before.values, after.values)
      ? [{ is: sides.more, says: `${sides.verb} more values of ${path}` }]
      : []),
    ...(before.bounds === after.bounds ? [] : [{ is: "meaning" as const, says: `has other bounds on ${path}` }]),
  ];
}

function typeChange(path: string, before: ListedField, after: ListedField, sides: Sides): readonly Part[] {
  const isWider = holdsTypes(after.types, before.types);
  const isNarrower = holdsTypes(before.types, after.types);
  if (isWider && isNarrower) return [];
  const says = `${sides.verb} ${path} as ${inWords(after.types)}, not ${inWords(before.types)}`;
  // A type that is neither is right for nobody.
  return [{ is: isWider ? sides.more : isNarrower ? sides.fewer : "breaking", says }];
}

function holdsTypes(outer: ListedField["types"], inner: ListedField["types"]): boolean {
  if (outer === undefined) return true;
  return inner?.every((type) => outer.includes(type) || (type === "integer" && outer.includes("number"))) ?? false;
}

/** Of the values of one side some are none of the other's; without any named, all are. */
function leavesOut(fewer: ListedField["values"], more: ListedField["values"]): boolean {
  if (fewer === undefined) return false;
  return more === undefined || more.some((value) => !fewer.includes(value));
}

function inWords(types: ListedField["types"]): string {
  return types?.join(" or ") ?? "anything";
}

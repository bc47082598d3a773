/**
 * Arguments to call a tool with that nobody has written a scenario for: comes in a tool as its server lists it, go out
 * argument objects with a word on where each part is from, or why there are none. `open-maker.ts` makes them in a thread,
 * for a server's schema may be made to hold up whoever reads it; `make.ts` is what the thread does.
 */
import type { JsonObject } from "../wire/lean-rpc.ts";
import { isObject } from "../wire/lean-rpc.ts";

/** An entry of tools/list; of what a server may say there only this is known. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  /** What the server says of itself: hints, which nobody has verified. */
  readonly hints: ToolHints;
}

export interface ToolHints {
  readonly readOnly?: boolean;
  readonly destructive?: boolean;
  readonly idempotent?: boolean;
  /** It reaches out to whatever is out there, as a search of the web does. */
  readonly openWorld?: boolean;
}

/** Where a value comes from: the surest first. */
export const sources = [
  "samples file",
  "examples",
  "default",
  "const",
  "enum",
  "seen",
  "format",
  "pattern",
  "bounds",
  "name",
  "type",
] as const;
export type Source = (typeof sources)[number];

export interface Sample {
  readonly args: JsonObject;
  /** Of each argument, in their order. `seen`: the same server has shown it. */
  readonly from: Readonly<Record<string, Source>>;
}

export type Arguments =
  | { readonly is: "made"; readonly samples: readonly Sample[] }
  /** `path` is the place in the tool's inputSchema, such as `properties.path.pattern`. */
  | { readonly is: "none"; readonly path: string; readonly says: string };

export interface Wanted {
  readonly seed: number;
  /** At most; a tool that takes nothing has one. */
  readonly count: number;
  /** A person's own, which come first. */
  readonly given?: readonly JsonObject[];
  /** Values that the same server has used under these names: better than any guess. */
  readonly seen?: Readonly<Record<string, readonly unknown[]>>;
}

/** Undefined where the entry has no name to call it by. */
export function listedTool(entry: unknown): ListedTool | undefined {
  if (!isObject(entry)) return undefined;
  const { name, description, inputSchema, outputSchema, annotations } = entry;
  if (typeof name !== "string" || name.trim() === "") return undefined;
  const said = isObject(annotations) ? annotations : {};
  const hint = (key: keyof ToolHints): ToolHints =>
    typeof said[`${key}Hint`] === "boolean" ? { [key]: said[`${key}Hint`] } : {};
  return {
    name,
    ...(typeof description === "string" ? { description } : {}),
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    hints: { ...hint("readOnly"), ...hint("destructive"), ...hint("idempotent"), ...hint("openWorld") },
  };
}

/** For a person: `path, dir from a guess by name; limit from default`. */
export function fromInWords({ from }: Pick<Sample, "from">): string {
  const bySource = Map.groupBy(Object.entries(from), ([, source]) => source);
  const parts = [...bySource].map(
    ([source, names]) => `${names.map(([name]) => name).join(", ")} from ${inWords[source]}`,
  );
  return parts.length === 0 ? "it takes nothing" : parts.join("; ");
}

const inWords: Readonly<Record<Source, string>> = {
  "samples file": "the samples file",
  examples: "examples",
  default: "default",
  const: "const",
  enum: "enum",
  seen: "what was seen there",
  format: "format",
  pattern: "pattern",
  bounds: "bounds",
  name: "a guess by name",
  type: "a guess by type",
};

/** A call by what was listed of its tool, as whoever reads the list would make it. */

/** What each tool that is listed takes, by name; the types are absent where any will do. */
export type KnownTools = ReadonlyMap<string, ReadonlyMap<string, readonly string[] | undefined>>;

export interface WantedCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** What it could give as well, where the tool asks for it. */
  readonly knows?: Readonly<Record<string, unknown>>;
  /** Other names that it would take for the same tool, the likeliest first. */
  readonly alsoNamed?: readonly string[];
}

export type FittedCall = Pick<WantedCall, "tool" | "args">;

/** Undefined where no such tool is listed. */
export function fittedCall({ tool, args, knows = {}, alsoNamed = [] }: WantedCall, tools: KnownTools) {
  const name = [tool, ...alsoNamed].find((one) => tools.has(one));
  const takes = name === undefined ? undefined : tools.get(name);
  if (name === undefined || takes === undefined) return undefined;
  // One that names nothing may take anything.
  if (takes.size === 0) return { tool: name, args };
  const given = Object.entries({ ...knows, ...args }).filter(([key]) => takes.has(key));
  return { tool: name, args: Object.fromEntries(given.map(([key, value]) => [key, typed(value, takes.get(key))])) };
}

/** Numbers are written as texts, and texts that are numbers as such, where only that is taken. */
function typed(value: unknown, types: readonly string[] | undefined): unknown {
  if (types === undefined) return value;
  if (typeof value === "number" && !types.includes("number") && !types.includes("integer")) {
    return types.includes("string") ? String(value) : value;
  }
  const isNumber = typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
  const wantsNumber = !types.includes("string") && (types.includes("number") || types.includes("integer"));
  return isNumber && wantsNumber ? Number(value) : value;
}

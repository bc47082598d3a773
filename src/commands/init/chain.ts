/**
 * A plausible chain out of calls that went well: what one answered goes into the next. Comes in: what was learned. Go
 * out: the steps as a scenario has them, and examples of steps for tools that nobody may call unasked.
 */
import type { ListedTool, Sample, Source } from "../../samples/arguments.ts";
import { outputFor, type Output } from "../../samples/flow.ts";
import { isReserved } from "../../scenario/template.ts";
import { isObject, type JsonObject } from "../../wire/lean-rpc.ts";
import type { Learned, LeftAlone } from "./look.ts";

export interface Step {
  readonly call: string;
  readonly args?: JsonObject;
  readonly save?: Readonly<Record<string, string>>;
  readonly effect?: string;
}

export interface Drafted {
  readonly step: Step;
  readonly tool: ListedTool;
  /** Of a step that stands there as an example: it sends the id of its op, so that its effect can be counted. */
  readonly isCountable: boolean;
}

interface SavedOutput extends Output {
  readonly step: number;
}

export function chainOf(server: string, learned: readonly Learned[], leftAlone: readonly LeftAlone[]) {
  const outputs = learned.flatMap((one, step) => one.outputs.map((output): SavedOutput => ({ ...output, step })));
  const saves = new Map<number, Map<string, string>>();
  const named = new Map<string, string>();
  /** What is saved already under the argument's own name and is the same needs no second name. */
  const known = new Map<string, { readonly value: unknown; readonly step: number }>();
  const linkTo = (name: string, value: unknown, before: number): string | undefined => {
    const saved = known.get(name);
    if (saved !== undefined && saved.value === value && saved.step < before) return name;
    const output = outputFor(
      outputs.filter(({ step }) => step < before),
      name,
      value,
    );
    if (output === undefined) return undefined;
    const key = `${output.step} ${output.path}`;
    const as = named.get(key) ?? freeName(name, new Set(named.values()));
    named.set(key, as);
    known.set(as, { value, step: output.step });
    const step = saves.get(output.step) ?? new Map<string, string>();
    saves.set(output.step, step.set(as, output.path));
    return as;
  };
  const linked = (sample: Sample, before: number): JsonObject =>
    Object.fromEntries(
      Object.entries(sample.args).map(([name, value]) => {
        const saved = sample.from[name] === "seen" ? linkTo(name, value, before) : undefined;
        return [name, saved === undefined ? plainly(value) : `\${${saved}}`];
      }),
    );
  const steps = learned.map((one, step): Drafted & { args: JsonObject } => ({
    tool: one.tool,
    isCountable: false,
    step: { call: `${server}.${one.tool.name}` },
    args: linked(one, step),
  }));
  const others = leftAlone.flatMap(({ tool, sample }): Drafted[] => {
    if (sample === undefined) return [];
    const { args, isMarked } = marked(linked(sample, learned.length), sample, tool);
    const effect = isMarked ? { effect: effectOf(tool.name) } : {};
    return [{ tool, isCountable: isMarked, step: { call: `${server}.${tool.name}`, ...filled(args), ...effect } }];
  });
  return {
    // A step may save for examples too, which harms nobody.
    steps: steps.map(({ args, ...drafted }, index): Drafted => {
      const save = saves.get(index);
      const saved = save === undefined ? {} : { save: Object.fromEntries(save) };
      return { ...drafted, step: { ...drafted.step, ...filled(args), ...saved } };
    }),
    others,
  };
}

const filled = (args: JsonObject): Pick<Step, "args"> => (Object.keys(args).length === 0 ? {} : { args });

/** What a server suggests as an argument is a text, and no placeholder of ours. */
function plainly(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  if (Array.isArray(value)) return value.map(plainly);
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainly(child)]))
    : value;
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  const plain = name.replaceAll(/[^\w-]/g, "_").slice(0, 50);
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? plain : `${plain}${n}`;
    if (!taken.has(candidate) && !isReserved(candidate)) return candidate;
  }
}

const opId = "${op.id}";

/** With the op's id in a text that may be anything: best where it is what tells requests apart. */
function marked(
  args: JsonObject,
  { from }: Sample,
  { inputSchema }: ListedTool,
): { readonly args: JsonObject; readonly isMarked: boolean } {
  const free = Object.keys(args)
    .filter((name) => isGuess(from[name]) && hasRoom(inputSchema, name))
    .toSorted((a, b) => Number(!tellsApart.test(a)) - Number(!tellsApart.test(b)));
  for (const name of free) {
    const value = withId(args[name], name);
    if (value !== undefined) return { args: { ...args, [name]: value }, isMarked: true };
  }
  return { args, isMarked: false };
}

const tellsApart = /request.?id|idempoten|reference|correlation|key$/i;
const isGuess = (source: Source | undefined): boolean => source === "name" || source === "type" || source === "bounds";
const opIdLetters = 64;

/** Texts may be bounded in length; lists and maps are seen through by their values. */
function hasRoom(inputSchema: unknown, name: string): boolean {
  const properties = isObject(inputSchema) ? inputSchema["properties"] : undefined;
  const property = isObject(properties) ? properties[name] : undefined;
  const most = isObject(property) ? property["maxLength"] : undefined;
  return typeof most !== "number" || most >= opIdLetters;
}

const shaped = /path|file|dir|url|uri|mail|date|time|zone|sql|host|lang|country|currency/i;

function withId(value: unknown, name = ""): unknown {
  if (typeof value === "string") return shaped.test(name) || value.includes("${") || value === "." ? undefined : opId;
  if (Array.isArray(value)) {
    // One is enough to see what comes of it.
    const replaced = withId(value[0], name);
    return replaced === undefined ? undefined : [replaced];
  }
  if (!isObject(value)) return undefined;
  for (const [key, child] of Object.entries(value)) {
    const replaced = withId(child, key);
    if (replaced !== undefined) return { ...value, [key]: replaced };
  }
  return undefined;
}

function effectOf(tool: string): string {
  const plain = tool.replaceAll(/[^\w-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "effect" : plain.slice(0, 60);
}

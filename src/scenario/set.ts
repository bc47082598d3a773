/** `--set path=value`: changes to the raw scenario before it is looked at. Values are read as YAML. */
import { parse } from "yaml";
import { messageOf, type Mistake } from "../errors.ts";
import { dataFrom } from "./data.ts";
import { formatPath, type Path } from "./mistakes.ts";

/** What a target is; setting one of these drops those that are not set as well. */
const identity = ["fixture", "command", "url", "config", "args", "defects"];

export interface Changed {
  readonly raw: unknown;
  /** What was set, or the first step on the way to it that had to be made: whatever is wrong below came from there. */
  readonly paths: readonly Path[];
  readonly mistakes: readonly Mistake[];
}

export function applySets(raw: unknown, sets: readonly string[]): Changed {
  const mistakes: Mistake[] = [];
  const changes: { readonly path: Path; readonly value: unknown }[] = [];
  for (const set of sets) {
    const change = parseSet(set);
    if (typeof change === "string") mistakes.push({ file: "--set", path: set, says: change });
    else changes.push(change);
  }
  let changed = raw;
  const setPaths = new Set(changes.map(({ path }) => path.join("\0")));
  for (const { path, value } of changes) {
    const [section, name, key, ...deeper] = path;
    const replaces =
      (section === "servers" || section === "upstreams") &&
      deeper.length === 0 &&
      ["fixture", "command", "url", "config"].includes(String(key));
    if (replaces && section !== undefined && name !== undefined) {
      for (const other of identity) {
        if (!setPaths.has([section, name, other].join("\0"))) changed = without(changed, [section, name, other]);
      }
    }
    const next = withValue(changed, path, value);
    if (next === undefined)
      mistakes.push({
        file: "--set",
        path: formatPath(path),
        says: "leads through something that is no map and no list",
      });
    else changed = next.value;
  }
  return { raw: changed, paths: changes.map(({ path }) => madeBy(path, raw)), mistakes };
}

function madeBy(path: Path, raw: unknown): Path {
  let node = raw;
  for (const [index, step] of path.entries()) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, step)) return path.slice(0, index + 1);
    node = Reflect.get(node, step);
  }
  return path;
}

function parseSet(set: string): { path: Path; value: unknown } | string {
  const equals = set.indexOf("=");
  if (equals < 1) return "expected path=value, for example agents.planner.budget=2s";
  const path = parsePath(set.slice(0, equals));
  if (path === undefined) return "expected a path such as agents.planner.chain[1].timeout before the =";
  try {
    const parsed: unknown = parse(set.slice(equals + 1), { prettyErrors: false, logLevel: "error" });
    const { data: value, findings } = dataFrom(parsed);
    return findings[0]?.says ?? { path, value };
  } catch (error) {
    return `the value is not YAML: ${messageOf(error)}`;
  }
}

function parsePath(text: string): Path | undefined {
  const steps: (string | number)[] = [];
  for (const [index, part] of text.split(".").entries()) {
    const [, name = "", indexes = ""] = /^([\w-]*)((?:\[\d+\])*)$/.exec(part) ?? [];
    if (name === "" && (indexes === "" || index === 0)) return undefined;
    if (name === "__proto__" || name === "constructor") return undefined;
    if (name !== "") steps.push(name);
    steps.push(...[...indexes.matchAll(/\[(\d+)\]/g)].map(([, digits]) => Number(digits)));
  }
  return steps;
}

function withValue(node: unknown, path: Path, value: unknown): { readonly value: unknown } | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return { value };
  if (Array.isArray(node)) {
    if (typeof step !== "number" || step > node.length) return undefined;
    const child = withValue(node[step], rest, value);
    return child && { value: node.toSpliced(step, 1, child.value) };
  }
  if ((typeof node !== "object" && node !== undefined) || typeof step === "number") return undefined;
  const map: Record<string, unknown> = { ...node };
  const child = withValue(map[step], rest, value);
  return child && { value: { ...map, [step]: child.value } };
}

function without(node: unknown, [step, ...rest]: Path): unknown {
  if (typeof node !== "object" || node === null || Array.isArray(node) || step === undefined) return node;
  const { [step]: child, ...others }: Record<string, unknown> = { ...node };
  if (child === undefined) return node;
  return rest.length === 0 ? others : { ...node, [step]: without(child, rest) };
}

/** What flows from one tool to the next: values of an answer, the names that they may go by, and the path to each. */
import { documentsIn, soundsSecret } from "../scenario/template.ts";
import { isObject } from "../wire/lean-rpc.ts";
import { sameName } from "./name-guesses.ts";

export interface Output {
  /** JSONPath, as `save` takes it. */
  readonly path: string;
  /** `id` in a list of resources is id, resourceId and resource. */
  readonly names: readonly string[];
  readonly value: string | number | boolean;
}

const outputsMost = 200;
const depthMost = 6;
const textMost = 200;
/** What is called so is told apart by what it is of. */
const identifying = /^(?:id|_id|key|name|slug|uri|url|path|code)$/i;

/** What is called so may be anything, so that two of them have nothing to do with each other. */
const telling =
  /^(?!(?:content|text|message|result|results|output|data|value|type|status|description|count|total|size|ok)$)/i;

/** Of an answer, as far as steps could save it. */
export function outputsIn(result: unknown): Output[] {
  const found: Output[] = [];
  const [document] = documentsIn(result);
  gather(document, { path: "$", names: [], depth: 0 }, found);
  return found;
}

interface At {
  readonly path: string;
  /** From the outside in, lists' own in the singular. */
  readonly names: readonly string[];
  readonly depth: number;
}

function gather(node: unknown, at: At, found: Output[]): void {
  if (found.length >= outputsMost || at.depth > depthMost) return;
  if (Array.isArray(node)) {
    // The first is like the others.
    gather(node[0], { ...at, path: `${at.path}[0]`, names: at.names.map(singular), depth: at.depth + 1 }, found);
  } else if (isObject(node)) {
    for (const [key, child] of Object.entries(node)) {
      // What may be a secret is nothing to hand on.
      if (!/^[A-Za-z_]\w{0,63}$/.test(key) || soundsSecret(key)) continue;
      gather(child, { path: `${at.path}.${key}`, names: [...at.names, key], depth: at.depth + 1 }, found);
    }
  } else if (isValue(node)) {
    const names = namesOf(at.names);
    if (names.length > 0) found.push({ path: at.path, names, value: node });
  }
}

function isValue(node: unknown): node is Output["value"] {
  if (typeof node === "string") return node.trim() !== "" && node.length <= textMost;
  return typeof node === "number" || typeof node === "boolean";
}

function namesOf(names: readonly string[]): string[] {
  const [own, around] = names.toReversed();
  if (own === undefined || !telling.test(own)) return [];
  if (around === undefined) return [own];
  return identifying.test(own) ? [`${around}_${own}`, around, own] : [own, `${around}_${own}`];
}

function singular(name: string): string {
  if (/ies$/i.test(name)) return name.replace(/ies$/i, "y");
  return /[^s]s$/i.test(name) ? name.slice(0, -1) : name;
}

/** Under each name what was seen of it, for whoever makes arguments. */
export function seenIn(outputs: readonly Output[]): Record<string, unknown[]> {
  const seen: Record<string, unknown[]> = {};
  for (const { names, value } of outputs) {
    for (const name of names) (seen[name] ??= []).push(value);
  }
  return seen;
}

/** The output that an argument of this name and value was taken from: the one whose name says most. */
export function outputFor<O extends Output>(outputs: readonly O[], name: string, value: unknown): O | undefined {
  const alike = outputs.filter((output) => output.value === value && output.names.some((one) => sameName(one, name)));
  return alike.find(({ names: [first = ""] }) => sameName(first, name)) ?? alike[0];
}

export interface Rows {
  /** JSONPath, as a read-back takes it. */
  readonly path: string;
  /** What the list is called. */
  readonly name: string;
}

/** The lists in an answer that something may be added to. */
export function rowsIn(result: unknown): Rows[] {
  const [document] = documentsIn(result);
  const found: Rows[] = [];
  gatherRows(document, { path: "$", names: [], depth: 0 }, found);
  return found;
}

const rowsMost = 10;

function gatherRows(node: unknown, { path, names, depth }: At, found: Rows[]): void {
  if (found.length >= rowsMost || depth > depthMost) return;
  const [name = ""] = names;
  if (Array.isArray(node) && telling.test(name)) found.push({ path, name });
  if (!isObject(node)) return;
  for (const [key, child] of Object.entries(node)) {
    if (!/^[A-Za-z_]\w{0,63}$/.test(key)) continue;
    gatherRows(child, { path: `${path}.${key}`, names: [key], depth: depth + 1 }, found);
  }
}

/** Whether what a tool of this name changes is likely to be in a list of that name. */
export function isAbout(tool: string, { name }: Rows): boolean {
  const stem = singular(name).toLowerCase().slice(0, stemLetters);
  return stem.length > 2 && tool.toLowerCase().includes(stem);
}

/** Enough to tell words apart, and few enough that entity, entities and Entity are one. */
const stemLetters = 5;

/**
 * The shape of an answer: which parts of it hold something and which are there but empty. Histories keep shapes, not
 * contents, so an answer can be judged for emptiness without being stored.
 */
export interface Shape {
  readonly form: "none" | "json" | "text" | "other";
  /** Paths that hold something: `$.resources`, `$.resources[].id`. */
  readonly filled: readonly string[];
  /** Paths that are there but hold nothing: `[]`, `{}`, `""`, `null`. */
  readonly hollow: readonly string[];
  /** More paths than the limit: what is missing from the lists proves nothing. */
  readonly cut?: true;
}

export const nothing: Shape = { form: "none", filled: [], hollow: [] };

const pathsMax = 64;
const depthMax = 8;
// Long arrays repeat themselves; a few elements tell their shape.
const elementsMax = 16;

export function shapeOf(value: unknown): Shape {
  if (value === undefined) return nothing;
  const filled = new Set<string>();
  const hollow = new Set<string>();
  let cut = false;

  const visit = (node: unknown, path: string, depth: number): void => {
    if (filled.size + hollow.size >= pathsMax || depth > depthMax) {
      cut = true;
      return;
    }
    (isHollow(node) ? hollow : filled).add(path);
    if (Array.isArray(node)) {
      for (const element of node.slice(0, elementsMax)) visit(element, `${path}[]`, depth + 1);
    } else if (typeof node === "object" && node !== null) {
      for (const [key, child] of Object.entries(node)) visit(child, `${path}.${key}`, depth + 1);
    }
  };
  visit(value, "$", 0);

  return {
    form: typeof value === "string" ? "text" : "json",
    filled: [...filled].sort(),
    hollow: [...hollow].filter((path) => !filled.has(path)).sort(),
    ...(cut ? { cut: true as const } : {}),
  };
}

/** The shape of a body of text: JSON where it is JSON, else text. */
export function shapeOfText(text: string): Shape {
  if (text.trim() === "") return nothing;
  const value = parsedJson(text);
  return value === undefined ? { form: "text", filled: ["$"], hollow: [] } : shapeOf(value);
}

/** The value of a JSON text, or undefined where it is none. */
export function parsedJson(text: string): unknown {
  const start = text.trimStart()[0];
  if (start !== "{" && start !== "[") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Nothing in it at all: no part of the answer holds a value. */
export function isEmpty(shape: Shape): boolean {
  if (shape.cut === true) return false;
  // What is filled, and has nothing hollow in it, has a value in it somewhere.
  return shape.filled.length === 0 || (shape.hollow.length > 0 && leavesOf(shape).length === 0);
}

/** The filled paths that hold a value of their own, not only other parts. */
export function leavesOf(shape: Shape): readonly string[] {
  const inner = new Set<string>();
  for (const path of [...shape.filled, ...shape.hollow]) {
    for (let end = lastStep(path); end > 0; end = lastStep(path.slice(0, end))) inner.add(path.slice(0, end));
  }
  return shape.filled.filter((path) => !inner.has(path));
}

function lastStep(path: string): number {
  return path.endsWith("[]") ? path.length - 2 : path.lastIndexOf(".");
}

function isHollow(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  if (typeof node === "string") return node.trim() === "";
  if (Array.isArray(node)) return node.length === 0;
  return typeof node === "object" && Object.keys(node).length === 0;
}

/** A short, steady description of a call's arguments: names and kinds, never values. */
export function argsShapeOf(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([name, value]) => `${name}:${Array.isArray(value) ? "array" : value === null ? "null" : typeof value}`)
    .sort()
    .join(",");
}

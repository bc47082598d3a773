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
  if (placesCharacters > placesCharactersMax) forgetPlaces();
  visitNumber += 1;
  const visit: Visit = { number: visitNumber, filled: [], hollow: [], cut: false };
  look(value, placeAt("$"), 0, visit);
  return {
    form: typeof value === "string" ? "text" : "json",
    filled: visit.filled.map(({ path }) => path).sort(),
    hollow: visit.hollow.flatMap(({ path, filledIn }) => (filledIn === visit.number ? [] : [path])).sort(),
    ...(visit.cut ? { cut: true as const } : {}),
  };
}

/**
 * A path, and what lies below it. Answers come in few shapes and many times, and putting their paths together anew each
 * time would cost more than all else that is done with an answer.
 */
interface Place {
  readonly path: string;
  readonly members: Map<string, Place>;
  elements: Place | undefined;
  /** The last visits that found it filled, and hollow. */
  filledIn: number;
  hollowIn: number;
}

const placesCharactersMax = 1024 * 1024;
/** By path, since a key may look like a path: `{ "a.b": 1 }` and `{ a: { b: 1 } }`. */
const places = new Map<string, Place>();
let placesCharacters = 0;
let visitNumber = 0;

function forgetPlaces(): void {
  places.clear();
  placesCharacters = 0;
}

function placeAt(path: string): Place {
  const known = places.get(path);
  if (known !== undefined) return known;
  const place = { path, members: new Map<string, Place>(), elements: undefined, filledIn: 0, hollowIn: 0 };
  places.set(path, place);
  placesCharacters += path.length;
  return place;
}

function memberOf(place: Place, key: string): Place {
  const known = place.members.get(key);
  if (known !== undefined) return known;
  const member = placeAt(`${place.path}.${key}`);
  place.members.set(key, member);
  return member;
}

interface Visit {
  readonly number: number;
  readonly filled: Place[];
  readonly hollow: Place[];
  cut: boolean;
}

function look(node: unknown, place: Place, depth: number, visit: Visit): void {
  if (isHollow(node)) {
    if (place.hollowIn !== visit.number) visit.hollow.push(place);
    place.hollowIn = visit.number;
    return;
  }
  if (place.filledIn !== visit.number) visit.filled.push(place);
  place.filledIn = visit.number;
  if (typeof node !== "object" || node === null) return;
  if (depth === depthMax) {
    visit.cut = true;
  } else if (Array.isArray(node)) {
    place.elements ??= placeAt(`${place.path}[]`);
    const count = Math.min(node.length, elementsMax);
    for (let n = 0; n < count && hasRoom(visit); n += 1) look(node[n], place.elements, depth + 1, visit);
  } else {
    for (const [key, child] of Object.entries(node)) {
      if (!hasRoom(visit)) return;
      look(child, memberOf(place, key), depth + 1, visit);
    }
  }
}

function hasRoom(visit: Visit): boolean {
  const isFull = visit.filled.length + visit.hollow.length >= pathsMax;
  if (isFull) visit.cut = true;
  return !isFull;
}

/** The shape of a body of text: JSON where it is JSON, else text. */
export function shapeOfText(text: string): Shape {
  if (text.trim() === "") return nothing;
  const value = parsedJson(text);
  return value === undefined ? { form: "text", filled: ["$"], hollow: [] } : shapeOf(value);
}

const [curly, square] = [0x7b, 0x5b] as const;
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** False where a line is neither object nor list in JSON, whatever else it is: to read a flood of such would be dear. */
export function mayHoldJson(line: Buffer): boolean {
  const first = line.find((byte) => !blanks.has(byte));
  return first === curly || first === square;
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

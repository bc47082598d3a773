/**
 * Ops by number: a table of millions of them in some fifteen bytes each. An op id is its coordinates, so these are kept
 * in place of the text and give it back; an id of another form is kept as it is.
 */
import { openColumn, type Column } from "./column.ts";

const agentsMax = 2 ** 24;
const lanesMax = 2 ** 8;
const firstCapacity = 1024;

export interface OpTable {
  /** The number of an op: 0 for the first, and so on; given where it has none yet. */
  readonly numberOf: (op: string) => number;
  /** Undefined where the op was never given one. */
  readonly find: (op: string) => number | undefined;
  readonly opOf: (number: number) => string;
  readonly size: () => number;
}

interface Table {
  readonly lanes: Lanes;
  /** Ids of another form, both ways. */
  readonly others: { readonly numbers: Map<string, number>; readonly texts: Map<number, string> };
  /** Agent and lane share a word; the other holds the walk. */
  readonly places: Column;
  readonly walks: Column;
  /** Numbers + 1 by hash, at most three quarters full; 0 is free. */
  index: Words;
  size: number;
  /** What was read last, to make nothing for each look. */
  place: number;
  walk: number;
  lane: number;
}

type Words = Uint32Array<ArrayBuffer>;

export function openOpTable(): OpTable {
  const table: Table = {
    lanes: openLanes(),
    others: { numbers: new Map(), texts: new Map() },
    places: openColumn("word"),
    walks: openColumn("word"),
    index: new Uint32Array(2 * firstCapacity),
    size: 0,
    place: 0,
    walk: 0,
    lane: 0,
  };
  return {
    numberOf: (op) => find(table, op) ?? add(table, op),
    find: (op) => find(table, op),
    opOf: (number) => opOf(table, number),
    size: () => table.size,
  };
}

function find(table: Table, op: string): number | undefined {
  if (!read(table, op)) return table.others.numbers.get(op);
  const entry = table.index[seek(table)] ?? 0;
  return entry === 0 ? undefined : entry - 1;
}

function add(table: Table, op: string): number {
  grow(table);
  const number = table.size;
  table.size += 1;
  if (read(table, op)) {
    table.places.set(number, table.place);
    table.walks.set(number, table.walk);
    table.index[seek(table)] = number + 1;
  } else {
    table.others.numbers.set(op, number);
    table.others.texts.set(number, op);
  }
  return number;
}

function opOf({ lanes, others, places, walks }: Table, number: number): string {
  const other = others.texts.get(number);
  if (other !== undefined) return other;
  const place = places.get(number);
  const { before, step } = lanes.at(place % lanesMax);
  return `${before}.${Math.floor(place / lanesMax)}.${walks.get(number)}.${step}`;
}

/** False where the id is of another form. */
function read(table: Table, op: string): boolean {
  const walkEnd = op.lastIndexOf(".");
  const agentEnd = op.lastIndexOf(".", walkEnd - 1);
  const before = op.lastIndexOf(".", agentEnd - 1);
  if (before <= 0) return false;
  const walk = plainNumber(op, agentEnd + 1, walkEnd);
  const agent = plainNumber(op, before + 1, agentEnd);
  if (walk < 0 || agent < 0 || agent >= agentsMax) return false;
  const lane = laneOf(table, op, before, walkEnd + 1);
  table.place = agent * lanesMax + lane;
  table.walk = walk;
  return lane < lanesMax;
}

/** Most tables see one lane or a few, many times in a row: to cut it out of each id would be felt. */
function laneOf(table: Table, op: string, beforeEnd: number, stepStart: number): number {
  const { before, step } = table.lanes.at(table.lane);
  const isLast =
    before.length === beforeEnd &&
    step.length === op.length - stepStart &&
    op.startsWith(before) &&
    op.startsWith(step, stepStart);
  if (!isLast) table.lane = table.lanes.numberOf(op.slice(0, beforeEnd), op.slice(stepStart));
  return table.lane;
}

/** Where in the index the op that was read stands, or would stand. */
function seek({ places, walks, index, place, walk }: Table): number {
  const mask = index.length - 1;
  let spot = mixed(place, walk) & mask;
  for (let entry = index[spot] ?? 0; entry !== 0; entry = index[spot] ?? 0) {
    if (places.get(entry - 1) === place && walks.get(entry - 1) === walk) return spot;
    spot = (spot + 1) & mask;
  }
  return spot;
}

function grow(table: Table): void {
  if ((table.size + 1) * 4 < table.index.length * 3) return;
  table.index = new Uint32Array(table.index.length * 2);
  for (let number = 0; number < table.size; number += 1) {
    if (table.others.texts.has(number)) continue;
    table.place = table.places.get(number);
    table.walk = table.walks.get(number);
    table.index[seek(table)] = number + 1;
  }
}

/** What stands before the agent and behind the walk: run, group and step, by their number. */
interface Lanes {
  /** As many as there may be where there are too many: then ids are not made of coordinates after all. */
  readonly numberOf: (before: string, step: string) => number;
  readonly at: (number: number) => Lane;
}

interface Lane {
  readonly before: string;
  readonly step: string;
}

function openLanes(): Lanes {
  const lanes: Lane[] = [];
  const numbers = new Map<string, Map<string, number>>();
  return {
    numberOf: (before, step) => {
      const known = numbers.get(before)?.get(step);
      if (known !== undefined) return known;
      if (lanes.length === lanesMax) return lanesMax;
      const steps = numbers.get(before) ?? new Map<string, number>();
      numbers.set(before, steps);
      const number = lanes.push({ before, step }) - 1;
      steps.set(step, number);
      return number;
    },
    at: (number) => lanes[number] ?? { before: "", step: "" },
  };
}

/** -1 unless it is written as numbers are written, and fits a word: only then it gives back the same text. */
function plainNumber(text: string, from: number, to: number): number {
  const length = to - from;
  if (length < 1 || length > 10 || (length > 1 && text.charCodeAt(from) === zero)) return -1;
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number < 2 ** 32 ? number : -1;
}

const zero = 48;

/** Neighbours far apart, for agents and walks are counted upwards. */
function mixed(place: number, walk: number): number {
  let hash = Math.imul(place, 0x9e3779b1) ^ Math.imul(walk, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Ops by number: a table of millions of them in some fifteen bytes each. An op id is its coordinates, so these are kept
 * in place of the text and give it back; an id of another form is kept as it is.
 */
const mostAgents = 2 ** 24;
const mostLanes = 2 ** 8;
const firstCapacity = 1024;

export interface OpTable {
  /** The number of an op: 0 for the first, and so on; given where it has none yet. */
  readonly numberOf: (op: string) => number;
  /** Undefined where the op was never given one. */
  readonly find: (op: string) => number | undefined;
  readonly opOf: (number: number) => string;
  readonly size: () => number;
}

interface Coordinates {
  /** What stands before the agent and behind the walk: run, group and step, by their number. */
  lane: number;
  agent: number;
  walk: number;
}

interface Lane {
  readonly before: string;
  readonly step: string;
}

export function openOpTable(): OpTable {
  const lanes: Lane[] = [];
  const laneNumbers = new Map<string, Map<string, number>>();
  const others = { numbers: new Map<string, number>(), texts: new Map<number, string>() };
  // Agent and lane share a word; the other holds the walk.
  let places = new Uint32Array(firstCapacity);
  let walks = new Uint32Array(firstCapacity);
  // Numbers + 1 by hash, at most three quarters full; 0 is free.
  let index = new Uint32Array(2 * firstCapacity);
  let size = 0;
  const at: Coordinates = { lane: 0, agent: 0, walk: 0 };

  const laneOf = (before: string, step: string): number => {
    let steps = laneNumbers.get(before);
    if (steps === undefined) laneNumbers.set(before, (steps = new Map()));
    let lane = steps.get(step);
    if (lane !== undefined) return lane;
    // Where there are too many, ids are not made of coordinates after all.
    if (lanes.length === mostLanes) return mostLanes;
    lane = lanes.push({ before, step }) - 1;
    steps.set(step, lane);
    return lane;
  };

  /** Reads them into `at`, to make nothing for each look; false where the id is of another form. */
  const read = (op: string): boolean => {
    const walkEnd = op.lastIndexOf(".");
    const agentEnd = op.lastIndexOf(".", walkEnd - 1);
    const before = op.lastIndexOf(".", agentEnd - 1);
    if (before <= 0) return false;
    at.walk = plainNumber(op, agentEnd + 1, walkEnd);
    at.agent = plainNumber(op, before + 1, agentEnd);
    if (at.walk < 0 || at.agent < 0 || at.agent >= mostAgents) return false;
    at.lane = laneOf(op.slice(0, before), op.slice(walkEnd + 1));
    return at.lane < mostLanes;
  };

  /** Where in the index the op of `at` stands, or would stand. */
  const seek = (): number => {
    const mask = index.length - 1;
    const place = at.agent * mostLanes + at.lane;
    let spot = mixed(place, at.walk) & mask;
    for (let entry = index[spot] ?? 0; entry !== 0; entry = index[spot] ?? 0) {
      if (places[entry - 1] === place && walks[entry - 1] === at.walk) return spot;
      spot = (spot + 1) & mask;
    }
    return spot;
  };

  const grow = (): void => {
    if (size === places.length) {
      places = enlarged(places);
      walks = enlarged(walks);
    }
    if ((size + 1) * 4 < index.length * 3) return;
    index = new Uint32Array(index.length * 2);
    for (let number = 0; number < size; number += 1) {
      if (others.texts.has(number)) continue;
      const place = places[number] ?? 0;
      at.agent = Math.floor(place / mostLanes);
      at.lane = place % mostLanes;
      at.walk = walks[number] ?? 0;
      index[seek()] = number + 1;
    }
  };

  const find = (op: string): number | undefined => {
    if (!read(op)) return others.numbers.get(op);
    const entry = index[seek()] ?? 0;
    return entry === 0 ? undefined : entry - 1;
  };

  const numberOf = (op: string): number => {
    const known = find(op);
    if (known !== undefined) return known;
    grow();
    const number = size;
    size += 1;
    if (read(op)) {
      places[number] = at.agent * mostLanes + at.lane;
      walks[number] = at.walk;
      index[seek()] = number + 1;
    } else {
      others.numbers.set(op, number);
      others.texts.set(number, op);
    }
    return number;
  };

  const opOf = (number: number): string => {
    const other = others.texts.get(number);
    if (other !== undefined) return other;
    const place = places[number] ?? 0;
    const { before, step } = lanes[place % mostLanes] ?? { before: "", step: "" };
    return `${before}.${Math.floor(place / mostLanes)}.${walks[number] ?? 0}.${step}`;
  };

  return { numberOf, find, opOf, size: () => size };
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

function enlarged(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}

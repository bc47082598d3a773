/**
 * How long ops are held after their end, for what may still follow them. The more trouble an op had, the longer; and of
 * each sort only so many, the youngest, so that no rate of ops takes more memory than another.
 */
export interface Held {
  readonly endedUs: number;
  /** It was handed on. */
  readonly gone: boolean;
}

export interface HoldingBounds {
  /** After this long nothing is held any more. */
  readonly lingerUs: number;
  /** All went well, and nothing was broken meanwhile. */
  readonly calmMax: number;
  /** It came to a good end, though something was amiss. */
  readonly mendedMax: number;
  /** It did not go well, or a caller left: the work behind it may go on for long. */
  readonly troubledMax: number;
  /** Of all, those under way included. */
  readonly heldMax: number;
}

// Each op is some three kilobytes as long as it is held.
export const holdingBounds: HoldingBounds = {
  lingerUs: 60_000_000,
  calmMax: 2_000,
  mendedMax: 2_000,
  troubledMax: 4_000,
  heldMax: 60_000,
};

/** For what is held beside another that holds the same: there may be several. */
export function fewer({ lingerUs, ...most }: HoldingBounds): HoldingBounds {
  const third = (max: number): number => Math.ceil(max / 3);
  const { calmMax, mendedMax, troubledMax, heldMax } = most;
  return {
    lingerUs,
    calmMax: third(calmMax),
    mendedMax: third(mendedMax),
    troubledMax: third(troubledMax),
    heldMax: third(heldMax),
  };
}

export type Sort = "calm" | "mended" | "troubled";

export interface Holding<H extends Held> {
  readonly add: (held: H) => void;
  /** The next one whose time is up. */
  readonly due: (nowUs: number) => H | undefined;
}

/** `sortOf` may change its mind as more becomes known; `mustStay` is asked before one has to go for lack of room. */
export function openHolding<H extends Held>(
  { lingerUs, ...most }: HoldingBounds,
  { sortOf, mustStay }: { readonly sortOf: (held: H) => Sort; readonly mustStay: (held: H) => boolean },
): Holding<H> {
  const lines = { calm: openLine<H>(), mended: openLine<H>(), troubled: openLine<H>() };
  const bounds: readonly (readonly [Sort, number])[] = [
    ["calm", most.calmMax],
    ["mended", most.mendedMax],
    ["troubled", most.troubledMax],
  ];

  const dueIn = (sort: Sort, max: number, nowUs: number): H | undefined => {
    const line = lines[sort];
    for (let first = line.first(); first !== undefined; first = line.first()) {
      const old = nowUs - first.endedUs > lingerUs;
      if (!first.gone && !old && line.size() <= max) return undefined;
      const now = first.gone || old ? sort : sortOf(first);
      if (now === sort && !first.gone && !old && mustStay(first)) return undefined;
      line.take();
      if (first.gone) continue;
      if (now === sort) return first;
      lines[now].add(first);
    }
    return undefined;
  };

  return {
    add: (held) => lines[sortOf(held)].add(held),
    due: (nowUs) => {
      for (const [sort, max] of bounds) {
        const due = dueIn(sort, max, nowUs);
        if (due !== undefined) return due;
      }
      return undefined;
    },
  };
}

interface Line<T> {
  readonly add: (item: T) => void;
  readonly first: () => T | undefined;
  readonly take: () => void;
  readonly size: () => number;
}

/** First in, first out; an array alone would move all of them for each that goes. */
function openLine<T>(): Line<T> {
  let items: (T | undefined)[] = [];
  let from = 0;
  return {
    add: (item) => items.push(item),
    first: () => items[from],
    take: () => {
      // What has gone must not be kept alive from here.
      items[from] = undefined;
      from += 1;
      if (from < 512 || from * 2 < items.length) return;
      items = items.slice(from);
      from = 0;
    },
    size: () => items.length - from,
  };
}

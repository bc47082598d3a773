/** A list of numbers of one kind that grows, in as many bytes as they take. */
type Numbers = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const kinds = { byte: Uint8Array, word: Uint32Array, double: Float64Array } as const;

export interface Column {
  /** 0 where nothing was set. */
  readonly get: (row: number) => number;
  readonly set: (row: number, value: number) => void;
}

const firstLength = 64;
const pageBits = 14;
const pageLength = 2 ** pageBits;

/** In pages: one list that makes room by moving would take twice its size while it does. */
export function openColumn(kind: keyof typeof kinds): Column {
  const pages: Numbers[] = [];

  /** Only the first page grows, for most columns stay short. */
  const roomFor = (row: number): Numbers => {
    const number = row >>> pageBits;
    for (let next = pages.length; next < number; next += 1) pages.push(new kinds[kind](pageLength));
    const known = pages[number];
    const at = row % pageLength;
    if (known !== undefined && at < known.length) return known;
    const least = number === 0 ? Math.max(firstLength, at + 1, 2 * (known?.length ?? 0)) : pageLength;
    const page = new kinds[kind](Math.min(pageLength, least));
    if (known !== undefined) page.set(known);
    pages[number] = page;
    return page;
  };

  return {
    get: (row) => pages[row >>> pageBits]?.[row % pageLength] ?? 0,
    set: (row, value) => {
      roomFor(row)[row % pageLength] = value;
    },
  };
}

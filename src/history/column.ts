/** A list of numbers of one kind that grows, in as many bytes as they take. */
type Numbers = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const kinds = { byte: Uint8Array, word: Uint32Array, double: Float64Array } as const;

export interface Column {
  /** 0 where nothing was set. */
  readonly get: (row: number) => number;
  readonly set: (row: number, value: number) => void;
}

export function openColumn(kind: keyof typeof kinds): Column {
  let numbers: Numbers = new kinds[kind](64);
  return {
    get: (row) => numbers[row] ?? 0,
    set: (row, value) => {
      if (row >= numbers.length) {
        const larger = new kinds[kind](Math.max(row + 1, Math.ceil(numbers.length * 1.5)));
        larger.set(numbers);
        numbers = larger;
      }
      numbers[row] = value;
    },
  };
}

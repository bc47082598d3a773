/** A stream of bytes, cut into lines however its chunks come. A line beyond the limit is passed over, and told. */
export interface LineReader {
  readonly feed: (chunk: Buffer) => void;
  /** Whether the bytes so far end inside a line. */
  readonly inLine: boolean;
  /** Forgets what came of the last line and answers it. */
  readonly rest: () => Buffer;
}

export interface LineListener {
  readonly bytesMax: number;
  /** Without its newline. */
  readonly onLine: (line: Buffer) => void;
  /** Told once for each, as soon as the limit is passed. */
  readonly onOverlong: () => void;
}

const newline = 10;

export function readLines({ bytesMax, onLine, onOverlong }: LineListener): LineReader {
  let parts: Buffer[] = [];
  let bytes = 0;
  let overlong = false;

  const add = (part: Buffer): void => {
    bytes += part.length;
    if (overlong) return;
    if (bytes <= bytesMax) {
      if (part.length > 0) parts.push(part);
      return;
    }
    overlong = true;
    parts = [];
    onOverlong();
  };
  const take = (): Buffer => {
    const [only] = parts;
    const line = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
    parts = [];
    bytes = 0;
    overlong = false;
    return line;
  };

  return {
    feed: (chunk) => {
      let from = 0;
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        add(chunk.subarray(from, at));
        from = at + 1;
        const whole = !overlong;
        const line = take();
        if (whole) onLine(line);
      }
      if (from < chunk.length) add(chunk.subarray(from));
    },
    get inLine() {
      return bytes > 0;
    },
    rest: take,
  };
}

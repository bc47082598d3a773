/**
 * The files of a history: `0001.ndjson`, `0002.ndjson` … Each is of one writer; the numbers are drawn from one counter
 * for all. The one that a writer has open is plain, so that a person can search it; a closed one is compressed.
 */
import { createReadStream, createWriteStream, type Dirent } from "node:fs";
import { open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { pipeline as piped } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { messageOf, UserError } from "../errors.ts";

/** The last number drawn; shared memory, so that threads draw from the same. */
export type SegmentNumber = Int32Array<SharedArrayBuffer>;

export function segmentNumber(): SegmentNumber {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

export interface OpenSegments {
  /** Whole lines, in order; never begun before the last append is done. */
  readonly append: (lines: Buffer) => Promise<void>;
  /** Also waits for the compressions under way. */
  readonly close: () => Promise<void>;
}

export function openSegments(
  directory: string,
  { number, bytesMax }: { readonly number: SegmentNumber; readonly bytesMax: number },
): OpenSegments {
  let file: FileHandle | undefined;
  let path = "";
  let bytes = 0;
  // One after the other: the threads that compress are those that write.
  let compressing = Promise.resolve();

  return {
    append: async (lines) => {
      // However much has waited for the disk, each segment ends at its first line beyond the measure.
      for (let rest = lines; rest.length > 0;) {
        if (file !== undefined && bytes >= bytesMax) {
          await file.close();
          const closed = path;
          compressing = compressing.then(() => compress(closed));
          file = undefined;
        }
        if (file === undefined) {
          path = join(directory, nameOf(Atomics.add(number, 0, 1) + 1));
          bytes = 0;
          file = await open(path, "ax");
        }
        const fitting = rest.subarray(0, rest.indexOf("\n", bytesMax - bytes - 1) + 1 || rest.length);
        await file.appendFile(fitting);
        bytes += fitting.length;
        rest = rest.subarray(fitting.length);
      }
    },
    close: async () => {
      try {
        await file?.close();
      } finally {
        await compressing;
      }
    },
  };
}

// Each step of a stream is a trip to another thread and back; beyond this nothing is won.
const compressBytes = 256 * 1024;
// What comes of a chunk lives together: more of it costs the collector more than the trips cost.
const readBytes = 64 * 1024;

/** At each moment there is one whole form of it. What cannot be compressed stays as it is. */
async function compress(path: string): Promise<void> {
  const partial = `${path}.zst.partial`;
  const zstd = createZstdCompress({
    chunkSize: compressBytes,
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  try {
    // The plain file goes next, so the other must be on the disk and not only on its way.
    const to = createWriteStream(partial, { flags: "wx", flush: true });
    await piped(createReadStream(path, { highWaterMark: compressBytes }), zstd, to);
    await rename(partial, `${path}.zst`);
    await rm(path);
  } catch {
    await rm(partial, { force: true }).catch(() => undefined);
  }
}

export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly isCompressed: boolean;
}

export function nameOf(number: number): string {
  return `${String(number).padStart(4, "0")}.ndjson`;
}

/** In the order of their numbers, each once: a kill may leave both forms of one, and both are whole. */
export async function segmentsIn(directory: string): Promise<readonly Segment[]> {
  const found = new Map<number, Segment>();
  for (const entry of await entriesIn(directory)) {
    const { name } = entry;
    const [, digits, suffix] = /^(\d{4,})\.ndjson(\.zst)?$/.exec(name) ?? [];
    if (digits === undefined) continue;
    // A link or a pipe leads who knows where, and may never end.
    if (!entry.isFile()) throw new UserError(`${join(directory, name)} is not a file: something was put in its place`);
    const segment = { number: Number(digits), path: join(directory, name), isCompressed: suffix !== undefined };
    if (!segment.isCompressed || !found.has(segment.number)) found.set(segment.number, segment);
  }
  if (found.size === 0) throw new UserError(`${directory} holds no history (no NNNN.ndjson)`);
  return [...found.values()].sort((a, b) => a.number - b.number);
}

async function entriesIn(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    throw new UserError(`${directory} cannot be read as a history: ${messageOf(error)}`, { cause: error });
  }
}

/** The text of a segment, chunk by chunk. */
export async function* bytesOf(
  { path, isCompressed }: Segment,
  { chunkBytes = readBytes }: { readonly chunkBytes?: number } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  // Whatever breaks one end reaches the loop below.
  const stream = isCompressed ? pipeline(file, createZstdDecompress({ chunkSize: chunkBytes }), () => undefined) : file;
  try {
    for await (const bytes of stream) yield bytes;
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

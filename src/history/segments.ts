/**
 * A history on disk: `history/0001.ndjson`, `0002.ndjson` … one event a line, written as it happens. The reader takes
 * a history that was cut off in the middle of a line: what is whole is read, the rest never happened.
 */
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { messageOf, UserError } from "../errors.ts";
import type { Timer, World } from "../world.ts";
import { historySchema, type HistoryEvent, type Recorder, type Stamp, type Unstamped } from "./events.ts";

const segmentBytesMax = 64 * 1024 * 1024;
const flushEveryMs = 50;
const bufferBytesMax = 256 * 1024;

export interface HistoryWriter extends Recorder {
  /** Writes all that is recorded, and closes the segment. */
  close(): Promise<void>;
  /** The error that stopped the writing, if any did. */
  readonly failed: Error | undefined;
}

export async function openHistory(
  directory: string,
  world: World,
  { writer = "m", onFailed }: { readonly writer?: string; readonly onFailed?: (error: Error) => void } = {},
): Promise<HistoryWriter> {
  await mkdir(directory, { recursive: true });
  const originUs = world.nowUs();
  let segment = 0;
  let file: FileHandle | undefined;
  let segmentBytes = 0;
  let buffered: string[] = [];
  let bufferedBytes = 0;
  let count = 0;
  let lastUs = 0;
  let writing = Promise.resolve();
  let timer: Timer | undefined;
  let failed: Error | undefined;

  const append = async (lines: string): Promise<void> => {
    if (file === undefined || segmentBytes > segmentBytesMax) {
      await file?.close();
      segment += 1;
      segmentBytes = 0;
      file = await open(join(directory, `${String(segment).padStart(4, "0")}.ndjson`), "ax");
    }
    await file.appendFile(lines);
    segmentBytes += lines.length;
  };

  const flush = (): Promise<void> => {
    timer?.cancel();
    timer = undefined;
    const lines = buffered.join("");
    buffered = [];
    bufferedBytes = 0;
    if (lines !== "") {
      writing = writing
        // After a failure nothing more is written: a history that ends is honest, one with a hole in it is not.
        .then(() => (failed === undefined ? append(lines) : undefined))
        .catch((error: unknown) => {
          failed ??= unwritten(error);
          onFailed?.(failed);
        });
    }
    return writing;
  };

  const record = (event: Unstamped): Stamp => {
    count += 1;
    // One writer's events are in order of time by definition; the clock may stand still, it may not go back.
    lastUs = Math.max(lastUs, world.nowUs() - originUs);
    const stamp = { id: `${writer}:${count}`, atUs: lastUs };
    const line = `${JSON.stringify({ ...stamp, ...event })}\n`;
    buffered.push(line);
    bufferedBytes += line.length;
    if (bufferedBytes > bufferBytesMax) void flush();
    else timer ??= world.timer(flushEveryMs, () => void flush());
    return stamp;
  };

  return {
    record,
    nowUs: () => world.nowUs() - originUs,
    close: async () => {
      await flush();
      await file?.close();
    },
    get failed() {
      return failed;
    },
  };
}

function unwritten(cause: unknown): UserError {
  return new UserError(`the history cannot be written: ${messageOf(cause)}; make room, or choose another --out`, {
    cause,
  });
}

/** Every whole event of a history, in order. */
export async function* readHistory(directory: string): AsyncGenerator<HistoryEvent, void, undefined> {
  const segments = (await segmentsIn(directory)).filter((name) => name.endsWith(".ndjson")).sort();
  if (segments.length === 0) throw new UserError(`${directory} holds no history (no NNNN.ndjson)`);
  for (const [index, name] of segments.entries()) {
    const path = join(directory, name);
    let pending: { readonly text: string; readonly line: number } | undefined;
    let line = 0;
    for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1;
      if (pending !== undefined) yield parsedEvent(pending.text, path, pending.line);
      pending = { text, line };
    }
    if (pending === undefined) continue;
    const isLast = index === segments.length - 1;
    if (isLast && !isWhole(pending.text)) return;
    yield parsedEvent(pending.text, path, pending.line);
  }
}

async function segmentsIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw new UserError(`${directory} cannot be read as a history: ${messageOf(error)}`, { cause: error });
  }
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parsedEvent(text: string, path: string, line: number): HistoryEvent {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}:${line} is damaged: ${messageOf(error)}`, { cause: error });
  }
  if (typeof event !== "object" || event === null || !("type" in event) || !("atUs" in event)) {
    throw new UserError(`${path}:${line} is not an event of a history`);
  }
  if (event.type === "run-started" && "schema" in event && event.schema !== historySchema) {
    throw new UserError(`${path} has the schema ${String(event.schema)}; this Squall reads ${historySchema}`);
  }
  // Our own writer made the line; a full check of each of ten million would cost more than the judging.
  return event as HistoryEvent;
}

/**
 * A history on disk, of one writer or many: one event a line, written as it happens. Comes in: events as the run
 * records them. Goes out, to whoever judges: all of them in one order, by time, then writer, then number.
 */
import { mkdir } from "node:fs/promises";
import { UserError } from "../errors.ts";
import type { World } from "../world.ts";
import type { EventOf, HistoryEvent, Recorder, Stamp, Unstamped } from "./events.ts";
import { openSegments, segmentNumber, segmentsIn, type SegmentNumber } from "./segment-files.ts";
import { eventsOf, strandsOf, type Strand } from "./strands.ts";
import { writeBehind } from "./write-behind.ts";

export interface HistoryOptions {
  /** The first half of its ids: one word, unlike every other writer's of this history. */
  readonly writer?: string;
  /** Where the clock of the history's first writer began, so that all stamps stand on one clock. */
  readonly originUs?: number;
  /** The first writer's, so that no two draw the same number for a segment. */
  readonly number?: SegmentNumber;
  readonly segmentBytesMax?: number;
  readonly onFailed?: (error: Error) => void;
}

export interface HistoryWriter extends Recorder {
  /** With `number`, what other threads need to write into the same history; both may be posted to them. */
  readonly originUs: number;
  readonly number: SegmentNumber;
  /** How many events were recorded. */
  readonly count: () => number;
  /** While too much waits for the disk: resolves once there is room again. Begin nothing new before. */
  readonly pressure: () => Promise<void> | undefined;
  /** Writes all that is recorded, closes the segment, and waits until closed ones are compressed. */
  close(): Promise<void>;
  /** The error that stopped the writing, if any did. */
  readonly failed: Error | undefined;
}

export async function openHistory(
  directory: string,
  world: World,
  {
    writer = "m",
    originUs = world.nowUs(),
    number = segmentNumber(),
    segmentBytesMax = 64 * 1024 * 1024,
    onFailed,
  }: HistoryOptions = {},
): Promise<HistoryWriter> {
  await mkdir(directory, { recursive: true });
  const segments = openSegments(directory, { number, bytesMax: segmentBytesMax });
  const lines = writeBehind(segments, { world, onFailed });
  let count = 0;
  let lastUs = 0;

  const record = (event: Unstamped): Stamp => {
    count += 1;
    // One writer's events are in order of time by definition; the clock may stand still, it may not go back.
    lastUs = Math.max(lastUs, world.nowUs() - originUs);
    const id = `${writer}:${count}`;
    // To make one object of both would cost as much as the rest.
    lines.add(`{"id":"${id}","atUs":${lastUs}`, JSON.stringify(event));
    return { id, atUs: lastUs };
  };

  return {
    record,
    nowUs: () => world.nowUs() - originUs,
    originUs,
    number,
    count: () => count,
    pressure: lines.pressure,
    close: lines.close,
    get failed() {
      return lines.failed;
    },
  };
}

/**
 * Every whole event of a history, in order. Only a block of each writer is in memory at a time. Of what several writers
 * recorded in the same microsecond, that of the first by name comes first.
 */
export async function* readHistory(directory: string): AsyncGenerator<HistoryEvent, void, undefined> {
  for await (const block of readBlocks(directory)) yield* block;
}

const blockEventsMax = 512;

/** The same, many at a time: to wait for each event costs about as much as to judge it. */
export async function* readBlocks(directory: string): AsyncGenerator<readonly HistoryEvent[], void, undefined> {
  const strands = await strandsOf(await segmentsIn(directory));
  const heads = strands.map(headOf);
  let ended: EventOf<"run-ended"> | undefined;
  let block: HistoryEvent[] = [];
  try {
    for (const head of heads) await nextBlock(head);
    for (;;) {
      const head = earliest(heads);
      const event = head?.block[head.at];
      if (head === undefined || event === undefined) break;
      head.at += 1;
      if (event.type === "run-ended") ended = event;
      block.push(event);
      if (block.length === blockEventsMax) {
        yield block;
        block = [];
      }
      if (head.at === head.block.length) await nextBlock(head);
    }
    yield block;
  } finally {
    for (const { blocks } of heads) await blocks.return();
  }
  for (const [writer, count] of Object.entries(ended?.written ?? {})) {
    const read = heads.find((head) => head.strand.writer === writer)?.count ?? 0;
    if (read < count) {
      throw new UserError(`${directory} is not whole, events are missing: ${writer} ends with ${read} of ${count}`);
    }
  }
}

/** How far the reading of one strand is. */
interface Head {
  readonly strand: Strand;
  readonly blocks: ReturnType<typeof eventsOf>;
  /** Empty once the strand is at its end. */
  block: readonly HistoryEvent[];
  at: number;
  count: number;
}

function headOf(strand: Strand): Head {
  return { strand, blocks: eventsOf(strand), block: [], at: 0, count: 0 };
}

async function nextBlock(head: Head): Promise<void> {
  const next = await head.blocks.next();
  head.block = next.done === true ? [] : next.value;
  head.at = 0;
  head.count += head.block.length;
}

/** Undefined once all are at their end; there are few enough to look at each. */
function earliest(heads: readonly Head[]): Head | undefined {
  let first: Head | undefined;
  let firstUs = Number.POSITIVE_INFINITY;
  for (const head of heads) {
    const atUs = head.block[head.at]?.atUs ?? Number.POSITIVE_INFINITY;
    if (atUs < firstUs) {
      first = head;
      firstUs = atUs;
    }
  }
  return first;
}

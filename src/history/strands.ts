/**
 * A strand is all that one writer wrote, over all its segments, in order. Comes in: the segments of a history. Goes
 * out: each writer's events, block by block, with nothing missing between its first and its last.
 */
import { basename, dirname } from "node:path";
import { messageOf, UserError } from "../errors.ts";
import { historySchema, type HistoryEvent } from "./events.ts";
import { bytesOf, nameOf, type Segment } from "./segment-files.ts";

export interface Strand {
  readonly writer: string;
  readonly segments: readonly Segment[];
  /** The numbers of all segments that are there, of whatever writer. */
  readonly numbers: ReadonlySet<number>;
}

/** In the order of the writers' names. */
export async function strandsOf(segments: readonly Segment[]): Promise<readonly Strand[]> {
  const byWriter = new Map<string, Segment[]>();
  for (const segment of segments) {
    const writer = await writerOf(segment);
    if (writer === undefined) continue;
    const own = byWriter.get(writer);
    if (own === undefined) byWriter.set(writer, [segment]);
    else own.push(segment);
  }
  const numbers = new Set(segments.map(({ number }) => number));
  return [...byWriter]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([writer, segments]) => ({ writer, segments, numbers }));
}

// More than the longest id takes.
const headBytes = 512;
const headChunkBytes = 16 * 1024;
const newline = 10;

/** Undefined where a kill left not even the beginning of a line. */
async function writerOf(segment: Segment): Promise<string | undefined> {
  let head: Buffer = Buffer.alloc(0);
  for await (const bytes of bytesOf(segment, { chunkBytes: headChunkBytes })) {
    head = Buffer.concat([head, bytes]);
    if (head.length >= headBytes || head.includes(newline)) break;
  }
  const writer = /^\{"id":"([^"\\]*):\d+"/.exec(head.toString())?.[1];
  if (writer !== undefined) return writer;
  if (head.length < headBytes && !head.includes(newline)) return undefined;
  throw new UserError(`${segment.path}:1 is damaged: it does not begin with the id of an event`);
}

/** Where the reading of a strand stands. */
interface Place {
  readonly strand: Strand;
  readonly segment: Segment;
  /** The last line read. */
  line: number;
  /** The number of the last event read, and its moment. */
  count: number;
  lastUs: number;
}

/** The events of a strand; its last segment may be cut off in the middle of a line, and ends before it. */
export async function* eventsOf(strand: Strand): AsyncGenerator<readonly HistoryEvent[], void, undefined> {
  let [count, lastUs] = [0, 0];
  for (const segment of strand.segments) {
    const place: Place = { strand, segment, line: 0, count, lastUs };
    let rest: Buffer = Buffer.alloc(0);
    for await (const bytes of bytesOf(segment)) {
      const end = bytes.lastIndexOf(newline) + 1;
      // Cut at a newline there is never a part of a character.
      if (end > 0) yield eventsIn(Buffer.concat([rest, bytes.subarray(0, end)]).toString(), place);
      rest = end > 0 ? bytes.subarray(end) : Buffer.concat([rest, bytes]);
      if (rest.length > lineBytesMax)
        throw new UserError(`${segment.path}:${place.line + 1} is damaged: it never ends`);
    }
    const last = rest.toString();
    const isCut = segment === strand.segments.at(-1) && !isWhole(last);
    if (last !== "" && !isCut) yield eventsIn(`${last}\n`, place);
    ({ count, lastUs } = place);
  }
}

/** No event comes near it. */
const lineBytesMax = 16 * 1024 * 1024;

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function eventsIn(lines: string, place: Place): readonly HistoryEvent[] {
  const events: HistoryEvent[] = [];
  for (let from = 0, end = lines.indexOf("\n"); end >= 0; from = end + 1, end = lines.indexOf("\n", from)) {
    place.line += 1;
    const event = parsedEvent(lines.slice(from, end), place);
    place.count += 1;
    place.lastUs = event.atUs;
    events.push(event);
  }
  return events;
}

function parsedEvent(line: string, place: Place): HistoryEvent {
  const { writer } = place.strand;
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new UserError(`${placeOf(place)} is damaged: ${messageOf(error)}`, { cause: error });
  }
  if (!isEvent(event)) throw new UserError(`${placeOf(place)} is not an event of a history`);
  const { id, atUs } = event;
  // Cheaper, ten million times, than to make the id that it must be.
  const isNext = id.startsWith(writer) && Number(id.slice(writer.length + 1)) === place.count + 1;
  if (!isNext) throw gap(id, place);
  if (atUs < place.lastUs) throw new UserError(`${placeOf(place)} is damaged: it goes back in time`);
  if (event.type === "run-started") requireSchema(event.schema, place);
  return event;
}

function requireSchema(schema: string, { segment }: Place): void {
  if (schema === historySchema) return;
  throw new UserError(`${segment.path} has the schema ${schema}; this Squall reads ${historySchema}`);
}

/** Our own writer made the line; a full check of each of ten million would cost more than the judging. */
function isEvent(value: unknown): value is HistoryEvent {
  if (typeof value !== "object" || value === null) return false;
  const { id, type, atUs }: { id?: unknown; type?: unknown; atUs?: unknown } = value;
  return typeof id === "string" && typeof type === "string" && Number.isFinite(atUs);
}

function placeOf({ segment, line }: Place): string {
  return `${segment.path}:${line}`;
}

/** Refused, not judged around: an effect whose op is not there would be a finding, and a wrong one. */
function gap(id: string, place: Place): UserError {
  const { strand, segment, count } = place;
  const { writer, segments, numbers } = strand;
  const before = segments[segments.indexOf(segment) - 1]?.number ?? 0;
  const missing: string[] = [];
  for (let number = before + 1; number < segment.number; number += 1) {
    if (!numbers.has(number)) missing.push(nameOf(number));
  }
  const [first, last] = [missing[0], missing.at(-1)];
  const lost = first === last ? (first ?? "a part") : `some of ${first} … ${last}`;
  const says = count === 0 ? `${writer} begins with ${id}` : `${writer}:${count} is followed by ${id}`;
  return new UserError(
    `${dirname(segment.path)} is not whole, ${lost} is missing: ${says} in ${basename(placeOf(place))}`,
  );
}

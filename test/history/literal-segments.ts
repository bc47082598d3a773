/** Histories of several writers, dealt out to segments by hand. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import type { HistoryEvent } from "../../src/history/events.ts";
import { nameOf } from "../../src/history/segment-files.ts";
import { readHistory } from "../../src/history/segments.ts";

export interface LiteralSegment {
  readonly events: readonly HistoryEvent[];
  readonly isCompressed?: boolean;
}

export const linesOf = (events: readonly HistoryEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join("");

/** In the order given, numbered from 1 or with holes between. */
export async function writeSegments(
  directory: string,
  segments: readonly LiteralSegment[],
  { stride = 1 }: { readonly stride?: number } = {},
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [index, { events, isCompressed = false }] of segments.entries()) {
    const path = join(directory, nameOf(1 + index * stride));
    const text = linesOf(events);
    if (isCompressed) await writeFile(`${path}.zst`, zstdCompressSync(text));
    else await writeFile(path, text);
  }
}

export async function readAll(directory: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(directory)) events.push(event);
  return events;
}

/** The reader's contract, said the simple way. */
export function inOrder(events: readonly HistoryEvent[]): HistoryEvent[] {
  return events.toSorted((a, b) => {
    const [x, y] = [writerOf(a), writerOf(b)];
    if (a.atUs !== b.atUs) return a.atUs - b.atUs;
    if (x !== y) return x < y ? -1 : 1;
    return Number(a.id.slice(x.length + 1)) - Number(b.id.slice(y.length + 1));
  });
}

export const writerOf = ({ id }: HistoryEvent): string => id.slice(0, id.lastIndexOf(":"));

/** Where segments begin, and which of all writers' segments comes when: anything that keeps each writer's own order. */
export const cuts = fc.record({
  begins: fc.array(
    fc.nat(3).map((n) => n === 0),
    { minLength: 1, maxLength: 20 },
  ),
  turns: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
  compressed: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  stride: fc.constantFrom(1, 3, 4000),
});
export type Cuts = typeof cuts extends fc.Arbitrary<infer T> ? T : never;

const cycled = <T>(values: readonly T[], index: number): T => values[index % values.length]!;

export function dealt(events: readonly HistoryEvent[], { begins, turns, compressed }: Cuts): LiteralSegment[] {
  const queues = [...Map.groupBy(events, writerOf).values()].map((own) =>
    own.reduce<HistoryEvent[][]>((segments, event, index) => {
      if (index === 0 || cycled(begins, index)) return [...segments, [event]];
      segments.at(-1)!.push(event);
      return segments;
    }, []),
  );
  const segments: LiteralSegment[] = [];
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn += 1) {
    const left = queues.filter((queue) => queue.length > 0);
    const events = cycled(left, cycled(turns, turn)).shift()!;
    segments.push({ events, isCompressed: cycled(compressed, turn) });
  }
  return segments;
}

/** What a few writers recorded; often at the same moment. */
export const histories: fc.Arbitrary<HistoryEvent[]> = fc
  .uniqueArray(fc.constantFrom("m", "w1", "w2", "w10"), { minLength: 1 })
  .chain((writers) => fc.tuple(...writers.map(recordedBy)))
  .map((strands) => inOrder(strands.flat()));

function recordedBy(writer: string): fc.Arbitrary<HistoryEvent[]> {
  const said = fc.record({ afterUs: fc.nat(2), says: fc.string({ unit: "grapheme" }) });
  return fc.array(said, { minLength: 1, maxLength: 12 }).map((all) => {
    let atUs = 0;
    return all.map(({ afterUs, says }, index) => {
      atUs += afterUs;
      return { id: `${writer}:${index + 1}`, atUs, type: "op-ended", op: says, outcome: "ok" };
    });
  });
}

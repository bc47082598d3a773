/** What holds of every history, however it was cut into segments. */
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { judge } from "../../src/checks/judge.ts";
import { checks } from "../../src/checks/registry.ts";
import type { HistoryEvent } from "../../src/history/events.ts";
import { nameOf, openSegments, segmentNumber } from "../../src/history/segment-files.ts";
import { readHistory } from "../../src/history/segments.ts";
import { verdictsOf } from "../../src/reporters/verdicts.ts";
import { effect, historyOf, honestRun } from "../literal-history.ts";
import { cuts, dealt, histories, inOrder, linesOf, readAll, writeSegments, writerOf } from "./literal-segments.ts";

/** Each try has a folder of its own. */
async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "squall-laws-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const tries = { seed: 42, numRuns: 25 };

test("whatever segments a history is cut into, and in whatever order they are numbered, it reads the same", async () => {
  await fc.assert(
    fc.asyncProperty(histories, cuts, (events, cuts) =>
      inFolder(async (folder) => {
        await writeSegments(folder, dealt(events, cuts), cuts);
        expect(await readAll(folder)).toEqual(events);
      }),
    ),
    tries,
  );
});

test("what is written reads the same, whatever the writes and however soon segments are closed and compressed", async () => {
  const bounds = fc.integer({ min: 1, max: 600 });
  await fc.assert(
    fc.asyncProperty(histories, cuts, bounds, (events, cuts, bytesMax) =>
      inFolder(async (folder) => {
        const number = segmentNumber();
        const writers = new Map(events.map((event) => [writerOf(event), openSegments(folder, { number, bytesMax })]));
        for (const { events: batch } of dealt(events, cuts)) {
          await writers.get(writerOf(batch[0]!))?.append(Buffer.from(linesOf(batch)));
        }
        for (const writer of writers.values()) await writer.close();
        expect(await readAll(folder)).toEqual(events);
      }),
    ),
    tries,
  );
});

test("cut at any byte of a writer's last segment, the rest of it is what it had said so far, and nobody else's changes", async () => {
  const positions = fc.record({ writer: fc.nat(), part: fc.double({ min: 0, max: 1, noNaN: true }) });
  await fc.assert(
    fc.asyncProperty(histories, cuts, positions, (events, cuts, { writer, part }) =>
      inFolder(async (folder) => {
        const segments = dealt(events, { ...cuts, compressed: [false] });
        await writeSegments(folder, segments);
        const names = [...new Set(events.map(writerOf))];
        const name = names[writer % names.length]!;
        const index = segments.findLastIndex(({ events: [first] }) => writerOf(first!) === name);
        const last = segments[index]!.events;
        const bytes = Math.floor(Buffer.byteLength(linesOf(last)) * part);
        await truncate(join(folder, nameOf(index + 1)), bytes);
        // A line counts once it is whole, with its newline or without.
        const isLost = (_: HistoryEvent, at: number): boolean =>
          Buffer.byteLength(linesOf(last.slice(0, at + 1))) - 1 > bytes;
        const lost = new Set(last.filter(isLost));
        expect(await readAll(folder)).toEqual(events.filter((event) => !lost.has(event)));
      }),
    ),
    { ...tries, numRuns: 50 },
  );
});

/** A run of which workers recorded the ops, and the supervisor all the rest. */
function sharedOut(history: readonly HistoryEvent[], workers: number): HistoryEvent[] {
  const counts = new Map<string, number>();
  const writerOf = (event: HistoryEvent): string => {
    if (workers === 0 || !("op" in event) || event.type === "effect") return "m";
    return `w${1 + (Number(event.op?.split(".")[3]) % workers)}`;
  };
  return inOrder(
    history.map((event) => {
      const writer = writerOf(event);
      const count = (counts.get(writer) ?? 0) + 1;
      counts.set(writer, count);
      return { ...event, id: `${writer}:${count}` };
    }),
  );
}

async function told(read: () => AsyncIterable<HistoryEvent>): Promise<string> {
  const judged = await judge(read, checks);
  return JSON.stringify([verdictsOf(judged), judged.figures, judged.histograms]);
}

const withAll = honestRun.map(([atMs, event]) =>
  event.type === "run-started"
    ? ([atMs, { ...event, declared: { ...event.declared, checks: checks.map(({ name }) => name) } }] as const)
    : ([atMs, event] as const),
);
// The op of walk 3 has had its effect already.
const defective = [...withAll, effect(3, 700, { row: "twice" })];

test.each([
  ["an honest run", withAll, "pass"],
  ["a run with a duplicate", defective, "fail"],
] as const)("%s is judged the same from disk as from memory, to the byte", async (_, run, verdict) => {
  const alone = await judge(async function* () {
    yield* historyOf(run);
  }, checks);
  expect(alone.verdict).toBe(verdict);
  for (const workers of [0, 1, 3]) {
    const history = sharedOut(historyOf(run), workers);
    expect(new Set(history.map(writerOf)).size).toBe(workers + 1);
    const memory = await told(async function* () {
      yield* history;
    });
    expect(memory).toContain(`"verdict":"${verdict}"`);
    await fc.assert(
      fc.asyncProperty(cuts, (cuts) =>
        inFolder(async (folder) => {
          await writeSegments(folder, dealt(history, cuts), cuts);
          expect(await told(() => readHistory(folder))).toBe(memory);
        }),
      ),
      { seed: 42, numRuns: 3 },
    );
    const checksOf = (text: string): unknown =>
      (JSON.parse(text) as [{ checks: { check: string; verdict: string }[] }])[0].checks.map(({ check, verdict }) => [
        check,
        verdict,
      ]);
    // How many there were to write it changes ids, and no verdict.
    expect(checksOf(memory)).toEqual(alone.checks.map(({ check, verdict }) => [check, verdict]));
  }
});

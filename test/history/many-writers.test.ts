import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HistoryEvent, Unstamped } from "../../src/history/events.ts";
import { nameOf } from "../../src/history/segment-files.ts";
import { openHistory } from "../../src/history/segments.ts";
import { writeBehind } from "../../src/history/write-behind.ts";
import { realWorld } from "../../src/world.ts";
import { runStarted } from "../literal-history.ts";
import { rounds } from "../rounds.ts";
import { inOrder, readAll, writeSegments, writerOf } from "./literal-segments.ts";
import type { Work } from "./writing-worker.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "squall-history-"));
});
afterEach(() => rm(folder, { recursive: true }));

const begin: Unstamped = runStarted()[1];
const kilobyte = (op: string): Unstamped => ({ type: "op-ended", op, outcome: "ok", because: "x".repeat(1000) });
const segmentBytesMax = 300_000;

/** Far more than a segment takes, so that most of it is closed and compressed. */
async function writeLong(events = 3000): Promise<void> {
  const history = await openHistory(folder, realWorld, { segmentBytesMax });
  history.record(begin);
  for (let n = 2; n <= events; n += 1) {
    history.record(kilobyte(`op-${n}`));
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await history.close();
  expect(history.failed).toBeUndefined();
}

const idsOf = (events: readonly HistoryEvent[]): string[] => events.map(({ id }) => id);
const idsTo = (count: number, writer = "m"): string[] => Array.from({ length: count }, (_, n) => `${writer}:${n + 1}`);

describe("a segment that is closed", () => {
  test("is compressed, and the last one stays for a person to search", async () => {
    await writeLong();
    const names = (await readdir(folder)).sort();
    expect(names.length).toBeGreaterThan(2);
    expect(names).toEqual(names.map((_, n) => (n < names.length - 1 ? `${nameOf(n + 1)}.zst` : nameOf(n + 1))));
    expect(idsOf(await readAll(folder))).toEqual(idsTo(3000));
  });

  test("ends at the same line, however much has waited for the disk", async () => {
    const history = await openHistory(folder, realWorld, { segmentBytesMax });
    history.record(begin);
    // Not a turn between them: all of it is written at once.
    for (let n = 2; n <= 3000; n += 1) history.record(kilobyte(`op-${n}`));
    await history.close();
    const segments = (await readdir(folder)).sort();
    expect(segments).toHaveLength(11);
    const { length } = zstdDecompressSync(await readFile(join(folder, "0001.ndjson.zst")));
    expect(length).toBeGreaterThanOrEqual(segmentBytesMax);
    expect(length).toBeLessThan(segmentBytesMax + 2000);
    expect(idsOf(await readAll(folder))).toEqual(idsTo(3000));
  });

  test("is read once, also where a kill left it in both forms, or half of one", async () => {
    await writeLong();
    const first = await readFile(join(folder, "0001.ndjson.zst"));
    await writeFile(join(folder, "0001.ndjson"), zstdDecompressSync(first));
    await writeFile(join(folder, "0002.ndjson.zst.partial"), first.subarray(0, 100));
    expect(idsOf(await readAll(folder))).toEqual(idsTo(3000));
  });

  test("stays plain if it cannot be compressed, and the run goes on", async () => {
    await mkdir(join(folder, "0001.ndjson.zst.partial"));
    await writeLong();
    expect(await readdir(folder)).toEqual(expect.arrayContaining(["0001.ndjson", "0002.ndjson.zst"]));
    expect(idsOf(await readAll(folder))).toEqual(idsTo(3000));
  });

  test("is an error by its name where it is damaged", async () => {
    await writeLong();
    const path = join(folder, "0001.ndjson.zst");
    await truncate(path, Math.floor((await readFile(path)).length / 2));
    await expect(readAll(folder)).rejects.toThrow(/0001\.ndjson\.zst cannot be read/);
  });
});

describe("what is missing is noticed", () => {
  const event = (writer: string, n: number): HistoryEvent => ({
    id: `${writer}:${n}`,
    atUs: n * 10,
    type: "op-ended",
    op: `${n}`,
    outcome: "ok",
  });
  const m1: HistoryEvent = { id: "m:1", atUs: 0, ...begin };
  const ended = (written: Record<string, number>): HistoryEvent => ({
    id: "m:2",
    atUs: 1000,
    type: "run-ended",
    reason: "finished",
    written,
  });
  const whole = [[m1], [event("w1", 1)], [event("w1", 2), event("w1", 3)], [event("w1", 4)]].map((events) => ({
    events,
  }));

  test("a segment in the middle of a writer's, by its name", async () => {
    await writeSegments(folder, whole);
    await rm(join(folder, "0003.ndjson"));
    await expect(readAll(folder)).rejects.toThrow(
      `${folder} is not whole, 0003.ndjson is missing: w1:1 is followed by w1:4 in 0004.ndjson:1`,
    );
  });

  test("a writer's first segment", async () => {
    await writeSegments(folder, whole);
    await rm(join(folder, "0002.ndjson"));
    await expect(readAll(folder)).rejects.toThrow("0002.ndjson is missing: w1 begins with w1:2 in 0003.ndjson:1");
  });

  test("a line", async () => {
    await writeSegments(folder, [{ events: [m1, event("m", 3)] }]);
    await expect(readAll(folder)).rejects.toThrow("a part is missing: m:1 is followed by m:3 in 0001.ndjson:2");
  });

  test("the end of a segment that is not its writer's last", async () => {
    await writeSegments(folder, whole);
    await truncate(join(folder, "0003.ndjson"), 80);
    await expect(readAll(folder)).rejects.toThrow(/0003\.ndjson:2 is damaged/);
  });

  test("segments in another order than they were written in", async () => {
    await writeSegments(folder, whole);
    await rename(join(folder, "0002.ndjson"), join(folder, "0005.ndjson"));
    await expect(readAll(folder)).rejects.toThrow("w1 begins with w1:2");
  });

  test("the end of a writer, where the run's end says how much there was", async () => {
    await writeSegments(folder, [...whole, { events: [ended({ w1: 4 })] }]);
    expect(await readAll(folder)).toHaveLength(6);
    await rm(join(folder, "0004.ndjson"));
    await expect(readAll(folder)).rejects.toThrow("events are missing: w1 ends with 3 of 4");
    await rm(join(folder, "0003.ndjson"));
    await rm(join(folder, "0002.ndjson"));
    await expect(readAll(folder)).rejects.toThrow("events are missing: w1 ends with 0 of 4");
  });

  test("and so is a writer whose clock goes back", async () => {
    await writeSegments(folder, [{ events: [m1, { ...event("m", 2), atUs: 50 }, event("m", 3)] }]);
    await expect(readAll(folder)).rejects.toThrow("0001.ndjson:3 is damaged: it goes back in time");
  });

  test("but a segment that a kill left empty, or with a part of its first line, holds nothing", async () => {
    await writeSegments(folder, whole);
    await writeFile(join(folder, "0005.ndjson"), "");
    await writeFile(join(folder, "0006.ndjson"), '{"id":"w2');
    await writeFile(join(folder, "0007.ndjson"), '{"id":"w3:1","atUs":1');
    await copyFile(join(folder, "0005.ndjson"), join(folder, "0000.ndjson"));
    expect(await readAll(folder)).toHaveLength(5);
  });
});

test("threads write into one history, on one clock, each segment of one of them", async () => {
  const history = await openHistory(folder, realWorld, { segmentBytesMax });
  history.record(begin);
  const { originUs, number } = history;
  const workers = ["w1", "w2", "w3"].map((writer, index) => {
    const options = { writer, originUs, number, segmentBytesMax };
    const workerData: Work = { directory: folder, options, events: 1000 * (index + 1) };
    return new Worker(new URL("./writing-worker.ts", import.meta.url), { workerData });
  });
  const said = await Promise.all(workers.map((worker) => once(worker, "message")));
  history.record(kilobyte("last"));
  await history.close();
  expect(said).toEqual([1000, 2000, 3000].map((written) => [{ written }]));

  const numbers = (await readdir(folder)).map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, n) => n + 1));
  expect(numbers.length).toBeGreaterThan(6);
  const events = await readAll(folder);
  expect(events).toEqual(inOrder(events));
  for (const [writer, own] of Map.groupBy(events, writerOf)) expect(idsOf(own)).toEqual(idsTo(own.length, writer));
  expect(events).toHaveLength(6002);
  expect([events[0]?.id, events.at(-1)?.id]).toEqual(["m:1", "m:2"]);
});

test("killed at any moment, what is there is the beginning of what each writer said, once", async () => {
  for (const segments of rounds([2, 5, 9], [3])) {
    const directory = join(folder, String(segments));
    const child = spawn(process.execPath, [fileURLToPath(new URL("./writing-process.ts", import.meta.url)), directory]);
    const exit = once(child, "exit");
    try {
      const closed = async (): Promise<number> =>
        (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(".zst")).length;
      await expect.poll(closed).toBeGreaterThanOrEqual(segments);
    } finally {
      child.kill("SIGKILL");
      await exit;
    }
    const byWriter = Map.groupBy(await readAll(directory), writerOf);
    expect(byWriter.has("m")).toBe(true);
    for (const [writer, own] of byWriter) expect(idsOf(own)).toEqual(idsTo(own.length, writer));
  }
});

describe("what waits for the disk is bounded", () => {
  const megabyte = { ...kilobyte("big"), because: "x".repeat(1_000_000) };

  test("whoever begins something waits until there is room", async () => {
    const history = await openHistory(folder, realWorld);
    history.record(begin);
    expect(history.pressure()).toBeUndefined();
    for (let n = 0; n < 12; n += 1) history.record(megabyte);
    const room = history.pressure();
    expect(room).toBeInstanceOf(Promise);
    await room;
    expect(history.pressure()).toBeUndefined();
    await history.close();
    expect(await readAll(folder)).toHaveLength(13);
  });

  test("and writing goes on after a while in which there was nothing to write", async () => {
    const history = await openHistory(folder, realWorld);
    history.record(begin);
    history.record(megabyte);
    await realWorld.sleep(150);
    history.record(kilobyte("later"));
    await history.close();
    expect(await readAll(folder)).toHaveLength(3);
  });

  test("nobody waits for a disk that failed", async () => {
    const history = await openHistory(join(folder, "inner"), realWorld);
    await rm(join(folder, "inner"), { recursive: true });
    for (let n = 0; n < 12; n += 1) history.record(megabyte);
    await history.pressure();
    expect(history.failed?.message).toContain("cannot be written");
    for (let n = 0; n < 12; n += 1) history.record(megabyte);
    expect(history.pressure()).toBeUndefined();
    await history.close();
  });

  test("where nobody waits the history ends, before memory does", () => {
    const hung = { append: () => new Promise<never>(() => {}), close: async () => {} };
    const failures: Error[] = [];
    const lines = writeBehind(hung, { world: realWorld, onFailed: (error) => failures.push(error), bytesMax: 5e6 });
    const add = (): void => lines.add('{"id":"m:1","atUs":1', JSON.stringify(megabyte));
    for (let n = 0; n < 4; n += 1) add();
    expect(failures).toEqual([]);
    for (let n = 0; n < 4; n += 1) add();
    expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining("more slowly than it comes")]);
  });
});

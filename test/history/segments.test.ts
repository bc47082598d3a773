import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HistoryEvent, Unstamped } from "../../src/history/events.ts";
import { openHistory, readHistory } from "../../src/history/segments.ts";
import { realWorld } from "../../src/world.ts";
import { runStarted } from "../literal-history.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "squall-history-"));
});
afterEach(() => rm(folder, { recursive: true }));

const begin: Unstamped = runStarted()[1];
const ended = (op: string): Unstamped => ({ type: "op-ended", op, outcome: "ok" });

async function readAll(): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(folder)) events.push(event);
  return events;
}

async function write(events: readonly Unstamped[]): Promise<void> {
  const history = await openHistory(folder, realWorld);
  for (const event of events) history.record(event);
  await history.close();
  expect(history.failed).toBeUndefined();
}

test("what is recorded is read back, in order, with ids that never change", async () => {
  await write([begin, ...Array.from({ length: 5000 }, (_, n) => ended(`op-${n}`))]);
  const events = await readAll();
  expect(events).toHaveLength(5001);
  expect(events.map(({ id }) => id)).toEqual(events.map((_, n) => `m:${n + 1}`));
  expect(events.slice(1).map((event) => (event.type === "op-ended" ? event.op : ""))).toEqual(
    Array.from({ length: 5000 }, (_, n) => `op-${n}`),
  );
  expect(events.every(({ atUs }, n) => n === 0 || atUs >= (events[n - 1]?.atUs ?? 0))).toBe(true);
});

test("events reach the disk while the run lives, not only at its end", async () => {
  const history = await openHistory(folder, realWorld);
  history.record(begin);
  await expect.poll(() => readFile(join(folder, "0001.ndjson"), "utf8").catch(() => "")).toContain("run-started");
  await history.close();
});

test("a history that ends in the middle of a line is read up to there, wherever the cut is", async () => {
  await write([begin, ended("a"), ended("b")]);
  const [segment = ""] = await readdir(folder);
  const path = join(folder, segment);
  const whole = await readFile(path);
  const lastLine = whole.lastIndexOf("\n", whole.length - 2) + 1;
  for (let cut = lastLine + 1; cut < whole.length - 1; cut += 7) {
    await writeFile(path, whole);
    await truncate(path, cut);
    expect(await readAll()).toHaveLength(2);
  }
});

test("after a write that failed nothing more is written: a history has an end, never a hole", async () => {
  let told = 0;
  const history = await openHistory(join(folder, "inner"), realWorld, { onFailed: () => (told += 1) });
  await rm(join(folder, "inner"), { recursive: true });
  history.record(begin);
  await expect.poll(() => told).toBe(1);
  await mkdir(join(folder, "inner"));
  history.record(ended("after"));
  await history.close();
  expect(history.failed?.message).toContain("cannot be written");
  expect(await readdir(join(folder, "inner"))).toEqual([]);
});

test("a line that is damaged before the end is an error that names it", async () => {
  await write([begin, ended("a")]);
  await appendFile(join(folder, "0001.ndjson"), "nonsense\n");
  await writeFile(join(folder, "0002.ndjson"), `${JSON.stringify({ id: "m:9", atUs: 9, ...ended("c") })}\n`);
  await expect(readAll()).rejects.toThrow(/0001\.ndjson:3 is damaged/);
});

test("a history of another schema is refused by name", async () => {
  await write([begin]);
  const path = join(folder, "0001.ndjson");
  await writeFile(path, (await readFile(path, "utf8")).replace("squall.history/1", "squall.history/9"));
  await expect(readAll()).rejects.toThrow("has the schema squall.history/9; this Squall reads squall.history/1");
});

test("a folder without a history says so", async () => {
  await expect(readAll()).rejects.toThrow("holds no history");
  folder = join(folder, "missing");
  await expect(readAll()).rejects.toThrow("cannot be read as a history");
  folder = join(folder, "..");
});

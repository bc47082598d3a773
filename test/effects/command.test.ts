import { mkdirSync, readdirSync, readFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readProcStat } from "../../src/processes.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { openSource, readOnce } from "./opened.ts";

async function home() {
  const folder = await temporaryFolder();
  const lease = join(folder.path, "lease");
  mkdirSync(lease);
  return { ...folder, lease, around: { home: folder.path, lease } };
}

test("each line is a row, or what JSON it holds; seen from the scenario's folder", async () => {
  await using at = await home();
  writeFileSync(join(at.path, "log.jsonl"), '{"op":"a"}\nplain words\n\n{"op":"b"}\n');
  const rows = await readOnce("command", { run: ["cat", "log.jsonl"] }, at.around);
  expect(rows).toEqual([{ op: "a" }, { line: "plain words" }, { op: "b" }]);
  expect(await readOnce("command", { run: ["true"] }, at.around)).toEqual([]);
  expect(readdirSync(at.lease)).toEqual([]);
});

test("JSON is a list of rows, or has one", async () => {
  await using at = await home();
  writeFileSync(join(at.path, "list.json"), '[{"op":"a"}, {"op":"b"}]');
  writeFileSync(join(at.path, "graph.json"), '{"entities": [{"op":"a"}]}');
  expect(await readOnce("command", { run: ["cat", "list.json"] }, at.around)).toHaveLength(2);
  const graph = { run: ["cat", "graph.json"], rows: "$.entities" };
  expect(await readOnce("command", graph, at.around)).toEqual([{ op: "a" }]);
  const wrong = { run: ["echo", "busy"], rows: "$.entities" };
  await expect(readOnce("command", wrong, at.around)).rejects.toThrow("it printed no JSON");
});

test("one that fails is a failed read with its last words, and one that cannot start as well", async () => {
  await using at = await home();
  const failing = { run: ["sh", "-c", "echo '{}'; echo no such table >&2; exit 3"] };
  await expect(readOnce("command", failing, at.around)).rejects.toThrow("sh ended with 3: no such table");
  await expect(readOnce("command", { run: ["no-such-program"] }, at.around)).rejects.toThrow("127");
});

test("one that does not end is given up, with all that it has started", async () => {
  await using at = await home();
  const source = openSource("command", { run: ["sh", "-c", "sleep 600 & echo $! > pid; wait"] }, at.around);
  const over = new AbortController();
  const read = source.read({ rowsMax: 10, timeoutMs: 10_000, signal: over.signal });
  const pidFile = join(at.path, "pid");
  while (!existsSync(pidFile) || readFileSync(pidFile, "utf8").trim() === "") await realWorld.sleep(20);
  const child = Number(readFileSync(pidFile, "utf8"));
  over.abort();
  await expect(read).rejects.toThrow("did not end in time");
  expect(readProcStat(child)?.zombie ?? true).toBe(true);
  expect(readdirSync(at.lease)).toEqual([]);
});

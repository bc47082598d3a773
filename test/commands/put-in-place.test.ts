/** A server that writes into the run's folder: nothing of ours is written through its links, or read from them. */
import { execFileSync } from "node:child_process";
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Io } from "../../src/commands/io.ts";
import { judgeRun } from "../../src/commands/judging.ts";
import { readBlocks } from "../../src/history/segments.ts";
import { reporters } from "../../src/reporters/registry.ts";
import { openLog } from "../../src/targets/output.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { saveRun } from "./saved-run.ts";

const ours = "not to be overwritten";
const documents = ["figures.json", "histograms.json", ...reporters.flatMap(({ file }) => file ?? [])];

test("links and pipes where reports go are replaced, what they lead to stays", async () => {
  await using folder = await temporaryFolder();
  const run = await saveRun(join(folder.path, "run"), "passed");
  const victim = join(folder.path, "victim");
  await writeFile(victim, ours);
  const [piped = "", ...linked] = documents;
  for (const name of linked) await symlink(victim, join(run, name));
  // Whoever opened it to write would wait for a reader for ever.
  execFileSync("mkfifo", [join(run, piped)]);
  let complaints = "";
  const stderr = (text: string): void => void (complaints += text);
  const io: Io = { stdout: () => {}, stderr, colour: false, cwd: run, world: realWorld, onSignal: () => {} };
  await judgeRun(run, io);
  expect(complaints).toBe("");
  expect(await readFile(victim, "utf8")).toBe(ours);
  for (const name of documents) expect((await lstat(join(run, name))).isFile(), name).toBe(true);
  expect((await readdir(run)).sort()).toEqual(["history", ...documents].sort());
});

test.each(["symlink", "fifo"])("a %s in place of a log is not written to", async (kind) => {
  await using folder = await temporaryFolder();
  const victim = join(folder.path, "victim");
  const path = join(folder.path, "targets", "mine.log");
  await writeFile(victim, ours);
  await mkdir(join(folder.path, "targets"));
  if (kind === "symlink") await symlink(victim, path);
  else execFileSync("mkfifo", [path]);
  const log = openLog(path);
  log.add(Buffer.from("its words"));
  log.close();
  expect(await readFile(victim, "utf8")).toBe(ours);
});

test("a link in place of a part of the history is refused by its name, and not followed", async () => {
  await using folder = await temporaryFolder();
  const run = await saveRun(join(folder.path, "run"), "passed");
  await symlink("/dev/zero", join(run, "history", "0007.ndjson"));
  const read = async (): Promise<void> => {
    for await (const _ of readBlocks(join(run, "history"))) continue;
  };
  await expect(read()).rejects.toThrow(/0007\.ndjson is not a file: something was put in its place/);
});

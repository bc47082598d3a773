import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Io } from "../../src/commands/io.ts";
import { parseOutputs, presentAll, presentInTurn, refuseMixedPages, type Output } from "../../src/commands/outputs.ts";
import type { Batch, Reporter } from "../../src/reporters/reporter.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runs } from "../verdicts-of.ts";

const page: Reporter = { name: "page", about: "A page.", render: ({ verdicts }) => `<p>${verdicts.run}</p>` };

/** What several runs leave on stdout and in files. */
async function told(cwd: string, outputs: readonly Output[], repeat?: number) {
  let stdout = "";
  const io: Io = {
    stdout: (text) => (stdout += text),
    stderr: () => {},
    colour: false,
    cwd,
    world: realWorld,
    onSignal: () => {},
  };
  const results = [await runs.passed(), await runs.failed()];
  const batch: Batch = { results, notRun: [], exitCode: 1, ...(repeat === undefined ? {} : { repeat }) };
  for (const result of results) for (const output of outputs) await presentInTurn(result, output, io);
  for (const output of outputs) await presentAll(batch, output, io);
  const files = (await readdir(cwd)).sort();
  return { stdout, files, read: (file: string) => readFile(join(cwd, file), "utf8") };
}

test("of several runs one file holds them all: no run writes over another", async () => {
  await using folder = await temporaryFolder();
  const { stdout, files, read } = await told(
    folder.path,
    parseOutputs(["json=a.json", "junit=a.xml", "terminal=a.txt"]),
  );
  expect({ stdout, files }).toEqual({ stdout: "", files: ["a.json", "a.txt", "a.xml"] });
  expect(JSON.parse(await read("a.json"))).toMatchObject({
    schema: "squall.runs/1",
    runs: [{ exitCode: 0 }, { exitCode: 1 }],
  });
  expect((await read("a.xml")).match(/<testsuite /g)).toHaveLength(2);
  expect((await read("a.txt")).match(/^(PASSED|FAILED|2 runs:)/gm)).toEqual(["PASSED", "FAILED", "2 runs:"]);
});

test("a reporter of single pages writes one file a run, told apart by the run's name", async () => {
  await using folder = await temporaryFolder();
  const { files, read } = await told(folder.path, [{ reporter: page, file: "out.html" }]);
  expect(files).toEqual(["out-run-1.html", "out-run-2.html"]);
  expect(await read("out-run-2.html")).toBe("<p>run-2</p>");
});

test("pages one after another on stdout are refused before anything starts", () => {
  expect(() => refuseMixedPages([{ reporter: page }])).toThrow("makes one document a run");
  expect(() =>
    refuseMixedPages([{ reporter: page, file: "x" }, ...parseOutputs(["terminal", "json", "junit"])]),
  ).not.toThrow();
});

test("on stdout texts follow one another and a table closes them; a document stands alone", async () => {
  await using folder = await temporaryFolder();
  const text = (await told(folder.path, parseOutputs(["terminal"]))).stdout;
  expect(text.match(/^(PASSED|FAILED|2 runs:)/gm)).toEqual(["PASSED", "FAILED", "2 runs:"]);
  expect(JSON.parse((await told(folder.path, parseOutputs(["json"]))).stdout)).toMatchObject({
    schema: "squall.runs/1",
  });
  expect(JSON.parse((await told(folder.path, parseOutputs(["json"]), 2)).stdout)).toMatchObject({
    schema: "squall.repeat/1",
  });
});

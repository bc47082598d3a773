import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { readSamples } from "../../src/samples/samples-file.ts";
import { formatMistakes } from "../../src/scenario/mistakes.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-samples-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, tools?: readonly string[]) {
  const file = join(folder, "samples.yaml");
  writeFileSync(file, text);
  return readSamples(file, { named: "samples.yaml", ...(tools === undefined ? {} : { tools }) });
}

async function told(text: string, tools?: readonly string[]): Promise<string> {
  const error: unknown = await read(text, tools).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error("nothing was wrong with it");
  return `${error.message}\n${formatMistakes(error.mistakes)}`;
}

test("each tool has one call or several, in YAML or JSON", async () => {
  expect(await read("search: { query: trees }\nread:\n  - { path: a }\n  - { path: b }\n")).toEqual({
    search: [{ query: "trees" }],
    read: [{ path: "a" }, { path: "b" }],
  });
  expect(await read('{ "search": [{ "query": "trees" }] }')).toEqual({ search: [{ query: "trees" }] });
});

test("all mistakes are told at once, with their place", async () => {
  expect(
    await told("serch: { query: x }\nread: [{ path: a }, 5]\nlist: 7\nnone: []\n", ["search", "read", "list", "none"]),
  ).toMatchInlineSnapshot(`
    "the samples file has 4 mistakes
      samples.yaml:1:1  serch: the server has no tool "serch"
          did you mean "search"?
      samples.yaml:2:21  read[1]: expected arguments as a map, got 5
      samples.yaml:3:7  list: expected the tool's arguments as a map, or a list of such, got 7
      samples.yaml:4:7  none: has no sample in its list
    "
  `);
});

test("what is no map, or nothing, or not there", async () => {
  expect(await told("[1]")).toMatchInlineSnapshot(`
    "the samples file has a mistake
      samples.yaml:1:1  expected a map of tools and their arguments, got [1]
          search: { query: "weather" }
    "
  `);
  expect(await told("{}")).toMatchInlineSnapshot(`
    "the samples file has a mistake
      samples.yaml:1:1  holds no samples: expected a map of tools and their arguments
    "
  `);
  expect(await told("")).toMatchInlineSnapshot(`
    "the samples file has a mistake
      samples.yaml:1:1  there is nothing in this file
    "
  `);
  await expect(readSamples(join(folder, "gone.yaml"), { named: "gone.yaml" })).rejects.toMatchObject({
    mistakes: [{ file: "gone.yaml", says: "there is no such file" }],
  });
});

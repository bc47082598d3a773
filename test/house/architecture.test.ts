import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { rooms } from "./rooms.ts";

const src = fileURLToPath(new URL("../../src", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const textOf = (file: string): string => readFileSync(join(src, file), "utf8");
const roomOf = (file: string): string => file.split("/")[0] ?? "";

/** Every import of ours in one file, as paths below src/. */
function importsOf(file: string): string[] {
  const found = textOf(file).matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g);
  return [...found].map(([, path = ""]) => normalize(join(dirname(file), path)));
}

// Whoever is not in a room may be imported by all; cli.ts starts everything and is imported by none.
const forAll = new Set([
  "bag.ts",
  "certificates.ts",
  "errors.ts",
  "first-contact.ts",
  "first-start.ts",
  "lines.ts",
  "masks.ts",
  "processes.ts",
  "units.ts",
  "version.ts",
  "world.ts",
]);

function allowed(from: string, to: string): boolean {
  if (forAll.has(to) || roomOf(from) === roomOf(to)) return true;
  if (from === "cli.ts" || from === "index.ts") return true;
  const room = rooms.find((candidate) => candidate.room === roomOf(from));
  return (
    room?.mayImport.some((name) => name === "everything" || name === roomOf(to) || name === to) ?? forAll.has(from)
  );
}

describe("the rooms", () => {
  test("no file imports from a room that ARCHITECTURE.md does not allow it", () => {
    const imports = files.flatMap((file) => importsOf(file).map((to) => ({ file, to })));
    expect(imports.length).toBeGreaterThan(100);
    const wrong = imports.filter(({ file, to }) => !allowed(file, to)).map(({ file, to }) => `${file} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  test("every folder of src/ is a room of the table, and every room is there", () => {
    const folders = new Set(files.filter((file) => file.includes("/")).map(roomOf));
    expect([...folders].sort()).toEqual(rooms.map(({ room }) => room).sort());
  });

  test("a forbidden import would be seen", () => {
    expect(allowed("checks/silent-empty.ts", "run/run.ts")).toBe(false);
    expect(allowed("faults/latency.ts", "links/link.ts")).toBe(false);
    expect(allowed("checks/silent-empty.ts", "history/events.ts")).toBe(true);
  });
});

describe("the doors to the outside", () => {
  const doors: readonly (readonly [RegExp, readonly string[]])[] = [
    [/\bDate\.now\b/, []],
    [/\bnew Date\(/, ["world.ts"]],
    [/\bset(Timeout|Interval|Immediate)\(/, ["world.ts"]],
    [/\bMath\.random\b/, []],
    // Files may be called process.ts.
    [
      /\bprocess\.(?!ts\b)/,
      ["world.ts", "processes.ts", "cli.ts", "commands/start.ts", "engines/reaper-worker.ts", "run/vitals.ts"],
    ],
    [/\bnode:perf_hooks\b/, ["run/vitals.ts"]],
    [/\bconsole\./, []],
  ];

  test.each(doors)("%s is used only where it may be", (word, allowedFiles) => {
    const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const users = files.filter((file) => word.test(withoutComments(textOf(file))));
    // A door that nobody uses any more is a hole in this list, so it must be exact.
    expect(users.sort()).toEqual([...allowedFiles].sort());
  });
});

test("tests wait through test/waiting.ts, as Vitest's own waits give up after a second", () => {
  const tests = fileURLToPath(new URL("..", import.meta.url));
  const waits = readdirSync(tests, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .filter((file) => /\bvi\.wait(For|Until)\(/.test(readFileSync(join(tests, file), "utf8")));
  expect(waits).toEqual(["waiting.ts"]);
});

test("no source file is longer than a person reads in one sitting", () => {
  const long = files.filter((file) => textOf(file).split("\n").length > 300);
  expect(long.map((file) => relative(".", file))).toEqual([]);
});

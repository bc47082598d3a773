/** The command line is there at once: what a command needs is loaded when the command is asked for. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));

/** All that is loaded with a file: what it imports when it is loaded itself, and so on; types are not. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith(src)) return seen;
  const text = readFileSync(file, "utf8");
  for (const [, what = "", from = ""] of text.matchAll(/^(?:import|export)\s([^"';]*?)\s*from "([^"]+)"/gm)) {
    if (!what.startsWith("type ")) loadedWith(from.startsWith(".") ? join(dirname(file), from) : from, seen);
  }
  return seen;
}

const isPackage = (name: string): boolean => !name.startsWith("/") && !name.startsWith("node:");

test("telling the version loads no command, no schema, no SDK", () => {
  const loaded = [...loadedWith(join(src, "commands/start.ts"))];
  expect(loaded).toContain(join(src, "commands/main.ts"));
  expect(loaded.filter((name) => /\/(?:run|check|list|batch|load|schema)\.ts$/.test(name))).toEqual([]);
  expect(loaded.filter(isPackage).sort()).toEqual([
    "commander",
    "fastest-levenshtein",
    "pure-rand/generator/xoroshiro128plus",
  ]);
});

test("a package that is loaded with a command would be seen", () => {
  expect([...loadedWith(join(src, "commands/list.ts"))]).toContain("zod");
});

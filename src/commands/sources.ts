/** From what a person names (a file, a folder, a built-in scenario) to the files that hold scenarios. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import type { Mistake } from "../errors.ts";
import { suggest } from "../scenario/mistakes.ts";

export interface Source {
  readonly file: string;
  /** As the person named it, for the replay line. */
  readonly named: string;
}

const builtInFolder = fileURLToPath(new URL("../../scenarios", import.meta.url));
// Beside scenarios there may be servers; to look whether one is a scenario would be to run it.
const inFolders = /\.(?:ya?ml|scenario\.[mc]?[jt]s)$/;

export async function findSources(names: readonly string[], cwd: string): Promise<Source[] | { mistakes: Mistake[] }> {
  const found: Source[] = [];
  const mistakes: Mistake[] = [];
  const builtIn = await scenarioFiles(builtInFolder);
  for (const named of names) {
    const path = resolve(cwd, named);
    const kind = await stat(path).catch(() => undefined);
    if (kind?.isFile() === true) {
      found.push({ file: path, named });
    } else if (kind?.isDirectory() === true) {
      const files = await scenarioFiles(path);
      if (files.length === 0)
        mistakes.push({ path: named, says: "this folder holds no scenario (.yaml, .scenario.ts)" });
      for (const file of files) found.push({ file, named: join(named, basename(file)) });
    } else {
      const file = builtIn.find((candidate) => basename(candidate, extname(candidate)) === named);
      if (file === undefined) {
        const known = builtIn.map((candidate) => basename(candidate, extname(candidate)));
        mistakes.push({
          path: named,
          says: "is neither a file, nor a folder, nor a built-in scenario",
          hint: suggest(named, known),
        });
      } else found.push({ file, named });
    }
  }
  return mistakes.length > 0 ? { mistakes } : found;
}

export async function builtInScenarios(): Promise<{ name: string; about: string }[]> {
  const heading = z.object({ name: z.string(), about: z.string().default("") });
  const files = await scenarioFiles(builtInFolder);
  return Promise.all(files.map(async (file) => heading.parse(parse(await readFile(file, "utf8")))));
}

async function scenarioFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => inFolders.test(name) && !name.startsWith("."))
    .sort()
    .map((name) => join(folder, name));
}

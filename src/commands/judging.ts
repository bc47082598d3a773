/** Judging a run's folder and keeping the verdicts beside its history. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { judge } from "../checks/judge.ts";
import { checks } from "../checks/registry.ts";
import { codeOf, messageOf, UserError } from "../errors.ts";
import type { FailOn } from "../history/declared.ts";
import { readHistory } from "../history/segments.ts";
import { reporters } from "../reporters/registry.ts";
import type { RunResult } from "../reporters/reporter.ts";
import { verdictsDocument, verdictsOf } from "../reporters/verdicts.ts";
import type { Io } from "./io.ts";

const historyFolder = "history";

export async function judgeRun(
  directory: string,
  io: Io,
  options: { readonly failOn?: FailOn } = {},
): Promise<RunResult> {
  const judged = await judge(() => readHistory(join(directory, historyFolder)), checks, options);
  const result = { verdicts: verdictsOf(judged), directory };
  for (const { file, render } of reporters) {
    if (file === undefined) continue;
    // The verdict stands whether or not it can be kept.
    await writeFile(join(directory, file), render(result, { colour: false })).catch((error: unknown) =>
      io.stderr(`squall: ${file} could not be saved: ${messageOf(error)}\n`),
    );
  }
  return result;
}

export async function readVerdicts(directory: string): Promise<RunResult> {
  const file = join(directory, "verdicts.json");
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    const hint = codeOf(error) === "ENOENT" ? `; judge the run first: squall check ${directory}` : "";
    throw new UserError(`${file} cannot be read${hint}`, { cause: error });
  });
  const parsed = verdictsDocument.safeParse(parsedJson(text, file));
  if (!parsed.success) throw new UserError(`${file} is not a verdicts document of this version of Squall`);
  return { verdicts: parsed.data, directory };
}

/** Says what a folder is in place of a run's, and which runs it holds. */
export async function expectRun(directory: string): Promise<void> {
  const names = await namesIn(directory).catch((error: unknown) => {
    const how = codeOf(error) === "ENOTDIR" ? "is a file, not a run's folder" : `cannot be read: ${messageOf(error)}`;
    throw new UserError(codeOf(error) === "ENOENT" ? `there is no folder ${directory}` : `${directory} ${how}`);
  });
  if (names.includes(historyFolder)) return;
  const runs: string[] = [];
  for (const name of names) {
    const inside = await namesIn(join(directory, name)).catch((): string[] => []);
    if (inside.includes(historyFolder)) runs.push(name);
  }
  const latest = runs.sort().at(-1);
  throw new UserError(`${directory} is not a run's folder: it has no ${historyFolder}/`, {
    mistakes: [
      {
        path: "",
        says: latest === undefined ? "squall run makes such a folder under reports/" : `it holds ${runs.length} runs`,
        ...(latest === undefined ? {} : { hint: `name one of them, the latest is ${join(directory, latest)}` }),
      },
    ],
  });
}

function namesIn(directory: string): Promise<string[]> {
  return readdir(directory);
}

function parsedJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON`, { cause: error });
  }
}

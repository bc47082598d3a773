/** Judging a run's folder and keeping the verdicts beside its history. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { judge } from "../checks/judge.ts";
import { checks } from "../checks/registry.ts";
import { codeOf, messageOf, UserError } from "../errors.ts";
import type { FailOn } from "../history/declared.ts";
import { readBlocks } from "../history/segments.ts";
import { figuresDocument } from "../measure/figures.ts";
import { reporters } from "../reporters/registry.ts";
import type { RunResult } from "../reporters/reporter.ts";
import { verdictsDocument, verdictsOf } from "../reporters/verdicts.ts";
import type { Io } from "./io.ts";
import { replaceFile } from "./replaced-file.ts";
import { withSmallHeap } from "./small-heap.ts";

const historyFolder = "history";

export async function judgeRun(
  directory: string,
  io: Io,
  options: { readonly failOn?: FailOn } = {},
): Promise<RunResult> {
  const read = (): ReturnType<typeof readBlocks> => readBlocks(join(directory, historyFolder));
  const judged = await withSmallHeap(read, (sparingly) => judge(sparingly, checks, options));
  const { figures, histograms } = judged;
  const result = { verdicts: verdictsOf(judged), figures, directory };
  // The verdict stands whether or not it can be kept.
  const keep = (name: string, text: string): Promise<void> =>
    replaceFile(join(directory, name), text, io.world).catch((error: unknown) =>
      io.stderr(`squall: ${name} could not be saved: ${messageOf(error)}\n`),
    );
  await keep("figures.json", `${JSON.stringify(figures)}\n`);
  await keep("histograms.json", `${JSON.stringify(histograms, undefined, 2)}\n`);
  for (const { file, render } of reporters) {
    if (file !== undefined) await keep(file, render(result, { colour: false }));
  }
  return result;
}

export async function readResult(directory: string): Promise<RunResult> {
  const verdicts = await readDocument(directory, "verdicts", verdictsDocument);
  const figures = await readDocument(directory, "figures", figuresDocument);
  return { verdicts, figures, directory };
}

async function readDocument<Schema extends z.ZodType>(
  directory: string,
  name: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const file = join(directory, `${name}.json`);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    const hint = codeOf(error) === "ENOENT" ? `; judge the run first: squall check ${directory}` : "";
    throw new UserError(`${file} cannot be read${hint}`, { cause: error });
  });
  const parsed = schema.safeParse(parsedJson(text, file));
  if (parsed.success) return parsed.data;
  throw new UserError(
    `${file} is not a ${name} document of this version of Squall; judge the run again: squall check ${directory}`,
  );
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

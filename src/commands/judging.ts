/** Judging a run's folder and keeping the verdicts beside its history. */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { judge } from "../checks/judge.ts";
import { checks } from "../checks/registry.ts";
import { codeOf, messageOf, UserError } from "../errors.ts";
import { readHistory } from "../history/segments.ts";
import { json } from "../reporters/json.ts";
import { reporters } from "../reporters/registry.ts";
import type { Reporter, RunResult } from "../reporters/reporter.ts";
import { verdictsDocument, verdictsOf } from "../reporters/verdicts.ts";
import { suggest } from "../scenario/mistakes.ts";
import type { Io } from "./io.ts";

export async function judgeRun(directory: string, io: Io): Promise<RunResult> {
  const judged = await judge(() => readHistory(join(directory, "history")), checks);
  const result = { verdicts: verdictsOf(judged), directory };
  // The verdict stands whether or not it can be kept.
  await writeFile(join(directory, "verdicts.json"), json.render(result, { colour: false })).catch((error: unknown) =>
    io.stderr(`squall: verdicts.json could not be saved: ${messageOf(error)}\n`),
  );
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

function parsedJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON`, { cause: error });
  }
}

/** What `--reporter name[=file]` asks for. */
export interface Output {
  readonly reporter: Reporter;
  readonly file?: string;
}

export function parseOutputs(asked: readonly string[]): readonly Output[] {
  const outputs = asked.map((text): Output | string => {
    const [name = "", ...rest] = text.split("=");
    const reporter = reporters.find((candidate) => candidate.name === name);
    if (reporter === undefined) return name;
    const file = rest.join("=");
    if (rest.length > 0 && file === "") throw new UserError(`--reporter ${text} names no file`);
    return { reporter, ...(rest.length > 0 ? { file } : {}) };
  });
  const unknown = outputs.filter((output) => typeof output === "string");
  if (unknown.length > 0) {
    const names = reporters.map(({ name }) => name);
    throw new UserError(`no reporter "${unknown.join('", "')}"`, {
      mistakes: unknown.map((name) => ({
        path: "--reporter",
        says: `"${name}" is unknown`,
        hint: suggest(name, names),
      })),
    });
  }
  return outputs.filter((output) => typeof output !== "string");
}

async function writeReport(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: unknown) => {
    throw new UserError(`the report cannot be written: ${messageOf(error)}`, { cause: error });
  });
}

export async function present(result: RunResult, outputs: readonly Output[], io: Io): Promise<void> {
  for (const { reporter, file } of outputs) {
    if (file === undefined) io.stdout(reporter.render(result, { colour: io.colour }));
    else await writeReport(resolve(io.cwd, file), reporter.render(result, { colour: false }));
  }
}

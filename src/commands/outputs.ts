/** What `--reporter name[=file]` asks for, and giving it: of one run, or of several. */
import { writeFile } from "node:fs/promises";
import { basename, extname, join, dirname, normalize, resolve } from "node:path";
import { exitCodes, messageOf, UserError, worstExitCode, type ExitCode } from "../errors.ts";
import { reporters } from "../reporters/registry.ts";
import type { Batch, Reporter, RunResult } from "../reporters/reporter.ts";
import { suggest } from "../scenario/mistakes.ts";
import { explainMistakes } from "./explain.ts";
import type { Io } from "./io.ts";

export interface Output {
  readonly reporter: Reporter;
  readonly file?: string;
}

export function chosenReporters({ reporter, json }: { reporter: readonly string[]; json?: true }): readonly string[] {
  if (json === true) return ["json", ...reporter.filter((name) => name.includes("="))];
  return reporter.length > 0 ? reporter : ["terminal"];
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
  const known = outputs.filter((output) => typeof output !== "string");
  refuseSharedFiles(known);
  return known;
}

/** The one that is written last would be the only one left. */
function refuseSharedFiles(outputs: readonly Output[]): void {
  const byFile = Map.groupBy(outputs, ({ file }) => (file === undefined ? undefined : normalize(file)));
  for (const [file, [first, second]] of byFile) {
    if (file === undefined || first === undefined || second === undefined) continue;
    const names = first.reporter === second.reporter ? first.reporter.name : "two reporters";
    throw new UserError(`--reporter writes ${names} to ${file} twice: give each report a file of its own`);
  }
}

/** Answers what the command exits with for it: a report that cannot be written keeps no other from being given. */
export async function present(result: RunResult, outputs: readonly Output[], io: Io): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  for (const { reporter, file } of outputs) {
    if (file === undefined) io.stdout(reporter.render(result, { colour: io.colour }));
    else
      codes.push(
        await trying(() => writeReport(resolve(io.cwd, file), reporter.render(result, { colour: false })), io),
      );
  }
  return worstExitCode(codes);
}

export async function trying(write: () => Promise<void>, io: Io): Promise<ExitCode> {
  try {
    await write();
    return exitCodes.passed;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    explainMistakes(error, io);
    return error.exitCode;
  }
}

/** Asked before anything starts: pages one after another on stdout would be no page. */
export function refuseMixedPages(outputs: readonly Output[]): void {
  const mixed = outputs.find(({ reporter, file }) => file === undefined && reporter.several === undefined);
  if (mixed === undefined) return;
  const { name } = mixed.reporter;
  throw new UserError(`--reporter ${name} makes one document a run, and there are several runs: name a file for them`, {
    mistakes: [{ path: "--reporter", says: `${name} needs a file`, hint: `--reporter ${name}=report.${name}` }],
  });
}

/** One of several runs, as soon as it is judged. */
export async function presentInTurn(result: RunResult, { reporter, file }: Output, io: Io): Promise<void> {
  const { several } = reporter;
  if (several?.as === "in-turn" && file === undefined) io.stdout(`${reporter.render(result, { colour: io.colour })}\n`);
  if (several === undefined && file !== undefined) {
    const own = resolve(io.cwd, besideOthers(file, result.verdicts.run));
    await writeReport(own, reporter.render(result, { colour: false }));
  }
}

/** What closes several runs. */
export async function presentAll(batch: Batch, { reporter, file }: Output, io: Io): Promise<void> {
  const { several, render } = reporter;
  if (several === undefined) return;
  const style = { colour: file === undefined && io.colour };
  const closing = several.as === "one-document" ? several.render(batch) : several.close(batch, style);
  if (file === undefined) {
    io.stdout(closing);
    return;
  }
  const each = several.as === "one-document" || batch.repeat !== undefined ? [] : batch.results;
  const text = [...each.map((result) => render(result, style)), closing].join("\n");
  await writeReport(resolve(io.cwd, file), text);
}

/** `report.html` of several runs: one file each, the run's name before the extension. */
function besideOthers(file: string, run: string): string {
  const extension = extname(file);
  return join(dirname(file), `${basename(file, extension)}-${run}${extension}`);
}

async function writeReport(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: unknown) => {
    throw new UserError(`the report cannot be written: ${messageOf(error)}`, { cause: error });
  });
}

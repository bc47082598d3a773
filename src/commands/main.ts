/** argv → command → exit code. Mistakes of people are shown without a stack, our own with it. */
import { Command, CommanderError } from "commander";
import { exitCodes, messageOf, UnhealedError, UserError, type ExitCode } from "../errors.ts";
import { errorDocument, explainMistakes } from "./explain.ts";
import { version } from "../version.ts";
import { addCheck } from "./check.ts";
import { addClean } from "./clean.ts";
import { addDoctor } from "./doctor/doctor.ts";
import type { Io } from "./io.ts";
import { addList } from "./list.ts";
import { addReport } from "./report.ts";
import { addRun } from "./run.ts";
import { addSaturate } from "./saturate/saturate.ts";
import { addSchema } from "./schema.ts";

/** Adds one command; it answers its exit code through `done`. */
export type AddCommand = (program: Command, io: Io, done: (exitCode: number) => void) => void;

const commands: readonly AddCommand[] = [
  addRun,
  addSaturate,
  addCheck,
  addReport,
  addList,
  addSchema,
  addDoctor,
  addClean,
];

export async function main(argv: readonly string[], given: Io): Promise<number> {
  let exitCode: number = exitCodes.passed;
  let hasPrinted = false;
  const stdout = (text: string): void => {
    hasPrinted = true;
    given.stdout(text);
  };
  const io: Io = { ...given, stdout };
  const program = new Command("squall")
    .description("Chaos and load testing for MCP servers.")
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError("Try: squall --help")
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .exitOverride();
  for (const add of commands) {
    add(program, io, (code) => {
      exitCode = code;
    });
  }
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    const exitsWith = explain(error, io);
    // Whoever reads JSON finds a document whatever happened, and never two.
    const wantsDocument = argv.includes("--json") && exitsWith !== exitCodes.passed && !hasPrinted;
    if (wantsDocument) io.stdout(`${JSON.stringify(errorDocument(error, exitsWith), undefined, 2)}\n`);
    return exitsWith;
  }
}

/** Tells what went wrong on stderr, and answers what to exit with. */
function explain(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.passed : exitCodes.usage;
  if (error instanceof UserError) {
    explainMistakes(error, io);
    return error.exitCode;
  }
  if (error instanceof UnhealedError) {
    io.stderr(
      `\nsquall: A FAULT COULD NOT BE TAKEN BACK. ${error.message}\n` +
        "What it broke may still be broken. Stop the servers of this run, then run `squall clean`.\n",
    );
    return exitCodes.unhealed;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  io.stderr(`squall: this is a defect of Squall itself, please report it.\n${stack}\n`);
  return exitCodes.internal;
}

/** argv → command → exit code. Mistakes of people are shown without a stack, our own with it. */
import { Command, CommanderError, Help, type Option } from "commander";
import { exitCodes, messageOf, UnhealedError, UserError, type ExitCode } from "../errors.ts";
import { errorDocument, explainMistakes } from "./explain.ts";
import { jsonText } from "../reporters/markup.ts";
import { printableLines } from "../reporters/paint.ts";
import { version } from "../version.ts";
import type { Io } from "./io.ts";

/** Adds one command; it answers its exit code through `done`. */
export type AddCommand = (program: Command, io: Io, done: (exitCode: number) => void) => void;

// Each is loaded when it is asked for: all of them take ten times as long as telling the version.
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  init: async () => (await import("./init/init.ts")).addInit,
  run: async () => (await import("./run.ts")).addRun,
  probe: async () => (await import("./probe/probe.ts")).addProbe,
  saturate: async () => (await import("./saturate/saturate.ts")).addSaturate,
  check: async () => (await import("./check.ts")).addCheck,
  report: async () => (await import("./report.ts")).addReport,
  list: async () => (await import("./list.ts")).addList,
  schema: async () => (await import("./schema.ts")).addSchema,
  doctor: async () => (await import("./doctor/doctor.ts")).addDoctor,
  clean: async () => (await import("./clean.ts")).addClean,
};

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
    .configureHelp({ optionDescription })
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .exitOverride();
  for (const load of commandsFor(argv)) {
    const add = await load();
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
    if (wantsDocument) io.stdout(jsonText(errorDocument(error, exitsWith)));
    return exitsWith;
  }
}

/** What may be given several times begins with none, of which nobody needs to be told. */
function optionDescription(option: Option): string {
  const beginsWithNone = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return beginsWithNone ? option.description : new Help().optionDescription(option);
}

/** The one that is named; none where only the version is asked for; else all, since their names are told. */
function commandsFor(argv: readonly string[]): (() => Promise<AddCommand>)[] {
  const [first = ""] = argv;
  if (first === "--version" || first === "-V") return [];
  return Object.hasOwn(commands, first)
    ? Object.entries(commands).flatMap(([name, load]) => (name === first ? [load] : []))
    : Object.values(commands);
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
      printableLines(
        `\nsquall: A FAULT COULD NOT BE TAKEN BACK. ${error.message}\n` +
          "What it broke may still be broken. Stop the servers of this run, then run `squall clean`.\n",
      ),
    );
    return exitCodes.unhealed;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  io.stderr(printableLines(`squall: this is a defect of Squall itself, please report it.\n${stack}\n`));
  return exitCodes.internal;
}

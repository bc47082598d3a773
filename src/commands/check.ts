import { resolve } from "node:path";
import { worstExitCode, type ExitCode } from "../errors.ts";
import type { FailOn } from "../history/declared.ts";
import { expectRun, judgeRun } from "./judging.ts";
import type { AddCommand } from "./main.ts";
import { collect, parseFailOn, reporterOption } from "./options.ts";
import { chosenReporters, parseOutputs, present } from "./outputs.ts";

interface CheckOptions {
  readonly reporter: string[];
  readonly json?: true;
  readonly failOn?: FailOn;
}

export const addCheck: AddCommand = (program, io, done) => {
  program
    .command("check")
    .description("judge a saved history again")
    .argument("<run-dir>", "a folder that squall run has written")
    .option(...reporterOption, collect, [])
    .option("--fail-on <grade>", "violation or weakness; as the run was asked where absent", parseFailOn)
    .option("--json", "print the verdicts as one JSON document")
    .action(async (named: string, options: CheckOptions) => {
      const outputs = parseOutputs(chosenReporters(options));
      const directory = resolve(io.cwd, named);
      await expectRun(directory);
      const { failOn } = options;
      const result = await judgeRun(directory, io, failOn === undefined ? {} : { failOn });
      done(worstExitCode([result.verdicts.exitCode as ExitCode, await present(result, outputs, io)]));
    });
};

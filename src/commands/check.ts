import { resolve } from "node:path";
import { collect, reporterOption } from "./options.ts";
import { judgeRun, parseOutputs, present } from "./judging.ts";
import type { AddCommand } from "./main.ts";

export const addCheck: AddCommand = (program, io, done) => {
  program
    .command("check")
    .description("judge a saved history again")
    .argument("<run-dir>", "a folder that squall run has written")
    .option(...reporterOption, collect, [])
    .option("--json", "print the verdicts as one JSON document")
    .action(async (directory: string, options: { reporter: string[]; json?: true }) => {
      const outputs = parseOutputs(chosenReporters(options));
      const result = await judgeRun(resolve(io.cwd, directory), io);
      await present(result, outputs, io);
      done(result.verdicts.exitCode);
    });
};

export function chosenReporters({ reporter, json }: { reporter: readonly string[]; json?: true }): readonly string[] {
  if (json === true) return ["json", ...reporter.filter((name) => name.includes("="))];
  return reporter.length > 0 ? reporter : ["terminal"];
}

import { resolve } from "node:path";
import { expectRun, readResult } from "./judging.ts";
import type { AddCommand } from "./main.ts";
import { collect, reporterOption } from "./options.ts";
import { chosenReporters, parseOutputs, present } from "./outputs.ts";

export const addReport: AddCommand = (program, io, done) => {
  program
    .command("report")
    .description(
      "report on a judged run, without judging it again; exits 0 whatever the verdict (squall check exits with it)",
    )
    .argument("<run-dir>", "a folder that squall run has written")
    .option(...reporterOption, collect, [])
    .action(async (named: string, options: { reporter: string[] }) => {
      const outputs = parseOutputs(chosenReporters(options));
      const directory = resolve(io.cwd, named);
      await expectRun(directory);
      done(await present(await readResult(directory), outputs, io));
    });
};

import { resolve } from "node:path";
import { chosenReporters } from "./check.ts";
import { parseOutputs, present, readVerdicts } from "./judging.ts";
import type { AddCommand } from "./main.ts";
import { collect, reporterOption } from "./options.ts";

export const addReport: AddCommand = (program, io, done) => {
  program
    .command("report")
    .description("report on a judged run, without judging it again")
    .argument("<run-dir>", "a folder that squall run has written")
    .option(...reporterOption, collect, [])
    .action(async (directory: string, options: { reporter: string[] }) => {
      const outputs = parseOutputs(chosenReporters(options));
      const result = await readVerdicts(resolve(io.cwd, directory));
      await present(result, outputs, io);
      done(0);
    });
};

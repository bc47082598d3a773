import { sweepLapsed } from "../engines/lease-sweep.ts";
import type { AddCommand } from "./main.ts";

export const addClean: AddCommand = (program, io) => {
  program
    .command("clean")
    .description("stop what runs that are gone have left behind; living runs are not touched")
    .option("--json", "print what was done as one JSON document")
    .action(async (options: { json?: true }) => {
      const swept = await sweepLapsed({ world: io.world });
      if (options.json === true) {
        io.stdout(`${JSON.stringify(swept, undefined, 2)}\n`);
        return;
      }
      if (swept.leases.length === 0) io.stdout("Nothing was left behind.\n");
      for (const { run, killed, containers = [], because } of swept.leases) {
        const done = [
          ...(killed.length === 0 ? [] : [`stopped ${killed.join(", ")}`]),
          ...(containers.length === 0 ? [] : [`removed ${containers.join(", ")}`]),
        ];
        const what = done.length === 0 ? "no process was left" : done.join(", ");
        io.stdout(`${run}: ${what}${because === undefined ? "" : ` (${because})`}\n`);
      }
    });
};

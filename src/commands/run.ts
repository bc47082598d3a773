import { runAll } from "./batch.ts";
import { describePlan } from "./dry-run.ts";
import { loadAll, type Loaded } from "./loading.ts";
import type { AddCommand } from "./main.ts";
import {
  collect,
  collectAgents,
  engineOption,
  mcpConfigOption,
  parseFailOn,
  reporterOption,
  timeSpan,
  wholeNumber,
} from "./options.ts";
import { chosenReporters, parseOutputs } from "./outputs.ts";
import { planOf, type RunOptions } from "./run-options.ts";

export const addRun: AddCommand = (program, io, done) => {
  program
    .command("run")
    .description("run scenarios: play agents and faults against servers, then judge what happened")
    .argument(
      "<scenario...>",
      "a .yaml or .ts file, a folder (its .yaml and .scenario.ts files), or the name of a built-in scenario",
    )
    .option("--seed <n>", "same seed, same plan", wholeNumber("--seed", 0, 2 ** 31 - 1))
    .addOption(engineOption())
    .option("--tag <tag>", "only scenarios with this tag; may be given several times", collect, [])
    .option(
      "--set <path=value>",
      "change the scenario, for example agents.planner.budget=2s; several times",
      collect,
      [],
    )
    .option(...reporterOption, collect, [])
    .option("--out <dir>", "where the run's folder is made", "reports")
    .option(
      "--duration <time>",
      "how long the phases take in all: the whole timeline is stretched or shrunk",
      timeSpan("--duration", { leastMs: 100, mostMs: 24 * 3_600_000 }),
    )
    .option("--agents <n>", "so many agents in each group, or group=n in one; several times", collectAgents, [])
    .option("--no-faults", "a control run: the same plan, no fault injected")
    .option(
      "--repeat <n>",
      "run each scenario so often and count; the seed stays, timing varies",
      wholeNumber("--repeat", 1, 1000),
    )
    .option("--fail-on <grade>", "the mildest finding that fails: violation or weakness", parseFailOn, "violation")
    .option(
      "--workers <n>",
      "threads for the agents; where absent, as many as the load asks for",
      wholeNumber("--workers", 1, 64),
    )
    .option("--dry-run", "print the plan and start nothing")
    .option("--allow-host <host>", "a host beside loopback that may be loaded and broken; several times", collect, [])
    .option(...mcpConfigOption)
    .option("--quiet", "no progress on stderr")
    .option("--json", "print one JSON document on stdout, nothing else")
    .action(async (names: string[], options: RunOptions) => {
      const outputs = parseOutputs(chosenReporters(options));
      const scenarios = await loadAll(names, options, io);
      if (options.dryRun === true) io.stdout(dryRun(scenarios, options));
      else done(await runAll(scenarios, { options, outputs, io }));
    });
};

function dryRun(scenarios: readonly Loaded[], options: RunOptions): string {
  if (options.json !== true) {
    return scenarios.map(({ scenario, notes }) => describePlan(planOf(scenario, options), scenario, notes)).join("\n");
  }
  const plans = scenarios.map(({ scenario }) => planOf(scenario, options));
  return `${JSON.stringify(plans.length === 1 ? plans[0] : plans, undefined, 2)}\n`;
}

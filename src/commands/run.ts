import { dirname, resolve } from "node:path";
import { exitCodes, UserError, worstExitCode, type ExitCode, type Mistake } from "../errors.ts";
import { planScenario, type Plan } from "../plan/plan.ts";
import type { RunResult } from "../reporters/reporter.ts";
import { runScenario } from "../run/run.ts";
import { loadScenario, type LoadedScenario } from "../scenario/load.ts";
import { suggest } from "../scenario/mistakes.ts";
import { fixtures } from "../targets/fixtures.ts";
import { chosenReporters } from "./check.ts";
import { describePlan } from "./dry-run.ts";
import { explainMistakes } from "./explain.ts";
import type { Io } from "./io.ts";
import { judgeRun, parseOutputs, present, type Output } from "./judging.ts";
import { showProgress } from "./live.ts";
import type { AddCommand } from "./main.ts";
import { collect, reporterOption } from "./options.ts";
import { findSources, type Source } from "./sources.ts";

interface RunOptions {
  readonly seed?: number;
  readonly engine: string;
  readonly tag: string[];
  readonly set: string[];
  readonly reporter: string[];
  readonly out: string;
  readonly faults: boolean;
  readonly dryRun?: true;
  readonly allowHost: string[];
  readonly quiet?: true;
  readonly json?: true;
}

export const addRun: AddCommand = (program, io, done) => {
  program
    .command("run")
    .description("run scenarios: play agents and faults against servers, then judge what happened")
    .argument(
      "<scenario...>",
      "a .yaml or .ts file, a folder (its .yaml and .scenario.ts files), or the name of a built-in scenario",
    )
    .option("--seed <n>", "same seed, same plan", parseSeed)
    .option("--engine <engine>", "what makes the network faults: auto or embedded", "auto")
    .option("--tag <tag>", "only scenarios with this tag; may be given several times", collect, [])
    .option(
      "--set <path=value>",
      "change the scenario, for example agents.planner.budget=2s; several times",
      collect,
      [],
    )
    .option(...reporterOption, collect, [])
    .option("--out <dir>", "where the run's folder is made", "reports")
    .option("--no-faults", "a control run: the same plan, no fault injected")
    .option("--dry-run", "print the plan and start nothing")
    .option("--allow-host <host>", "a host beside loopback that may be loaded and broken; several times", collect, [])
    .option("--quiet", "no progress on stderr")
    .option("--json", "print one JSON document on stdout, nothing else")
    .action(async (names: string[], options: RunOptions) => {
      if (!["auto", "embedded"].includes(options.engine)) {
        throw new UserError(`there is no engine "${options.engine}": auto and embedded are there`);
      }
      const outputs = parseOutputs(chosenReporters(options));
      const scenarios = await loadAll(await sourcesOf(names, io), options, io);
      if (options.dryRun === true) {
        io.stdout(dryRun(scenarios, options));
        return;
      }
      done(await runAll(scenarios, { options, outputs, io }));
    });
};

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 31 - 1) {
    throw new UserError(`--seed takes a whole number from 0 to ${2 ** 31 - 1}, got "${text}"`);
  }
  return seed;
}

async function sourcesOf(names: readonly string[], io: Io): Promise<readonly Source[]> {
  const found = await findSources(names, io.cwd);
  if ("mistakes" in found) throw new UserError("there is no such scenario", { mistakes: found.mistakes });
  return found;
}

interface Loaded extends LoadedScenario {
  readonly source: Source;
}

/** Loads every scenario before any starts, so that all mistakes of all files are told at once. */
async function loadAll(sources: readonly Source[], options: RunOptions, io: Io): Promise<readonly Loaded[]> {
  const loaded: Loaded[] = [];
  const mistakes: Mistake[] = [];
  for (const source of sources) {
    try {
      const scenario = await loadScenario({
        file: source.file,
        named: source.named,
        sets: options.set,
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        env: io.world.env,
        allowHosts: options.allowHost,
        fixtures,
        entryUrl: new URL(import.meta.url.endsWith(".ts") ? "../index.ts" : "../index.js", import.meta.url),
      });
      loaded.push({ ...scenario, source });
    } catch (error) {
      if (!(error instanceof UserError) || error.mistakes.length === 0) throw error;
      mistakes.push(...error.mistakes);
    }
  }
  if (mistakes.length > 0) {
    const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
    throw new UserError(`the scenario has ${count}; nothing was started`, { mistakes });
  }
  const chosen = loaded.filter(({ scenario }) => options.tag.every((tag) => scenario.tags.includes(tag)));
  if (chosen.length === 0) {
    const tags = [...new Set(loaded.flatMap(({ scenario }) => scenario.tags))];
    const [first = ""] = options.tag;
    throw new UserError(`no scenario has the tags ${options.tag.join(", ")}; ${suggest(first, tags)}`);
  }
  return chosen;
}

function dryRun(scenarios: readonly Loaded[], options: RunOptions): string {
  const plans = scenarios.map(({ scenario }) => planOf(scenario, options));
  if (options.json !== true) return plans.map(describePlan).join("\n");
  return `${JSON.stringify(plans.length === 1 ? plans[0] : plans, undefined, 2)}\n`;
}

function planOf(scenario: Loaded["scenario"], { faults }: RunOptions): Plan {
  return planScenario(scenario, faults ? "faults" : "control");
}

interface RunAll {
  readonly options: RunOptions;
  readonly outputs: readonly Output[];
  readonly io: Io;
}

/** One after another; what one run leaves half-done must not load another. */
async function runAll(scenarios: readonly Loaded[], { options, outputs, io }: RunAll): Promise<ExitCode> {
  const stopping = new AbortController();
  const hurrying = new AbortController();
  io.onSignal((signal) => {
    if (stopping.signal.aborted) hurrying.abort();
    else {
      io.stderr(
        `\n${signal === "SIGINT" ? "Interrupted" : "Asked to stop"}: healing and closing (again: do not wait for answers)\n`,
      );
      stopping.abort(signal);
    }
  });
  const codes: ExitCode[] = [];
  const results: RunResult[] = [];
  for (const loaded of scenarios) {
    if (stopping.signal.aborted) break;
    try {
      const result = await runOne(loaded, { options, io, stopping: stopping.signal, hurrying: hurrying.signal });
      results.push(result);
      codes.push(result.verdicts.exitCode as ExitCode);
      if (options.json !== true || scenarios.length === 1) await present(result, outputs, io);
    } catch (error) {
      // A target that is not there is no reason to leave the other scenarios untried.
      if (!(error instanceof UserError) || scenarios.length === 1) throw error;
      explainMistakes(error, io);
      codes.push(error.exitCode);
    }
  }
  // What was asked for and not tried must not look like what was tried and passed.
  if (stopping.signal.aborted && codes.length < scenarios.length) {
    codes.push(stopping.signal.reason === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted);
  }
  const exitCode = worstExitCode(codes);
  if (options.json === true && scenarios.length > 1) {
    const runs = results.map(({ verdicts }) => verdicts);
    io.stdout(`${JSON.stringify({ schema: "squall.runs/1", exitCode, runs }, undefined, 2)}\n`);
  }
  return exitCode;
}

async function runOne(
  loaded: Loaded,
  on: { readonly options: RunOptions; readonly io: Io; readonly stopping: AbortSignal; readonly hurrying: AbortSignal },
): Promise<RunResult> {
  const { options, io, stopping, hurrying } = on;
  const plan = planOf(loaded.scenario, options);
  const live = options.quiet === true ? undefined : showProgress(io, plan);
  const { directory } = await runScenario({
    scenario: loaded.scenario,
    plan,
    document: loaded.document,
    replay: replayOf(loaded, options),
    home: dirname(loaded.source.file),
    out: resolve(io.cwd, options.out),
    world: io.world,
    stopping,
    hurrying,
    onProgress: live?.on ?? ignore,
  }).finally(() => live?.end());
  return judgeRun(directory, io);
}
function ignore(): void {
  // --quiet: progress goes nowhere.
}

function replayOf({ source, scenario }: Loaded, { set, faults, allowHost }: RunOptions): string {
  const parts = ["squall run", quoted(source.named), `--seed ${scenario.seed}`];
  for (const change of set) parts.push(`--set ${quoted(change)}`);
  for (const host of allowHost) parts.push(`--allow-host ${quoted(host)}`);
  if (!faults) parts.push("--no-faults");
  return parts.join(" ");
}

/** As a shell takes it, quoted only where it must be. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

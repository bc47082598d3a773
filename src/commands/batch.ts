/** Running what was asked for, one run after another, and telling what came of it: of one run, or of several. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { exitCodes, messageOf, UnhealedError, UserError, worstExitCode, type ExitCode } from "../errors.ts";
import { indexPage } from "../reporters/index-page.ts";
import type { Batch, NotRun, RunResult } from "../reporters/reporter.ts";
import { runScenario } from "../run/run.ts";
import { explainMistakes } from "./explain.ts";
import type { Io } from "./io.ts";
import { judgeRun } from "./judging.ts";
import { quietly, showProgress } from "./live.ts";
import type { Loaded } from "./loading.ts";
import { present, presentAll, presentInTurn, refuseMixedPages, trying, type Output } from "./outputs.ts";
import { replayOf } from "./replay.ts";
import { planOf, type RunOptions } from "./run-options.ts";
import { listenToSignals, type Stopping } from "./stopping.ts";

interface Asked {
  readonly options: RunOptions;
  readonly outputs: readonly Output[];
  readonly io: Io;
}

export type Act = Asked & Stopping;

export async function runAll(scenarios: readonly Loaded[], asked: Asked): Promise<ExitCode> {
  const { repeat } = asked.options;
  const [only] = scenarios;
  if (only !== undefined && scenarios.length === 1 && repeat === undefined) {
    const result = await runOne(only, { ...asked, ...listenToSignals(asked.io) });
    return worstExitCode([result.verdicts.exitCode as ExitCode, await present(result, asked.outputs, asked.io)]);
  }
  refuseMixedPages(asked.outputs);
  return runSeveral(roundsOf(scenarios, repeat ?? 1), { ...asked, ...listenToSignals(asked.io) });
}

/** Round by round, so that what changes meanwhile changes it for every scenario alike. */
function roundsOf(scenarios: readonly Loaded[], rounds: number): Loaded[] {
  return Array.from({ length: rounds }, () => scenarios).flat();
}

/** One after another; what one run leaves half-done must not load another. */
async function runSeveral(jobs: readonly Loaded[], act: Act): Promise<ExitCode> {
  const { options, outputs, io, stopping } = act;
  const results: RunResult[] = [];
  const notRun: NotRun[] = [];
  const codes: ExitCode[] = [];
  let broken: { readonly error: unknown } | undefined;
  for (const [index, loaded] of jobs.entries()) {
    const missed = (exitCode: ExitCode, because: string): void => {
      const replay = replayOf(loaded, options, io.world);
      const same = notRun.findIndex(
        (one) => one.replay === replay && one.exitCode === exitCode && one.because === because,
      );
      const before = notRun[same];
      if (before === undefined) notRun.push({ scenario: loaded.scenario.name, replay, exitCode, because, times: 1 });
      else notRun[same] = { ...before, times: before.times + 1 };
    };
    if (stopping.aborted) {
      const exitCode = stopping.reason === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
      missed(exitCode, "it was interrupted before it began");
    } else if (broken !== undefined) {
      missed(exitCodes.internal, "an earlier run broke");
    } else {
      try {
        const result = await runOne(loaded, act, `${index + 1} of ${jobs.length}`);
        results.push(result);
        // Of repeated runs only what they come to is printed.
        const inTurn = options.repeat === undefined ? outputs : outputs.filter(isFile);
        for (const output of inTurn) codes.push(await trying(() => presentInTurn(result, output, io), io));
      } catch (error) {
        // A target that is not there is no reason to leave the other scenarios untried.
        if (error instanceof UserError) explainMistakes(error, io);
        else broken = { error };
        missed(exitCodeOf(error), messageOf(error));
      }
    }
  }
  const exitCode = worstExitCode([
    ...results.map(({ verdicts }) => verdicts.exitCode as ExitCode),
    ...notRun.map((missed) => missed.exitCode as ExitCode),
  ]);
  const { repeat } = options;
  const batch: Batch = { results, notRun, exitCode, ...(repeat === undefined ? {} : { repeat }) };
  for (const output of outputs) codes.push(await trying(() => presentAll(batch, output, io), io));
  await writeIndex(batch, act);
  if (broken !== undefined) throw broken.error;
  return worstExitCode([exitCode, ...codes]);
}

function isFile({ file }: Output): boolean {
  return file !== undefined;
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UserError) return error.exitCode;
  return error instanceof UnhealedError ? exitCodes.unhealed : exitCodes.internal;
}

export async function runOne(loaded: Loaded, act: Act, which?: string): Promise<RunResult> {
  const { options, io, stopping, hurrying, watch } = act;
  const plan = planOf(loaded.scenario, options);
  const live = options.quiet === true ? quietly(io) : showProgress(io, plan, which);
  watch(live);
  const { directory } = await runScenario({
    scenario: loaded.scenario,
    plan,
    document: loaded.document,
    replay: replayOf(loaded, options, io.world),
    failOn: options.failOn,
    engine: options.engine,
    ...(options.workers === undefined ? {} : { threads: options.workers }),
    home: dirname(loaded.source.file),
    out: resolve(io.cwd, options.out),
    world: io.world,
    stopping,
    hurrying,
    onProgress: live.on,
  }).finally(() => {
    live.end();
    watch(undefined);
  });
  return judgeRun(directory, io);
}

/** One page that leads to every run's own. Its name is its own too: another batch may write beside it. */
async function writeIndex(batch: Batch, { options, outputs, io }: Act): Promise<void> {
  if (batch.results.length === 0) return;
  const { world } = io;
  const stamp = world.date().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const file = join(resolve(io.cwd, options.out), `${stamp}-${world.nonce()}-index.html`);
  const linkTo = ({ directory }: RunResult): string => {
    const page = existsSync(join(directory, "report.html")) ? "report.html" : "verdicts.json";
    return `${encodeURIComponent(basename(directory))}/${page}`;
  };
  try {
    await writeFile(file, indexPage(batch, linkTo), { flag: "wx" });
    const near = relative(io.cwd, file);
    // Last on its line and by itself, as terminals make links of paths; up and down again is no path to read.
    const says = `Index:  ${near.startsWith("..") ? file : near}\n`;
    // Beside a document nothing else goes to stdout.
    if (outputs.some((output) => !isFile(output) && output.reporter.several?.as === "in-turn")) io.stdout(says);
    else if (options.quiet !== true) io.stderr(says);
  } catch (error) {
    io.stderr(`squall: the index page could not be saved: ${messageOf(error)}\n`);
  }
}

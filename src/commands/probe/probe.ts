/**
 * `squall probe`: a server and no scenario. It looks at the server, makes a scenario of what it may call and what can be
 * broken, runs that as any other, and says what was learned, what was not, and what would make it testable.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { EngineChoice } from "../../engines/registry.ts";
import { exitCodes, worstExitCode, type ExitCode } from "../../errors.ts";
import type { FailOn } from "../../history/declared.ts";
import { jsonText } from "../../reporters/markup.ts";
import type { RunResult } from "../../reporters/reporter.ts";
import { withoutSecrets } from "../../scenario/secrets.ts";
import { isObject } from "../../wire/lean-rpc.ts";
import { version } from "../../version.ts";
import { askingFor } from "../asking.ts";
import { runOne } from "../batch.ts";
import type { Io } from "../io.ts";
import { loadAll, type Loaded } from "../loading.ts";
import type { AddCommand } from "../main.ts";
import { engineOption, parseFailOn, wholeNumber } from "../options.ts";
import { replayOf } from "../replay.ts";
import type { RunOptions } from "../run-options.ts";
import { listenToSignals, type Stopping } from "../stopping.ts";
import { againOf } from "./again.ts";
import { askedFor, type Asked } from "./asked.ts";
import { probeSchema, type ProbeDocument } from "./document.ts";
import { baselineIn, findingsIn, findingsOfLook, hasShown, heldIn, unprovenIn, untestedIn } from "./findings.ts";
import { lookAt, type Looked } from "./look.ts";
import { inProbeWords } from "./mistakes.ts";
import { asYaml, planProbe, type ProbePlan } from "./scenario.ts";
import { learnedInWords, planInWords, verdictInWords } from "./words.ts";

interface ProbeOptions {
  readonly mcpConfig?: string;
  readonly upstream: string[];
  readonly egress: string[];
  readonly header: string[];
  readonly allowTool: string[];
  readonly allowHost: string[];
  readonly samples?: string;
  readonly seed: number;
  readonly engine: EngineChoice;
  readonly failOn: FailOn;
  readonly out: string;
  readonly dryRun?: true;
  readonly quiet?: true;
  readonly json?: true;
}

const usualSeed = 42;

export const addProbe: AddCommand = (program, io, done) => {
  askingFor(program.command("probe"))
    .description(
      "a server and no scenario: find out what can be called, break what can be broken, say what was learned",
    )
    .option("--seed <n>", "same seed, same arguments and same plan", wholeNumber("--seed", 0, 2 ** 31 - 1), usualSeed)
    .addOption(engineOption())
    .option("--fail-on <grade>", "the mildest finding that fails: violation or weakness", parseFailOn, "violation")
    .option("--out <dir>", "where the probe's folder is made", "reports")
    .option(
      "--dry-run",
      "greet the server, list its tools, say what would be called and broken; call and break nothing",
    )
    .option("--quiet", "no progress on stderr")
    .option("--json", "print one JSON document on stdout, nothing else")
    .action(async (words: string[], options: ProbeOptions) => {
      const asked = await askedFor(words, options, io.cwd);
      done(await probe({ words, asked, options, io, signals: listenToSignals(io) }).catch(inProbeWords));
    });
};

interface Act {
  /** The server, as it was asked for. */
  readonly words: readonly string[];
  readonly asked: Asked;
  readonly options: ProbeOptions;
  readonly io: Io;
  readonly signals: Stopping;
}

async function probe(act: Act): Promise<ExitCode> {
  const { asked, options, io } = act;
  const { world } = io;
  const folder = resolve(io.cwd, options.out, `probe-${world.date().toISOString().slice(0, 10)}-${world.nonce()}`);
  const tell = options.quiet === true ? (): void => {} : io.stderr;
  const dryRun = options.dryRun === true;
  tell(`looking at ${asked.named}\n`);
  const looked = await lookAt({ ...act, ...options, dryRun, folder });
  const plan = planProbe({ ...looked, asked, seed: options.seed });
  if (dryRun || looked.tools === 0) {
    await removeIfEmpty(folder);
    return print(notPlayed(act, { looked, plan, dryRun }), act, { isOver: true });
  }
  const file = join(folder, "squall-probe.yaml");
  await mkdir(folder, { recursive: true });
  const { loaded, replay } = await save(act, { file, plan });
  const about = { looked, plan, replay, scenario: near(file, io) };
  if (options.json !== true) io.stdout(planInWords(documentOf(act, about)));
  tell("\n");
  const result = await runOne(loaded, { ...act.signals, io, outputs: [], options: runOptions(options, folder) });
  return print(documentOf(act, { ...about, result }), act, { isOver: false });
}

/** Written, loaded as any other, and written once more with the command line that repeats it. */
async function save(act: Act, { file, plan }: { readonly file: string; readonly plan: ProbePlan }) {
  const { options, io } = act;
  // It may hold what a person has written into the command.
  await writeFile(file, asYaml(plan.raw, ""), { mode: 0o600 });
  const named = near(file, io);
  const run = runOptions(options, "");
  const [loaded] = await loadAll([named], run, io);
  if (loaded === undefined) throw new Error("the probe's own scenario was not loaded");
  const replay = replayOf(loaded, run, io.world);
  await writeFile(file, asYaml(plan.raw, replay));
  return { loaded: loaded satisfies Loaded, replay };
}

function runOptions({ engine, allowHost, mcpConfig, failOn, quiet, json }: ProbeOptions, out: string): RunOptions {
  return {
    engine,
    tag: [],
    set: [],
    reporter: [],
    out,
    agents: [],
    faults: true,
    failOn,
    allowHost,
    ...(mcpConfig === undefined ? {} : { mcpConfig }),
    ...(quiet === undefined ? {} : { quiet }),
    ...(json === undefined ? {} : { json }),
  };
}

interface About {
  readonly looked: Looked;
  readonly plan: ProbePlan;
  readonly scenario: string;
  readonly replay: string;
  readonly result?: RunResult;
}

function documentOf(
  { words, asked, options, io }: Act,
  { looked, plan, scenario, replay, result }: About,
): ProbeDocument {
  const verdicts = result?.verdicts;
  const { called, troubles, leftOut, durationMs } = plan;
  const planned = plan.raw["checks"];
  const untested = untestedIn({
    asked,
    leftAlone: [...looked.leftAlone, ...plan.leftAlone],
    leftOut,
    others: called.filter(({ saysReadOnly }) => !saysReadOnly).map(({ tool }) => tool),
    planned: Array.isArray(planned) ? planned.map(String) : [],
    ...(verdicts === undefined ? {} : { verdicts }),
  });
  const document = {
    schema: probeSchema,
    squall: version,
    server: asked.named,
    transport: asked.transport,
    protocol: looked.protocol,
    seed: options.seed,
    ...(verdicts === undefined ? {} : { verdict: looked.ends.length > 0 ? ("fail" as const) : verdicts.verdict }),
    exitCode: exitCodeOf(verdicts?.exitCode, { called: called.length, ends: looked.ends.length }),
    tools: looked.tools,
    called: called.map(({ tool, args, from, because, tookMs }) => ({
      tool,
      args: shownArgs(args),
      from,
      because,
      tookMs,
    })),
    troubles: troubles.map(({ name, about }) => ({
      name,
      about,
      ...(result === undefined ? {} : { shown: hasShown(name, result.figures.faults) }),
    })),
    durationMs: Math.round(durationMs),
    findings: [
      ...findingsOfLook(
        looked.ends.map(({ tool, args }) => ({ tool, args: shownArgs(args) })),
        againOf(words, options),
      ),
      ...(verdicts === undefined ? [] : findingsIn(verdicts)),
    ],
    held: verdicts === undefined ? [] : [...heldIn(verdicts)],
    unproven: verdicts === undefined ? [] : [...unprovenIn(verdicts)],
    untested: [...untested],
    baseline: result === undefined ? [] : [...baselineIn(result.figures.tools)],
    scenario,
    ...(result === undefined ? {} : { run: near(result.directory, io) }),
    replay,
  } satisfies Omit<ProbeDocument, "says">;
  return { ...document, says: verdictInWords(document) };
}

/** Where no tool was called there is no evidence of what tools do, whatever the listing of them has shown. */
function exitCodeOf(
  ran: number | undefined,
  { called, ends }: { readonly called: number; readonly ends: number },
): ExitCode {
  const code = (ran ?? exitCodes.inconclusive) as ExitCode;
  return worstExitCode([
    code,
    ...(ends > 0 ? [exitCodes.failed] : []),
    ...(called === 0 ? [exitCodes.inconclusive] : []),
  ]);
}

function notPlayed(act: Act, about: Omit<About, "scenario" | "replay"> & { readonly dryRun: boolean }): ProbeDocument {
  const document = documentOf(act, { ...about, scenario: "", replay: "" });
  return about.dryRun
    ? { ...document, exitCode: exitCodes.passed, says: "A dry run: nothing was called, nothing was broken." }
    : { ...document, troubles: [], durationMs: 0 };
}

function print(document: ProbeDocument, { options, io }: Act, { isOver }: { readonly isOver: boolean }): ExitCode {
  if (options.json === true) io.stdout(jsonText(document));
  else {
    if (isOver) io.stdout(planInWords(document));
    io.stdout(`\n${learnedInWords(document, { colour: io.colour })}`);
  }
  return document.exitCode as ExitCode;
}

/** A person's own samples may hold what nobody else should see. */
function shownArgs(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const hidden = withoutSecrets({ args });
  const shown = isObject(hidden) ? hidden["args"] : undefined;
  return isObject(shown) ? { ...shown } : {};
}

function near(file: string, { cwd }: Io): string {
  const path = relative(cwd, file);
  return path.startsWith("..") ? file : path;
}

async function removeIfEmpty(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

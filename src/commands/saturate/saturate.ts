/** `squall saturate`: how much a server can take of its scenario's chains, and what a bare transport could. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { exitCodes, UserError } from "../../errors.ts";
import { parseDuration, parseRate, shown } from "../../units.ts";
import { version } from "../../version.ts";
import type { Io } from "../io.ts";
import { jsonText } from "../../reporters/markup.ts";
import { isObject } from "../../wire/lean-rpc.ts";
import type { AddCommand } from "../main.ts";
import { collect, mcpConfigOption, wholeNumber } from "../options.ts";
import { listenToSignals } from "../stopping.ts";
import { callsPerWalk, errorBound, ownBounds, rawCall } from "./plan.ts";
import { replayOf } from "./replay.ts";
import { nextRate, rangeOf, type SearchOptions, type Try } from "./search.ts";
import { boundFrom, leastRate, loadWith, measureRaw, tryRate, type Ground } from "./steps.ts";
import type { Raw, Saturation, Step } from "./saturation.ts";
import { asText, isCeiling, rawLine, stepLine } from "./words.ts";

export interface SaturateOptions {
  readonly tool?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly connections: number;
  /** In seconds. */
  readonly step: number;
  readonly tries: number;
  readonly from?: number;
  readonly to?: number;
  readonly threshold: string[];
  readonly set: string[];
  readonly seed?: number;
  readonly workers?: number;
  readonly allowHost: string[];
  readonly mcpConfig?: string;
  readonly out: string;
  readonly quiet?: true;
  readonly json?: true;
}

export const addSaturate: AddCommand = (program, io, done) => {
  program
    .command("saturate")
    .description("find the highest rate that a server holds: open-model steps with a scenario's real chains, no fault")
    .argument("<scenario|url>", "a scenario, or the URL of an MCP server that runs (then --tool is what is called)")
    .option(
      "--tool <tool>",
      "also measure the raw ceiling of this tool's call: autocannon posts one body over and over",
    )
    .option("--args <json>", "arguments of that call", parseArgs)
    .option(
      "--connections <n>",
      "of the raw ceiling, each with a session of its own",
      wholeNumber("--connections", 1, 10_000),
      100,
    )
    .option("--step <duration>", "how long each step lasts", parseSeconds, 5)
    .option("--tries <n>", "how often the ends of the range are tried", wholeNumber("--tries", 1, 100), 3)
    .option("--from <rate>", "chain walks a second to begin with, for example 20/s", parseWalks("--from"))
    .option("--to <rate>", "the highest rate to try", parseWalks("--to"))
    .option(
      "--threshold <expression>",
      "what a rate must hold, in place of the scenario's own; several times",
      collect,
      [],
    )
    .option("--set <path=value>", "change the scenario; several times", collect, [])
    .option("--seed <n>", "same seed, same plan", wholeNumber("--seed", 0, 2 ** 31 - 1))
    .option("--workers <n>", "threads for the agents", wholeNumber("--workers", 1, 64))
    .option("--allow-host <host>", "a host beside loopback that may be loaded; several times", collect, [])
    .option(...mcpConfigOption)
    .option("--out <dir>", "where the runs' folders are made", "reports")
    .option("--quiet", "no progress on stderr")
    .option("--json", "print one JSON document on stdout, nothing else")
    .action(async (named: string, options: SaturateOptions) => {
      const found = await saturate(named, options, io);
      io.stdout(options.json === true ? jsonText(found) : asText(found));
      done(found.exitCode);
    });
};

async function saturate(named: string, options: SaturateOptions, io: Io): Promise<Saturation> {
  const { world } = io;
  const out = resolve(io.cwd, options.out, `saturate-${world.date().toISOString().slice(0, 10)}-${world.nonce()}`);
  const asked: Asked = {
    ground: await groundOf(named, options, { io, out }),
    options,
    tell: options.quiet === true ? () => {} : io.stderr,
  };
  const { scenario } = await loadWith(asked.ground, []);
  const call =
    options.tool === undefined ? undefined : rawCall(scenario, { ...options, tool: options.tool }, world.env);
  asked.tell(`saturate ${scenario.name}  each step in a run of its own under ${relative(io.cwd, out)}\n`);
  let raw: Raw | undefined;
  if (call !== undefined) {
    asked.tell(`raw ceiling: posting ${call.step.server}.${call.step.tool} for ${options.step} s …\n`);
    raw = await measureRaw(asked.ground, call, { connections: options.connections, seconds: options.step });
    asked.tell(`${rawLine(raw)}\n`);
  }
  const perWalk = callsPerWalk(scenario);
  const own = options.threshold.length > 0 ? options.threshold : ownBounds(scenario);
  const about = { ceiling: raw && raw.perSecond / perWalk, least: leastRate(scenario, own) };
  const { bounds, steps } = await search(asked, searchRange(options, about), own);
  const found = conclude({ steps, perWalk, stopping: asked.ground.signals.stopping });
  const document: Saturation = {
    schema: "squall.saturation/1",
    squall: version,
    scenario: scenario.name,
    seed: scenario.seed,
    bounds,
    ...(raw === undefined ? {} : { raw }),
    steps,
    ...found,
    ...(raw === undefined || found.holds === undefined || !isCeiling(raw)
      ? {}
      : { shareOfRaw: found.holds.callsPerSecond / raw.perSecond }),
    replay: replayOf(named, options),
  };
  await writeFile(join(out, "saturation.json"), `${JSON.stringify(document, undefined, 2)}\n`);
  return document;
}

interface Asked {
  readonly ground: Ground;
  readonly options: SaturateOptions;
  readonly tell: (text: string) => void;
}

async function groundOf(
  named: string,
  { set, allowHost, mcpConfig, seed, workers, tool, args = {} }: SaturateOptions,
  { io, out }: Pick<Ground, "io" | "out">,
): Promise<Ground> {
  await mkdir(out, { recursive: true });
  const isUrl = /^https?:\/\//.test(named);
  if (isUrl && tool === undefined) {
    throw new UserError("a server's URL alone does not tell what to call", {
      mistakes: [
        { path: "--tool", says: "is missing", hint: "name one of the server's tools, with --args where it takes some" },
      ],
    });
  }
  const file = join(out, "scenario.yaml");
  if (isUrl) await writeFile(file, stringify(scenarioFor(named, tool ?? "", args)));
  return {
    named: isUrl ? file : named,
    set,
    allowHost,
    ...(mcpConfig === undefined ? {} : { mcpConfig }),
    ...(seed === undefined ? {} : { seed }),
    ...(workers === undefined ? {} : { workers }),
    out,
    io,
    signals: listenToSignals(io),
  };
}

/** A server that runs, and agents that call one of its tools. */
function scenarioFor(url: string, tool: string, args: Readonly<Record<string, unknown>>): unknown {
  return {
    name: "saturate",
    servers: { server: { url } },
    agents: {
      callers: {
        policy: { kind: "none", timeout: "10s" },
        arrivals: { rate: "1/s" },
        chain: [{ call: `server.${tool}`, args }],
      },
    },
    phases: [{ baseline: "1s" }],
  };
}

const usualFrom = 5;
const highest = 100_000;

/** The raw ceiling tells where to begin. It is no upper end: the chain's other calls may be cheaper. */
function searchRange(
  { from, to, tries }: SaturateOptions,
  { ceiling, least }: { readonly ceiling: number | undefined; readonly least: number },
): SearchOptions {
  return {
    from: from ?? Math.max(least, ceiling === undefined ? usualFrom : ceiling / 32),
    most: to ?? highest,
    tries,
    triesMax: 12 + 4 * tries,
  };
}

async function search(
  { ground, options, tell }: Asked,
  range: SearchOptions,
  given: readonly string[],
): Promise<{ readonly bounds: string[]; readonly steps: Step[] }> {
  const isUsual = given.length === 0;
  // What is usual is known from the first step that holds, and judged from then on.
  const bounds = isUsual ? [errorBound] : [...given];
  const steps: Step[] = [];
  const take = async (walksPerSecond: number): Promise<void> => {
    const step = await tryRate(ground, { walksPerSecond, seconds: options.step, bounds });
    // What a person broke off says nothing of the rate.
    if (ground.signals.stopping.aborted) return;
    steps.push(step);
    const bound = isUsual && bounds.length === 1 ? boundFrom(step) : undefined;
    if (bound !== undefined) bounds.push(bound);
    tell(`${stepLine(step)}\n`);
  };
  while (!ground.signals.stopping.aborted) {
    const rate = nextRate(triesOf(steps), range);
    if (rate === undefined) break;
    await take(rate);
  }
  return { bounds, steps };
}

function triesOf(steps: readonly Step[]): Try[] {
  return steps.map(({ walksPerSecond: rate, came }) => ({ rate, held: came === "held" }));
}

type Found = Pick<Saturation, "holds" | "fails" | "verdict" | "because" | "exitCode">;

function conclude(about: {
  readonly steps: readonly Step[];
  readonly perWalk: number;
  readonly stopping: AbortSignal;
}): Found {
  const { steps, perWalk, stopping } = about;
  const { holds, fails } = rangeOf(triesOf(steps));
  const withCalls = <T extends { readonly rate: number }>({ rate, ...end }: T) => ({
    walksPerSecond: rate,
    callsPerSecond: rate * perWalk,
    ...end,
  });
  const ends = {
    ...(holds === undefined ? {} : { holds: withCalls(holds) }),
    ...(fails === undefined ? {} : { fails: withCalls(fails) }),
  };
  if (stopping.aborted) {
    const exitCode = stopping.reason === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
    return { ...ends, verdict: "unknown", because: "it was interrupted", exitCode };
  }
  // Where nothing but our own trouble ends the search, the server's limit is still unknown.
  const atFails = steps.filter(({ walksPerSecond }) => walksPerSecond === fails?.rate);
  const untold = atFails.find(({ came }) => came === "unknown");
  if (untold !== undefined && atFails.every(({ came }) => came !== "not-held")) {
    return { ...ends, verdict: "unknown", because: untold.because ?? "", exitCode: exitCodes.inconclusive };
  }
  if (holds === undefined) return { ...ends, verdict: "never-held", exitCode: exitCodes.failed };
  if (fails === undefined)
    return { ...ends, verdict: "not-reached", because: "no higher rate was asked for", exitCode: exitCodes.passed };
  return { ...ends, verdict: "found", exitCode: exitCodes.passed };
}

function parseArgs(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below, with what is no object.
  }
  throw new UserError(`--args takes a JSON object such as '{"limit": 5}', got ${shown(text)}`);
}

function parseSeconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000 || ms > 600_000)
    throw new UserError(`--step takes a duration from 1s to 10m, got ${shown(text)}`);
  return ms / 1000;
}

function parseWalks(option: string): (text: string) => number {
  return (text) => {
    const rate = parseRate(text);
    if (rate === undefined || rate < 0.1 || rate > highest) {
      throw new UserError(`${option} takes a rate from 0.1/s to ${highest}/s such as "20/s", got ${shown(text)}`);
    }
    return rate;
  };
}

/** Acting: the raw ceiling and each step are runs of their own, of the scenario as it is changed for them. */
import { dirname } from "node:path";
import { UserError } from "../../errors.ts";
import { openCannon, type RawCeiling } from "../../run/cannon.ts";
import { runScenario } from "../../run/run.ts";
import type { RunResult } from "../../reporters/reporter.ts";
import type { Io } from "../io.ts";
import type { Scenario } from "../../scenario/resolve.ts";
import { judgeRun } from "../judging.ts";
import { loadAll, type Loaded } from "../loading.ts";
import { planOf } from "../run-options.ts";
import type { Stopping } from "../stopping.ts";
import { callsPerWalk, latencyBound, mixOf, rawSets, samplesWanted, stepSets, type RawCall } from "./plan.ts";
import type { Raw, Step } from "./saturation.ts";

export interface Ground {
  /** The scenario, as a person names it. */
  readonly named: string;
  readonly set: readonly string[];
  readonly allowHost: readonly string[];
  readonly mcpConfig?: string;
  readonly seed?: number;
  readonly workers?: number;
  /** Where the runs' folders go. */
  readonly out: string;
  readonly io: Io;
  readonly signals: Stopping;
}

export async function loadWith(ground: Omit<Ground, "out" | "signals">, sets: readonly string[]): Promise<Loaded> {
  const { named, set, io, ...options } = ground;
  const [only, ...others] = await loadAll([named], { ...options, set: [...set, ...sets], tag: [], agents: [] }, io);
  if (only === undefined || others.length > 0) throw new UserError("saturate takes one scenario, not a folder of them");
  return only;
}

export async function measureRaw(
  ground: Ground,
  { group, step, args }: RawCall,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<Raw> {
  const { server, tool } = step;
  const loaded = await loadWith(ground, rawSets(server, seconds));
  let came: RawCeiling | undefined;
  await act(ground, loaded, {
    openLoad: (groups, admission) => {
      const target = groups.find((one) => one.group.name === group.name)?.targets.find((one) => one.server === server);
      if (target === undefined) throw new UserError(`${server} speaks stdio: only HTTP has a raw ceiling to measure`);
      return openCannon({
        ...target,
        identity: admission.to(group.name, server).identity,
        onGranted: admission.tokens.onGranted,
        tool,
        args,
        connections,
        seconds,
        world: ground.io.world,
        onShot: (shot) => {
          came = shot;
        },
      });
    },
  });
  if (came === undefined) throw new UserError(`the raw ceiling of ${server} was not measured: it was interrupted`);
  return { server, tool, ...came };
}

/** So long a step may become for the sake of its samples; a person may ask for longer ones. */
const secondsMost = 60;

/** A step of fewer walks a second is over before its bounds have their samples. */
export function leastRate(scenario: Pick<Scenario, "groups" | "phases">, bounds: readonly string[]): number {
  return samplesWanted(bounds) / Math.min(...mixOf(scenario).values()) / secondsMost;
}

export async function tryRate(
  ground: Ground,
  about: { readonly walksPerSecond: number; readonly seconds: number; readonly bounds: readonly string[] },
): Promise<Step> {
  const { walksPerSecond, bounds } = about;
  const { scenario } = await loadWith(ground, []);
  const callsPerSecond = walksPerSecond * callsPerWalk(scenario);
  const slowestGroup = walksPerSecond * Math.min(...mixOf(scenario).values());
  const seconds = Math.ceil(Math.max(about.seconds, Math.min(secondsMost, samplesWanted(bounds) / slowestGroup)));
  const loaded = await loadWith(ground, stepSets(scenario, { walksPerSecond, seconds, bounds }));
  const result = await judgeRun(await act(ground, loaded, {}), ground.io);
  return { walksPerSecond, callsPerSecond, seconds, ...cameTo(result), run: result.directory };
}

/** What follows from how slow answers usually are when there is little to do. */
export function boundFrom({ came, p50Ms }: Step): string | undefined {
  return p50Ms === undefined || came !== "held" ? undefined : latencyBound(p50Ms);
}

async function act(
  { workers, out, io, signals }: Ground,
  loaded: Loaded,
  how: Pick<Parameters<typeof runScenario>[0], "openLoad">,
): Promise<string> {
  const { directory } = await runScenario({
    scenario: loaded.scenario,
    plan: planOf(loaded.scenario, { faults: true }),
    document: loaded.document,
    replay: "squall saturate",
    failOn: "violation",
    home: dirname(loaded.source.file),
    out,
    world: io.world,
    stopping: signals.stopping,
    hurrying: signals.hurrying,
    onProgress: () => {},
    ...(workers === undefined ? {} : { threads: workers }),
    ...how,
  });
  return directory;
}

type Judged = {
  readonly verdicts: Pick<RunResult["verdicts"], "verdict" | "checks" | "thresholds" | "gaps">;
  readonly figures: Pick<RunResult["figures"], "tools">;
};

export function cameTo({
  verdicts,
  figures,
}: Judged): Pick<Step, "came" | "because" | "p50Ms" | "p95Ms" | "errorShare"> {
  const tools = figures.tools.filter(({ phase }) => phase === "baseline");
  const sum = (of: (tool: (typeof tools)[number]) => number): number =>
    tools.reduce((total, tool) => total + of(tool), 0);
  const ops = sum(({ ops: { ok, failed, unknown, "not-run": notRun } }) => ok + failed + unknown + notRun);
  const p50Us = Math.max(...tools.map(({ response }) => response.p50Us ?? -1));
  const p95Us = Math.max(...tools.map(({ response }) => response.p95Us ?? -1));
  const shown = {
    ...(p50Us < 0 ? {} : { p50Ms: p50Us / 1000 }),
    ...(p95Us < 0 ? {} : { p95Ms: p95Us / 1000 }),
    ...(ops === 0 ? {} : { errorShare: 1 - sum((tool) => tool.ops.ok) / ops }),
  };
  const broken = verdicts.thresholds.find(({ verdict }) => verdict === "fail");
  if (broken !== undefined) return { ...shown, came: "not-held", because: `broke ${broken.expression}` };
  const failed = verdicts.checks.find(({ verdict }) => verdict === "fail");
  if (failed !== undefined) return { ...shown, came: "not-held", because: failed.findings[0]?.says ?? failed.check };
  // The generator's trouble tells nothing of the server, and may be why a baseline did not hold.
  const behind = verdicts.gaps.find(({ gap }) => gap === "generator-behind");
  if (behind !== undefined) return { ...shown, came: "unknown", because: behind.says };
  const stopped = verdicts.gaps.find(({ gap }) => gap === "run-stopped" || gap === "target-ended");
  if (stopped !== undefined) return { ...shown, came: "not-held", because: stopped.says };
  const untold = [
    ...verdicts.gaps.map(({ says }) => says),
    ...verdicts.thresholds.flatMap(({ because = [] }) => because),
  ];
  return verdicts.verdict === "pass"
    ? { ...shown, came: "held" }
    : { ...shown, came: "unknown", because: untold[0] ?? "" };
}

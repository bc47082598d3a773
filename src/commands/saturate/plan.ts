/** How a scenario is changed for each step: its chains as they are, no fault, so many walks a second in all. */
import { UserError } from "../../errors.ts";
import { metrics, parseThreshold } from "../../measure/threshold.ts";
import { planArrivals, walksPlanned, type PlannedArrivals } from "../../plan/arrivals.ts";
import type { Scenario, ScenarioGroup, ScenarioStep } from "../../scenario/resolve.ts";
import { render } from "../../scenario/template.ts";
import { seededRandom, type World } from "../../world.ts";

/** Each group's share of the walks: the mix is the scenario's own. */
export function mixOf({ groups, phases }: Pick<Scenario, "groups" | "phases">): ReadonlyMap<string, number> {
  const durationMs = phases.reduce((total, phase) => total + phase.durationMs, 0);
  const weights = groups.map((group) => [group.name, walksPerSecond(planArrivals(group, durationMs))] as const);
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  return new Map(weights.map(([name, weight]) => [name, weight / sum]));
}

/** Agents that wait for their answers are taken to make a walk a second beside their thinking. */
function walksPerSecond(arrivals: PlannedArrivals): number {
  if (arrivals.is === "open") return (walksPlanned(arrivals) * 1000) / (arrivals.endMs - arrivals.startMs);
  const { least, most } = arrivals.thinkTimeMs;
  return (arrivals.agents * 1000) / ((least + most) / 2 + 1000);
}

/** Calls that a walk makes, of all groups together. */
export function callsPerWalk(scenario: Scenario): number {
  const mix = mixOf(scenario);
  return scenario.groups.reduce((sum, { name, steps }) => sum + (mix.get(name) ?? 0) * steps.length, 0);
}

export function stepSets(
  scenario: Scenario,
  about: { readonly walksPerSecond: number; readonly seconds: number; readonly bounds: readonly string[] },
): string[] {
  const { walksPerSecond, seconds, bounds } = about;
  return [
    ...phaseSets(seconds),
    ...[...mixOf(scenario)].map(
      ([group, share]) => `agents.${group}.arrivals={rate: ${(walksPerSecond * share).toFixed(6)}/s}`,
    ),
    `thresholds=${JSON.stringify(bounds)}`,
  ];
}

/** For the raw ceiling nobody walks, so that nothing else loads the server; and no tap stands in the way. */
export function rawSets(server: string, seconds: number): string[] {
  return [...phaseSets(seconds), `servers.${server}.direct=true`, "thresholds=[]"];
}

const warmUpSeconds = 1;

function phaseSets(seconds: number): string[] {
  return [
    `phases=[{warm-up: ${warmUpSeconds}s}, {baseline: ${seconds}s}]`,
    "faults=[]",
    // What ends a run early may name phases that a step does not have, and a rate is judged by its bounds alone.
    "stop=[]",
    // A server that ends under load has not held, whatever its answers were before.
    "checks=[survives]",
  ];
}

/** Those of the scenario's thresholds that a baseline can be judged by. */
export function ownBounds({ thresholds, phases }: Scenario): string[] {
  const elsewhere = new Set([
    "fault",
    "recovery",
    ...phases.flatMap(({ phase, role }) => (role === "baseline" ? [] : [phase])),
  ]);
  return thresholds.filter((expression) => {
    const threshold = parseThreshold(expression);
    if ("says" in threshold || threshold.metric === "time-to-recovery") return false;
    return (
      !threshold.bound.ofBaseline &&
      // What is expected of the scenario's own load says nothing of another.
      threshold.comparator !== "=" &&
      threshold.metric !== "requests" &&
      threshold.withinMs === undefined &&
      !threshold.names.some((name) => elsewhere.has(name))
    );
  });
}

export const errorBound = "error-rate(baseline) <= 1%";
const timesUsual = 20;
const leastBoundMs = 100;

/** Where the scenario says nothing: far slower than usual when there is little to do. */
export function latencyBound(usualMs: number): string {
  return `p95(baseline) <= ${Math.ceil(Math.max(leastBoundMs, usualMs * timesUsual))}ms`;
}

/** Of each tool: so many, and each bound can be judged. */
export function samplesWanted(bounds: readonly string[]): number {
  const least = bounds.map((expression) => {
    const threshold = parseThreshold(expression);
    return "says" in threshold ? 0 : (threshold.samplesMin ?? metrics[threshold.metric].samplesMin);
  });
  // A few more than are needed: chance and what is under way at the end take some away.
  return Math.ceil(1.2 * Math.max(0, ...least));
}

export interface RawCall {
  readonly group: ScenarioGroup;
  readonly step: ScenarioStep;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The call that is posted over and over: the first of its tool, with the arguments that a first walk would give it. */
export function rawCall(
  { groups, seed }: Scenario,
  { tool, args }: { readonly tool: string; readonly args?: Readonly<Record<string, unknown>> },
  env: World["env"],
): RawCall {
  const all = groups.flatMap((group) =>
    group.steps.filter(({ kind }) => kind === undefined).map((step) => ({ group, step })),
  );
  const found = all.find(({ step }) => step.tool === tool || `${step.server}.${step.tool}` === tool);
  if (found === undefined) {
    const known = [...new Set(all.map(({ step }) => `${step.server}.${step.tool}`))].join(", ");
    throw new UserError(`no chain calls "${tool}"; there is ${known}`);
  }
  if (args !== undefined) return { ...found, args };
  const { group, step } = found;
  const rendered = render(step.args, {
    op: "saturate.0.0.0",
    agent: `${group.name}.0`,
    group: group.name,
    walk: 0,
    saved: new Map(),
    env,
    random: seededRandom(seed, "saturate"),
  });
  if (rendered.ok) return { ...found, args: rendered.value };
  const missing = rendered.missing.map((name) => `\${${name}}`).join(", ");
  throw new UserError(
    `${step.server}.${step.tool} takes ${missing} from an earlier step, which the raw ceiling does not make`,
    {
      mistakes: [{ path: "--tool", says: `${missing} has no value`, hint: `give its arguments: --args '{"…": "…"}'` }],
    },
  );
}

/** The plan as a person reads it: phases, agents, when each fault is on and how, and what will be judged. */
import { checks } from "../checks/registry.ts";
import { placeInWords } from "../history/fault-place.ts";
import type { Plan, PlannedFault } from "../plan/plan.ts";
import type { Scenario } from "../scenario/resolve.ts";
import { conditionInWords } from "../scenario/schedules.ts";
import { counted, formatDuration } from "../units.ts";
import { arrivalsInWords } from "./arrivals-in-words.ts";
import { chainInWords } from "./chain-in-words.ts";
import { drawTimeline } from "./drawn-timeline.ts";

export function describePlan(plan: Plan, { groups }: Pick<Scenario, "groups">, notes: readonly string[]): string {
  const mode = plan.mode === "control" ? "control run, no fault is injected" : "faults";
  return [
    `${plan.scenario}  seed ${plan.seed}  ${mode}  ${formatDuration(plan.durationMs)}`,
    ...notes,
    "timeline",
    ...drawTimeline(plan),
    "phases",
    ...plan.phases.map(({ phase, startMs, endMs }) => `  ${span(startMs, endMs)}  ${phase}`),
    ...behindLines(plan),
    "agents",
    ...plan.arrivals.flatMap((arrivals) => {
      const around = { durationMs: plan.durationMs, processesEach: processesEach(plan, arrivals.group) };
      const group = groups.find(({ name }) => name === arrivals.group);
      const chain = group === undefined ? [] : chainInWords(group);
      return [`  ${arrivals.group}: ${arrivalsInWords(arrivals, around)}`, ...chain.map((line) => `    ${line}`)];
    }),
    "faults",
    ...(plan.faults.length === 0 ? ["  none"] : plan.faults.flatMap(describeFault)),
    "checks",
    ...checkLines(plan),
    ...stopLines(plan),
    "Nothing was started.",
    "",
  ].join("\n");
}

/** What Squall puts before servers, or behind them. */
function behindLines({ declared }: Plan): string[] {
  const lines = declared.servers.flatMap(({ server, replicas, egress = [] }) => [
    ...(replicas === undefined
      ? []
      : [`  ${server}: ${replicas.count} replicas behind a balancer, ${replicas.balance}`]),
    ...egress.map(
      ({ link, hosts }) => `  ${server}: asks for ${hosts.join(", ")} over ${link}, through its egress gateway`,
    ),
  ]);
  return lines.length === 0 ? [] : ["servers", ...lines];
}

/** Each server of a group that speaks stdio costs each of its agents a process. */
function processesEach({ declared }: Plan, group: string): number {
  const isStdio = new Set(
    declared.servers.filter(({ transport }) => transport === "stdio").map(({ server }) => server),
  );
  const called = declared.steps.filter((step) => step.group === group).map(({ server }) => server);
  return new Set(called.filter((server) => isStdio.has(server))).size;
}

const windowsShown = 8;

function describeFault(planned: PlannedFault): string[] {
  const { kind, fault, attributes, windows, steps = [], when } = planned;
  const more = windows.length > windowsShown ? [`    … ${windows.length - windowsShown} more`] : [];
  const how = Object.entries(attributes).map(([name, value]) => `${name}: ${plainly(value)}`);
  return [
    `  ${kind} on ${placeInWords(planned)} (${fault})${how.length === 0 ? "" : `  ${how.join(", ")}`}`,
    ...(when === undefined ? [] : [`    when ${conditionInWords(when.condition)}, from then on:`]),
    ...windows.slice(0, windowsShown).map(({ startMs, endMs }) => `    ${span(startMs, endMs).trimEnd()}`),
    ...more,
    ...(when === undefined
      ? []
      : [`    waits ${span(when.fromMs, when.untilMs).trim()}, and is never injected where that does not come`]),
    ...growthOf(attributes, steps),
  ];
}

/** One line for each attribute that grows: from where, to where, and in how many steps. */
function growthOf(attributes: PlannedFault["attributes"], steps: NonNullable<PlannedFault["steps"]>): string[] {
  const names = new Set(steps.flatMap((step) => Object.keys(step.attributes)));
  return [...names].map((name) => {
    const own = steps.filter((step) => Object.hasOwn(step.attributes, name));
    const to = own.at(-1)?.attributes[name];
    const took = `${counted(own.length, "step")}, ${formatDuration(own[0]?.afterMs ?? 0)} apart`;
    const from = attributes[name] === undefined ? "its default" : plainly(attributes[name]);
    return `    ${name} goes from ${from} to ${plainly(to)} in ${took}`;
  });
}

function plainly(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether a check applies is decided from the plan, so it can be told before the run. */
function checkLines({ declared }: Plan): string[] {
  const asked = checks.filter(({ name }) => declared.checks.includes(name));
  if (asked.length + declared.thresholds.length === 0) return ["  none: the run will prove nothing"];
  return [
    ...asked.map(({ name, about, notApplicable }) => {
      const because = notApplicable(declared);
      return because === undefined ? `  ${name}: ${about}` : `  ${name}: does not apply, ${because}`;
    }),
    ...declared.thresholds.map((expression) => `  threshold ${expression}${abortSaid(expression, declared)}`),
  ];
}

function abortSaid(expression: string, { aborts = [] }: Plan["declared"]): string {
  const abort = aborts.find((one) => one.expression === expression);
  return abort === undefined ? "" : `: ends the run if it fails, past a grace of ${formatDuration(abort.graceMs)}`;
}

function stopLines({ declared: { stops = [] } }: Plan): string[] {
  if (stops.length === 0) return [];
  return ["ends early", ...stops.map(({ when, forMs }) => `  when ${when} holds for ${formatDuration(forMs)}`)];
}

function span(startMs: number, endMs: number): string {
  return `${formatDuration(startMs).padStart(7)} – ${formatDuration(endMs).padEnd(7)}`;
}

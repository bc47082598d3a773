/** The plan as a person reads it: phases, agents, and when each fault is on. */
import type { PlannedArrivals } from "../plan/arrivals.ts";
import type { Plan, PlannedFault } from "../plan/plan.ts";
import { formatDuration } from "../units.ts";

export function describePlan(plan: Plan): string {
  const mode = plan.mode === "control" ? "control run, no fault is injected" : "faults";
  return [
    `${plan.scenario}  seed ${plan.seed}  ${mode}  ${formatDuration(plan.durationMs)}`,
    "phases",
    ...plan.phases.map(({ phase, startMs, endMs }) => `  ${span(startMs, endMs)}  ${phase}`),
    "agents",
    ...plan.arrivals.map((arrivals) => `  ${arrivals.group}: ${describeArrivals(arrivals)}`),
    "faults",
    ...(plan.faults.length === 0 ? ["  none"] : plan.faults.flatMap(describeFault)),
    "Nothing was started.",
    "",
  ].join("\n");
}

function describeArrivals(arrivals: PlannedArrivals): string {
  if (arrivals.is === "open") {
    return `${Number(arrivals.perSecond.toPrecision(4))} chain walks a second, by ${arrivals.agents} agents in turn`;
  }
  const walks = arrivals.iterations === undefined ? "walk after walk" : `${arrivals.iterations} walks each`;
  return `${arrivals.agents} agents, ${walks}, ${formatDuration(arrivals.thinkTimeMs)} between`;
}

const windowsShown = 8;

function describeFault({ kind, link, fault, windows }: PlannedFault): string[] {
  const more = windows.length > windowsShown ? [`    … ${windows.length - windowsShown} more`] : [];
  return [
    `  ${kind} on ${link} (${fault})`,
    ...windows.slice(0, windowsShown).map(({ startMs, endMs }) => `    ${span(startMs, endMs)}`),
    ...more,
  ];
}

function span(startMs: number, endMs: number): string {
  return `${formatDuration(startMs).padStart(7)} – ${formatDuration(endMs).padEnd(7)}`;
}

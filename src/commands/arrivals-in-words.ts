/** How the agents of a group arrive, as a person reads it. */
import { walksPlanned, type PlannedArrivals, type PlannedClosed, type PlannedOpen } from "../plan/arrivals.ts";
import type { ArrivalModel } from "../scenario/arrivals.ts";
import { formatDuration, formatRate } from "../units.ts";

export function arrivalsInWords(
  arrivals: PlannedArrivals,
  { durationMs, processesEach }: { readonly durationMs: number; readonly processesEach: number },
): string {
  const how = arrivals.is === "open" ? openInWords(arrivals) : closedInWords(arrivals);
  const processes = arrivals.agents * processesEach;
  const over = processes === 0 ? "" : `, over stdio: ${many(processes, "process", "processes")}`;
  return `${windowInWords(arrivals, durationMs)}${how}${over}`;
}

function openInWords(arrivals: PlannedOpen): string {
  const byChance = arrivals.spacing === "poisson";
  const spaced = byChance ? ", spaced by chance" : "";
  const walks = `${byChance ? "about " : ""}${many(walksPlanned(arrivals), "walk")}`;
  const { agents } = arrivals;
  const turns = agents === 1 ? "by 1 agent" : `by ${number(agents)} agents in turn`;
  return `${modelInWords(arrivals.model, arrivals.endMs - arrivals.startMs)}${spaced}; ${walks} ${turns}`;
}

function closedInWords({ agents, iterations, thinkTimeMs: { least, most }, rampUpMs }: PlannedClosed): string {
  const walks = iterations === undefined ? "walk after walk" : `${many(iterations, "walk")} each`;
  const pause = least === most ? formatDuration(least) : `${formatDuration(least)} to ${formatDuration(most)}`;
  const begin = agents === 1 || rampUpMs === 0 ? "" : `, beginning over ${formatDuration(rampUpMs)}`;
  const atMost = iterations === undefined ? "" : `; at most ${many(iterations * agents, "walk")}`;
  return `${many(agents, "agent")}, ${walks}, ${pause} between${begin}${atMost}`;
}

function modelInWords(model: ArrivalModel, lengthMs: number): string {
  switch (model.is) {
    case "rate":
      return formatRate(model.perSecond);
    case "stages":
      return stagesInWords(model);
    case "burst":
      return `${many(model.size, "walk")} at once every ${formatDuration(model.everyMs)}`;
    case "herd":
      return `${many(model.size, "walk")} at once, once, after ${formatDuration(model.atMs)}`;
    case "step": {
      const { fromPerSecond: from, toPerSecond: to, byPerSecond, everyMs } = model;
      const steps = `from ${formatRate(from)} by ${formatRate(byPerSecond)} every ${formatDuration(everyMs)}`;
      return `steps ${from < to ? "up" : "down"} ${steps} to ${formatRate(to)}, then holds`;
    }
    case "spike": {
      const { fromPerSecond, toPerSecond, atMs, forMs } = model;
      const spike = `${formatRate(toPerSecond)} after ${formatDuration(atMs)} for ${formatDuration(forMs)}`;
      return `${formatRate(fromPerSecond)}, but ${spike}`;
    }
    case "soak": {
      const { perSecond, rampUpMs, rampDownMs } = model;
      const up = rampUpMs === 0 ? "" : `ramps up over ${formatDuration(rampUpMs)}, then `;
      const down = rampDownMs === 0 ? "" : `, then ramps down over ${formatDuration(rampDownMs)}`;
      return `${up}holds ${formatRate(perSecond)} for ${formatDuration(lengthMs - rampUpMs - rampDownMs)}${down}`;
    }
    default:
      return model satisfies never;
  }
}

function stagesInWords({ perSecond, stages }: Extract<ArrivalModel, { is: "stages" }>): string {
  let from = perSecond;
  const words = stages.map(({ toPerSecond: to, overMs }, index) => {
    const before = from;
    from = to;
    const over = formatDuration(overMs);
    if (before === to) return to === 0 ? `pauses for ${over}` : `holds ${formatRate(to)} for ${over}`;
    const setsOut = index === 0 ? `from ${formatRate(before)} ` : "";
    if (overMs === 0) return `jumps ${setsOut}to ${formatRate(to)}`;
    return `ramps ${setsOut}to ${formatRate(to)} over ${over}`;
  });
  return `${words.join(", ")}, then ${from === 0 ? "ends" : "holds"}`;
}

function windowInWords({ startMs, endMs }: PlannedArrivals, durationMs: number): string {
  const from = startMs === 0 ? [] : [`from ${formatDuration(startMs)}`];
  const until = endMs === durationMs ? [] : [`until ${formatDuration(endMs)}`];
  const when = [...from, ...until];
  return when.length === 0 ? "" : `${when.join(" ")}: `;
}

function many(count: number, one: string, several = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : several}`;
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}

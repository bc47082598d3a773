/** Arrivals that cannot be: two models at once, keys of the other model, times that the phases do not have. */
import { formatDuration, formatRate } from "../units.ts";
import { modelOf, modelsIn, openModels, peakOf, stepsBetween, type ArrivalsOutput } from "./arrivals.ts";
import type { Finding, Path } from "./mistakes.ts";
import { phasesIn } from "./phase-references.ts";
import type { Survey, SurveyedGroup } from "./survey.ts";

// Each is a whole server, of some 50 MB and more: beyond this a machine is busy with them, and not with what they do.
const stdioProcessesMax = 200;

const closedKeys = ["count", "iterations", "thinkTime", "rampUp"] as const;
const openKeys = ["agents", "spacing", "maxInFlight"] as const;

export function arrivalFindings({ groups, phases }: Survey): Finding[] {
  const planned = phasesIn(phases);
  // Without a phase there is no telling how long anything lasts, and the schema has said so.
  const phasesMs = planned?.reduce((sum, { durationMs }) => sum + durationMs, 0) || undefined;
  return groups.flatMap(({ path, arrivals }): Finding[] => {
    if (arrivals === undefined) return [];
    const at = [...path, "arrivals"];
    const unclear = modelFindings(at, arrivals);
    if (unclear.length > 0) return unclear;
    return [...sizeFindings(at, arrivals), ...(phasesMs === undefined ? [] : timeFindings(at, arrivals, phasesMs))];
  });
}

function modelFindings(path: Path, arrivals: ArrivalsOutput): Finding[] {
  const found: Finding[] = [];
  const models = modelsIn(arrivals);
  const [model, another] = models;
  const closed = closedKeys.filter((key) => arrivals[key] !== undefined);
  if (another !== undefined) {
    const hint = "keep one; another group may have the other";
    found.push({ path, says: `has more than one open model: ${listed(models)}`, hint });
  } else if (model !== undefined && closed.length > 0) {
    const says = `${model} is the open model; ${listed(closedKeys)} are the closed one`;
    found.push({ path, says, hint: "keep one of the two" });
  }
  if (model === undefined) {
    for (const key of openKeys.filter((candidate) => arrivals[candidate] !== undefined)) {
      const hint = key === "agents" ? "in the closed model it is called count" : `name one: ${openModels.join(", ")}`;
      found.push({ path: [...path, key], atKey: true, says: "goes with an open model", hint });
    }
  }
  return found;
}

function sizeFindings(path: Path, arrivals: ArrivalsOutput): Finding[] {
  const { thinkTime, spacing, maxInFlight, step } = arrivals;
  const found: Finding[] = [];
  if (typeof thinkTime === "object" && thinkTime.least > thinkTime.most) {
    const says = `expected at most ${formatDuration(thinkTime.most)}, which is the most, got ${formatDuration(thinkTime.least)}`;
    found.push({ path: [...path, "thinkTime", "least"], says });
  }
  const model = modelOf(arrivals);
  if (model === undefined) return found;
  if ("size" in model) {
    if (spacing !== undefined) {
      const says = `is of no use: the walks of a ${model.is} begin at one instant`;
      found.push({ path: [...path, "spacing"], atKey: true, says });
    }
    if (maxInFlight !== undefined && maxInFlight < model.size) {
      const says = `expected at least ${model.size}, the size of the ${model.is}, got ${maxInFlight}`;
      found.push({ path: [...path, "maxInFlight"], says, hint: "what is over it would never begin" });
    }
    return found;
  }
  if (peakOf(model) === 0) {
    found.push({ path: [...path, model.is], says: "no walk would ever begin: it stays at 0/s" });
  } else if (step !== undefined && step.from === step.to) {
    found.push({ path: [...path, "step", "to"], says: `is where it begins, ${formatRate(step.from)}` });
  }
  return found;
}

function timeFindings(path: Path, arrivals: ArrivalsOutput, phasesMs: number): Finding[] {
  const { start = 0, for: lasts, rampUp = 0 } = arrivals;
  const limit = `the phases last ${formatDuration(phasesMs)}`;
  if (start >= phasesMs) {
    return [{ path: [...path, "start"], says: `begins ${formatDuration(start)} into the run, and ${limit}` }];
  }
  if (start + (lasts ?? 0) > phasesMs) {
    return [
      { path: [...path, "for"], says: `ends ${formatDuration(start + (lasts ?? 0))} into the run, and ${limit}` },
    ];
  }
  const lengthMs = lasts ?? phasesMs - start;
  const over = tooLong(arrivals, lengthMs) ?? (rampUp > lengthMs ? lasting("rampUp", rampUp) : undefined);
  if (over === undefined) return [];
  const had = `its agents have ${formatDuration(lengthMs)}`;
  return [
    { path: [...path, ...over.at], says: `${over.says}, and ${had}`, hint: "shorten it, or lengthen the phases" },
  ];
}

interface TooLong {
  readonly at: Path;
  readonly says: string;
}

/** What of an open model would not come to pass within the group's time. */
function tooLong({ stages = [], herd, spike, step, soak }: ArrivalsOutput, lengthMs: number): TooLong | undefined {
  const stagesMs = stages.reduce((sum, { over }) => sum + over, 0);
  if (stagesMs > lengthMs) return lasting("stages", stagesMs);
  if (herd !== undefined && herd.at >= lengthMs) {
    return { at: ["herd", "at"], says: `comes after ${formatDuration(herd.at)}` };
  }
  if (spike !== undefined && spike.at >= lengthMs) {
    return { at: ["spike", "at"], says: `comes after ${formatDuration(spike.at)}` };
  }
  if (spike !== undefined && spike.at + spike.for > lengthMs) {
    return { at: ["spike", "for"], says: `ends after ${formatDuration(spike.at + spike.for)}` };
  }
  const climbMs = step === undefined ? 0 : stepsBetween(step) * step.every;
  if (step !== undefined && climbMs >= lengthMs) {
    return { at: ["step"], says: `gets to ${formatRate(step.to)} after ${formatDuration(climbMs)}` };
  }
  const ramps = soak === undefined ? 0 : soak.rampUp + soak.rampDown;
  return ramps > lengthMs ? lasting("soak", ramps) : undefined;
}

function lasting(key: "stages" | "soak" | "rampUp", ms: number): TooLong {
  const what = key === "soak" ? "its ramps take" : key === "stages" ? "take" : "takes";
  return { at: [key], says: `${what} ${formatDuration(ms)}` };
}

/** Over stdio agents cannot be had in thousands, as over HTTP. */
export function processFindings({ groups, servers }: Survey): Finding[] {
  const isStdio = new Set(servers.filter(({ value }) => value?.transport === "stdio").map(({ name }) => name));
  const started = groups.flatMap((group) => processesOf(group, isStdio));
  const all = started.reduce((sum, { processes }) => sum + processes, 0);
  const [most, ...others] = started.toSorted((a, b) => b.processes - a.processes);
  if (most === undefined || all <= stdioProcessesMax) return [];
  const tooMany = [most, ...others.filter(({ processes }) => processes > stdioProcessesMax)];
  return tooMany.map(({ path, processes }) => ({
    path,
    says: `${processes} processes: over stdio each agent starts its own; at most ${stdioProcessesMax} in all`,
    hint: "let fewer agents do more walks, or speak to the server over HTTP",
  }));
}

function processesOf({ path, arrivals, steps }: SurveyedGroup, isStdio: ReadonlySet<string>) {
  const called = new Set(steps.flatMap(({ aim }) => aim?.server ?? []).filter((server) => isStdio.has(server)));
  const key = modelsIn(arrivals ?? {}).length > 0 ? ("agents" as const) : ("count" as const);
  const processes = (arrivals?.[key] ?? 0) * called.size;
  return processes === 0 ? [] : [{ path: [...path, "arrivals", key], processes }];
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

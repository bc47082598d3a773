/**
 * How the agents of a group arrive, as a person writes it and as the rest of Squall knows it. Closed: so many agents,
 * each one walk after another. Open: walks begin when the model says, however slow the answers are.
 */
import { z } from "zod";
import { duration, rate } from "../units.ts";
import { timeSpan, timeSpanOf, type TimeSpan } from "./time-span.ts";

export const agentsMax = 50_000;

const agents = z.int().min(1).max(agentsMax);
const size = z.int().min(1).max(agentsMax).describe("so many walks at one instant");

export const arrivalsSchema = z.strictObject({
  count: agents.optional().describe("closed model: so many agents, each one walk after another"),
  iterations: z.int().min(1).optional().describe("closed model: walks of each agent; until the end where absent"),
  thinkTime: timeSpan
    .optional()
    .describe("closed model: the pause between two walks, always the same or drawn between least and most"),
  rampUp: duration().optional().describe("closed model: the agents begin one after another over this time"),

  rate: rate({ mayPause: true })
    .optional()
    .describe("open model: so many chain walks begin, however slow the answers are; with stages, where these set out"),
  stages: z
    .array(
      z.strictObject({
        to: rate({ mayPause: true }).describe("the rate at the end of the stage; 0/s is a pause"),
        over: duration().describe("how long it takes to get there; 0s is a jump"),
      }),
    )
    .min(1)
    .optional()
    .describe("open model: the rate moves evenly from stage to stage, from rate or else 0/s, and stays at the last"),
  burst: z
    .strictObject({ size, every: duration({ leastMs: 1 }).describe("from one burst to the next") })
    .optional()
    .describe("open model: many walks at one instant, again and again"),
  herd: z
    .strictObject({ size, at: duration().default(0).describe("after the group's start") })
    .optional()
    .describe("open model: many walks at one instant, once"),
  step: z
    .strictObject({
      from: rate({ mayPause: true }),
      by: rate(),
      every: duration({ leastMs: 1 }).describe("how long each step lasts"),
      to: rate({ mayPause: true }).describe("the last step, which stays"),
    })
    .optional()
    .describe("open model: a staircase of rates, up or down"),
  spike: z
    .strictObject({
      from: rate({ mayPause: true }).describe("before and after"),
      to: rate({ mayPause: true }),
      at: duration().describe("after the group's start"),
      for: duration({ leastMs: 1 }),
    })
    .optional()
    .describe("open model: for a while, another rate"),
  soak: z
    .strictObject({ rate: rate(), rampUp: duration().default(0), rampDown: duration().default(0) })
    .optional()
    .describe("open model: up from 0/s, a long hold, and down to 0/s at the end"),

  agents: agents.optional().describe("open model: how many agents take turns"),
  spacing: z
    .enum(["even", "poisson"])
    .optional()
    .describe("open model: walks at even distances, which is the default, or as chance has it, seeded"),
  maxInFlight: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("open model: no walk begins while so many are under way; it counts as dropped"),

  start: duration().optional().describe("when the group begins, after the phases have begun"),
  for: duration({ leastMs: 1 }).optional().describe("how long walks begin; until the phases end where absent"),
});

export type ArrivalsOutput = z.output<typeof arrivalsSchema>;

export const openModels = ["rate", "stages", "burst", "herd", "step", "spike", "soak"] as const;

/** The open models that are named; a rate beside stages is where they set out. */
export function modelsIn(arrivals: Readonly<Record<string, unknown>>): readonly (typeof openModels)[number][] {
  const named = openModels.filter((model) => arrivals[model] !== undefined);
  return named.includes("stages") ? named.filter((model) => model !== "rate") : named;
}

/** Times count from the group's start. */
export type ArrivalModel =
  | { readonly is: "rate"; readonly perSecond: number }
  | {
      readonly is: "stages";
      readonly perSecond: number;
      readonly stages: readonly { readonly toPerSecond: number; readonly overMs: number }[];
    }
  | { readonly is: "burst"; readonly size: number; readonly everyMs: number }
  | { readonly is: "herd"; readonly size: number; readonly atMs: number }
  | {
      readonly is: "step";
      readonly fromPerSecond: number;
      readonly byPerSecond: number;
      readonly everyMs: number;
      readonly toPerSecond: number;
    }
  | {
      readonly is: "spike";
      readonly fromPerSecond: number;
      readonly toPerSecond: number;
      readonly atMs: number;
      readonly forMs: number;
    }
  | { readonly is: "soak"; readonly perSecond: number; readonly rampUpMs: number; readonly rampDownMs: number };

interface Window {
  readonly startMs: number;
  /** Until the phases end where absent. */
  readonly forMs?: number;
}

export interface OpenArrivals extends Window {
  readonly is: "open";
  readonly agents: number;
  readonly model: ArrivalModel;
  /** Absent where walks come many at once. */
  readonly spacing?: "even" | "poisson";
  readonly maxInFlight: number;
}

export interface ClosedArrivals extends Window {
  readonly is: "closed";
  readonly agents: number;
  /** Walks of each agent; until the end where absent. */
  readonly iterations?: number;
  readonly thinkTimeMs: TimeSpan;
  readonly rampUpMs?: number;
}

export type ScenarioArrivals = OpenArrivals | ClosedArrivals;

const openAgentsMax = 1000;
// Over stdio each agent costs a process; walks that overlap share their agent's.
const openStdioAgentsMax = 16;
const openWalkMaxMs = 10_000;
const inFlightLeast = 10_000;

export function arrivalsOf(
  arrivals: ArrivalsOutput,
  { walkMs, isStdio }: { readonly walkMs: number; readonly isStdio: boolean },
): ScenarioArrivals {
  const { start: startMs = 0, for: forMs } = arrivals;
  const window = { startMs, ...(forMs === undefined ? {} : { forMs }) };
  const model = modelOf(arrivals);
  if (model === undefined) return { is: "closed", ...closedOf(arrivals), ...window };
  const agentsMost = isStdio ? openStdioAgentsMax : openAgentsMax;
  const enough = Math.ceil(walksWithin(Math.min(walkMs, openWalkMaxMs), model));
  const agents = arrivals.agents ?? Math.min(agentsMost, Math.max(1, enough));
  const atOnce = "size" in model ? model.size : 0;
  return {
    is: "open",
    agents,
    model,
    ...("size" in model ? {} : { spacing: arrivals.spacing ?? "even" }),
    maxInFlight: arrivals.maxInFlight ?? Math.max(inFlightLeast, 10 * Math.max(agents, atOnce)),
    ...window,
  };
}

function closedOf({
  count = 1,
  iterations,
  thinkTime = 0,
  rampUp,
}: ArrivalsOutput): Omit<ClosedArrivals, "is" | "startMs"> {
  return {
    agents: count,
    ...(iterations === undefined ? {} : { iterations }),
    thinkTimeMs: timeSpanOf(thinkTime),
    ...(rampUp === undefined ? {} : { rampUpMs: rampUp }),
  };
}

/** The open model, if it is one. */
export function modelOf(arrivals: ArrivalsOutput): ArrivalModel | undefined {
  const { rate: perSecond, stages, burst, herd, step, spike, soak } = arrivals;
  return (
    stagesOf(perSecond, stages) ??
    (burst && { is: "burst" as const, size: burst.size, everyMs: burst.every }) ??
    (herd && { is: "herd" as const, size: herd.size, atMs: herd.at }) ??
    (step && {
      is: "step" as const,
      fromPerSecond: step.from,
      byPerSecond: step.by,
      everyMs: step.every,
      toPerSecond: step.to,
    }) ??
    (spike && {
      is: "spike" as const,
      fromPerSecond: spike.from,
      toPerSecond: spike.to,
      atMs: spike.at,
      forMs: spike.for,
    }) ??
    (soak && { is: "soak" as const, perSecond: soak.rate, rampUpMs: soak.rampUp, rampDownMs: soak.rampDown })
  );
}

function stagesOf(perSecond: number | undefined, stages: ArrivalsOutput["stages"]): ArrivalModel | undefined {
  if (stages === undefined) return perSecond === undefined ? undefined : { is: "rate", perSecond };
  return {
    is: "stages",
    perSecond: perSecond ?? 0,
    stages: stages.map(({ to, over }) => ({ toPerSecond: to, overMs: over })),
  };
}

/** The most walks that begin within this time. */
function walksWithin(ms: number, model: ArrivalModel): number {
  switch (model.is) {
    case "herd":
      return model.size;
    case "burst":
      return model.size * Math.max(1, Math.ceil(ms / model.everyMs));
    default:
      return (peakOf(model) * ms) / 1000;
  }
}

/** The highest rate of a model. */
export function peakOf(model: Exclude<ArrivalModel, { is: "burst" | "herd" }>): number {
  switch (model.is) {
    case "rate":
    case "soak":
      return model.perSecond;
    case "stages":
      return model.stages.reduce((most, { toPerSecond }) => Math.max(most, toPerSecond), model.perSecond);
    case "step":
    case "spike":
      return Math.max(model.fromPerSecond, model.toPerSecond);
    default:
      return model satisfies never;
  }
}

/** How many steps lie before the last one of a staircase. */
export function stepsBetween({
  from,
  to,
  by,
}: {
  readonly from: number;
  readonly to: number;
  readonly by: number;
}): number {
  // Rates by the minute are no round numbers: what is left of a step by rounding is none.
  return Math.ceil(Math.abs(to - from) / by - 1e-9);
}

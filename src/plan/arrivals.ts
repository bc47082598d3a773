/**
 * When chain walks begin, and which agent makes them, from plan and seed alone. Generators are lazy: five million
 * arrivals cost nothing until they are played, and of several workers each draws its own.
 */
import type { ClosedArrivals, OpenArrivals } from "../scenario/arrivals.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { seededRandom } from "../world.ts";
import { momentsOf, walksBetween, walksOf } from "./moments.ts";

interface Planned {
  readonly group: string;
  /** No walk begins before the one or from the other on; both count from the start of the phases. */
  readonly startMs: number;
  readonly endMs: number;
}

export type PlannedOpen = Planned & Omit<OpenArrivals, "startMs" | "forMs">;

/** The agents begin one after another over the ramp. */
export type PlannedClosed = Planned &
  Omit<ClosedArrivals, "startMs" | "forMs" | "rampUpMs"> & { readonly rampUpMs: number };

export type PlannedArrivals = PlannedOpen | PlannedClosed;

/** One walk of an open group, in coordinates: the k-th arrival is agent k mod n on its walk k div n. */
export interface Arrival {
  readonly atMs: number;
  readonly agent: number;
  readonly walk: number;
}

/** The share of one of several workers: agents whose number leaves this remainder. */
export interface Stripe {
  readonly index: number;
  readonly of: number;
}

const whole: Stripe = { index: 0, of: 1 };

export function planArrivals(
  { name: group, arrivals }: Pick<ScenarioGroup, "name" | "arrivals">,
  durationMs: number,
): PlannedArrivals {
  const { startMs, forMs, ...rest } = arrivals;
  const window = { startMs, endMs: Math.min(durationMs, startMs + (forMs ?? durationMs)) };
  if (rest.is === "open") return { group, ...window, ...rest };
  const { least, most } = rest.thinkTimeMs;
  // The agents do not all begin at one instant, unless that is asked for.
  return { group, ...window, ...rest, rampUpMs: rest.rampUpMs ?? Math.max((least + most) / 2, 100) };
}

/** What of the walks that may be under way at once is a stripe's: as much as it has of the agents. */
export function inFlightMax({ agents, maxInFlight }: PlannedOpen, { index, of }: Stripe): number {
  const own = Math.max(0, Math.ceil((agents - index) / of));
  return Math.ceil((maxInFlight * own) / agents);
}

export function* openArrivals(
  { group, model, spacing, agents, startMs, endMs }: PlannedOpen,
  { seed, stripe = whole }: { readonly seed: number; readonly stripe?: Stripe },
): Generator<Arrival, void, undefined> {
  const chance = spacing === "poisson" ? seededRandom(seed, "arrivals", group) : undefined;
  let agent = 0;
  let walk = 0;
  for (const afterMs of momentsOf(model, { lengthMs: endMs - startMs, chance })) {
    if (agent % stripe.of === stripe.index) yield { atMs: startMs + afterMs, agent, walk };
    agent += 1;
    if (agent < agents) continue;
    agent = 0;
    walk += 1;
  }
}

/** When an agent of a closed group begins its first walk. */
export interface Start {
  readonly agent: number;
  readonly atMs: number;
}

/** The agents of a closed group in order, but those for whom there is no time. */
export function* closedStarts(
  { agents, startMs, endMs, rampUpMs }: PlannedClosed,
  stripe: Stripe = whole,
): Generator<Start, void, undefined> {
  for (let agent = stripe.index; agent < agents; agent += stripe.of) {
    const atMs = startMs + (agent * rampUpMs) / agents;
    if (atMs >= endMs) return;
    yield { agent, atMs };
  }
}

/** The pause after a walk of a closed group: the same for the same seed, group, agent and walk. */
export function thinkMsAfter(
  { group, thinkTimeMs: { least, most } }: PlannedClosed,
  { seed, agent, walk }: { readonly seed: number; readonly agent: number; readonly walk: number },
): number {
  if (least === most) return least;
  return least + seededRandom(seed, "think", group, agent, walk).next() * (most - least);
}

/** How many walks an open group begins; where chance spaces them, on average. */
export function walksPlanned({ model, startMs, endMs }: PlannedOpen): number {
  return walksOf(model, endMs - startMs);
}

export interface Between {
  /** From the start of the phases. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** How many walks an open group begins meanwhile; where chance spaces them, on average. */
export function walksBegunBetween({ model, startMs, endMs }: PlannedOpen, { fromMs, toMs }: Between): number {
  const inGroup = (ms: number): number => Math.max(0, ms - startMs);
  return walksBetween(model, { lengthMs: endMs - startMs, fromMs: inGroup(fromMs), toMs: inGroup(toMs) });
}

/** How many agents of a closed group have begun by then, if any has time to walk meanwhile. */
export function agentsBetween(arrivals: PlannedClosed, { fromMs, toMs }: Between): number {
  const { agents, startMs, endMs, rampUpMs } = arrivals;
  if (toMs <= startMs || fromMs >= endMs) return 0;
  if (rampUpMs === 0) return agents;
  // As `closedStarts` has it: agent n begins after its share of the ramp.
  return Math.min(agents, Math.ceil(((Math.min(toMs, endMs) - startMs) * agents) / rampUpMs));
}

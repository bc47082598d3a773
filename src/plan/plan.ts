/**
 * The pure planner. Comes in: a scenario, its seed in it. Goes out: when each phase runs, when each fault is on, and
 * generators of arrivals. The plan holds coordinates, never ids or times of day: same seed, same plan byte for byte.
 */
import type { Declared, Mode, PhaseRole } from "../history/declared.ts";
import { placeInWords, placeOf, type FaultPlace } from "../history/fault-place.ts";
import { patienceMs } from "../scenario/chain.ts";
import { declaredEffect } from "../scenario/effects.ts";
import { declaredEgress } from "../scenario/egress.ts";
import type { Scenario, ScenarioFault } from "../scenario/resolve.ts";
import type { Condition, FaultStep } from "../scenario/schedules.ts";
import { seededRandom, type Random } from "../world.ts";
import { planArrivals, type PlannedArrivals } from "./arrivals.ts";

const planSchema = "squall.plan/1";

export interface PlannedPhase {
  readonly phase: string;
  readonly role: PhaseRole;
  readonly startMs: number;
  readonly endMs: number;
}

export interface PlannedFault extends FaultPlace {
  readonly fault: string;
  readonly kind: string;
  /** The links on which others meet it. Absent: its own. */
  readonly links?: readonly string[];
  readonly phase: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly healForm: ScenarioFault["healForm"];
  /** No answer gets through while it is on. */
  readonly silences?: true;
  /** From the start of the phases, not of the episode; or, where it waits for something, from when that comes true. */
  readonly windows: readonly { readonly startMs: number; readonly endMs: number }[];
  /** How its attributes change, counted from the start of each window. */
  readonly steps?: readonly FaultStep[];
  /** What it waits for, and from when until when. */
  readonly when?: PlannedCondition;
}

export interface PlannedCondition {
  readonly condition: Condition;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Plan {
  readonly schema: typeof planSchema;
  readonly scenario: string;
  readonly seed: number;
  readonly mode: Mode;
  readonly durationMs: number;
  readonly phases: readonly PlannedPhase[];
  readonly faults: readonly PlannedFault[];
  readonly arrivals: readonly PlannedArrivals[];
  readonly declared: Declared;
}

export function planScenario(scenario: Scenario, mode: Mode): Plan {
  const phases = planPhases(scenario);
  const faults = scenario.faults.flatMap((fault) => planFault(fault, phases, scenario.seed));
  const durationMs = phases.at(-1)?.endMs ?? 0;
  return {
    schema: planSchema,
    scenario: scenario.name,
    seed: scenario.seed,
    mode,
    durationMs,
    phases,
    faults,
    arrivals: scenario.groups.map((group) => planArrivals(group, durationMs)),
    declared: declaredBy(scenario, phases, faults),
  };
}

function planPhases(scenario: Scenario): PlannedPhase[] {
  let startMs = 0;
  return scenario.phases.map(({ phase, role, durationMs }) => {
    const planned = { phase, role, startMs, endMs: startMs + durationMs };
    startMs = planned.endMs;
    return planned;
  });
}

/** One planned fault for each place: where a fault breaks several, they break together, or else as its swizzle says. */
function planFault(fault: ScenarioFault, phases: readonly PlannedPhase[], seed: number): PlannedFault[] {
  const phase = phases.find((candidate) => candidate.phase === fault.episode);
  if (phase === undefined) return [];
  const when = plannedCondition(fault, phase);
  const startMs = when === undefined ? phase.startMs + fault.atMs : 0;
  const latestMs = when === undefined ? phase.endMs : phase.endMs - when.untilMs;
  const endMs = fault.forMs === undefined ? latestMs : Math.min(latestMs, startMs + fault.forMs);
  const steps = fault.steps?.filter(({ afterMs }) => startMs + afterMs < endMs) ?? [];
  const spans = swizzled(fault, { startMs, endMs }, seededRandom(seed, "swizzle", fault.id));
  return fault.places.map(({ place, links }, index) => ({
    fault: fault.places.length === 1 ? fault.id : `${fault.id}@${placeInWords(place)}`,
    kind: fault.kind,
    ...place,
    ...(place.link === undefined ? { links } : {}),
    phase: phase.phase,
    attributes: fault.attributes,
    healForm: fault.healForm,
    ...(fault.silences ? { silences: true as const } : {}),
    // Places that break together keep the same time, so each draws the same chances.
    windows: [...windowsOf(fault, spans[index] ?? { startMs, endMs }, seededRandom(seed, "fault", fault.id))],
    ...(steps.length === 0 ? {} : { steps }),
    ...(when === undefined ? {} : { when }),
  }));
}

/** It is waited for only as long as there is time for the whole fault in its phase. */
function plannedCondition({ when, atMs, forMs = 0 }: ScenarioFault, phase: PlannedPhase): PlannedCondition | undefined {
  if (when === undefined) return undefined;
  const { condition, withinMs = Number.POSITIVE_INFINITY } = when;
  const fromMs = phase.startMs + atMs;
  return { condition, fromMs, untilMs: Math.min(phase.endMs - forMs, fromMs + withinMs) };
}

/** When each place of a fault is broken: together, or one after another, and healed in another order. */
function swizzled({ places, swizzleMs }: ScenarioFault, { startMs, endMs }: Span, random: Random): Span[] {
  if (swizzleMs === undefined) return places.map(() => ({ startMs, endMs }));
  const breaks = shuffled(places.length, random);
  const heals = shuffled(places.length, random);
  // Two orders that chance has made the same would show less than one that is turned round.
  if (places.length > 1 && breaks.every((turn, place) => heals[place] === turn)) heals.reverse();
  const latest = places.length - 1;
  return places.map((_, place) => ({
    startMs: startMs + (breaks[place] ?? 0) * swizzleMs,
    endMs: endMs - (latest - (heals[place] ?? 0)) * swizzleMs,
  }));
}

/** The numbers from 0 on in an order by chance. */
function shuffled(count: number, random: Random): number[] {
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (let last = count - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random.next() * (last + 1));
    const [a, b] = [numbers[last] ?? 0, numbers[chosen] ?? 0];
    numbers[last] = b;
    numbers[chosen] = a;
  }
  return numbers;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

function* windowsOf({ cycle }: ScenarioFault, { startMs, endMs }: Span, random: Random): Generator<Span> {
  if (cycle === undefined) {
    yield { startMs, endMs };
    return;
  }
  const varied = (ms: number): number => Math.max(1, Math.round(ms + (2 * random.next() - 1) * cycle.jitterMs));
  for (let downMs = startMs; downMs < endMs;) {
    const upMs = Math.min(endMs, downMs + varied(cycle.downMs));
    yield { startMs: downMs, endMs: upMs };
    downMs = upMs + varied(cycle.upMs);
  }
}

function declaredSteps({ name, steps, turns = [], policy }: Scenario["groups"][number]): Declared["steps"] {
  const turnOf = new Map(turns.flatMap(({ stretches }, turn) => stretches.flat().map((step) => [step, turn])));
  return steps.map(({ server, tool, kind, effect, progress, mayBeEmpty, echo, insteadOf, settings }, step) => ({
    group: name,
    step,
    server,
    tool,
    ...(kind === undefined ? {} : { kind }),
    timeoutMs: patienceMs(steps[step], policy),
    ...(progress === true ? { progress } : {}),
    ...(effect === undefined ? {} : { effect }),
    ...(mayBeEmpty ? { mayBeEmpty: true as const } : {}),
    ...(echo === undefined ? {} : { echoes: true as const }),
    ...(settings?.["tamper"] === true ? { tampers: true as const } : {}),
    ...(insteadOf === undefined ? {} : { insteadOf }),
    ...(turns.length > 1 ? { turn: turnOf.get(insteadOf ?? step) ?? 0 } : {}),
  }));
}

function declaredBy(scenario: Scenario, phases: readonly PlannedPhase[], faults: readonly PlannedFault[]): Declared {
  return {
    phases: [...phases.map(({ phase, role }) => ({ phase, role })), { phase: "final", role: "final" }],
    links: scenario.links,
    faults: faults.map(({ fault, kind, links, phase, healForm, silences, ...rest }) => ({
      fault,
      kind,
      ...placeOf(rest),
      ...(links === undefined ? {} : { links }),
      phase,
      healForm,
      ...(silences === undefined ? {} : { silences }),
    })),
    steps: scenario.groups.flatMap(declaredSteps),
    effects: scenario.effects.map(declaredEffect),
    servers: scenario.servers.map(({ name, transport, protocol, target, direct, restart, replicas, ...server }) => ({
      server: name,
      transport,
      ...(protocol === "auto" ? {} : { protocol }),
      isStarted: target.is !== "url",
      ...(replicas === undefined ? {} : { replicas: { count: replicas.each.length, balance: replicas.balance } }),
      ...(direct ? { direct: true as const } : {}),
      ...declaredEgress(server),
      ...(restart === undefined ? {} : { restart }),
    })),
    groups: scenario.groups.map(({ name, wire, budgetMs, listens, policy: { onTimeout, attemptsMax, resumes } }) => ({
      group: name,
      wire,
      ...(listens === undefined ? {} : { listens }),
      ...(budgetMs === undefined ? {} : { budgetMs }),
      onTimeout,
      attemptsMax,
      // SDKs resume by themselves, and nobody is told.
      ...(resumes === true && wire === "lean" ? { resumes } : {}),
    })),
    checks: scenario.checks,
    thresholds: scenario.thresholds,
    ...(scenario.aborts.length === 0 ? {} : { aborts: scenario.aborts }),
    ...(scenario.stops.length === 0 ? {} : { stops: scenario.stops }),
  };
}

/** Playing the plan: phases begin and end, faults come and go, each at its moment; premises are checked in between. */
import type { OpOutcome } from "../history/outcomes.ts";
import type { Recorder } from "../history/events.ts";
import type { Stop } from "../measure/stop-rules.ts";
import type { Plan, PlannedPhase } from "../plan/plan.ts";
import type { World } from "../world.ts";
import { createAgenda, type Moment } from "./agenda.ts";
import type { Conditions } from "./conditions.ts";
import type { FaultDesk } from "./fault-desk.ts";
import { momentsOfFault, momentsOfWaiting } from "./fault-moments.ts";

export interface Tally {
  readonly begin: (phase: string, group: string) => void;
  readonly count: (outcome: OpOutcome, phase: string, group: string) => void;
  readonly of: (phase: string) => { readonly ops: number; readonly bad: number };
  /** Groups of which most ops have not come back: they hang, and hanging is not holding. */
  readonly hanging: (phase: string) => readonly string[];
}

/** Ops by phase: how many, and how many were not ok. */
export function createTally(): Tally {
  const phases = new Map<string, Map<string, { begun: number; ops: number; bad: number }>>();
  const entryOf = (phase: string, group: string) => {
    const groups = phases.get(phase) ?? new Map<string, { begun: number; ops: number; bad: number }>();
    phases.set(phase, groups);
    const entry = groups.get(group) ?? { begun: 0, ops: 0, bad: 0 };
    groups.set(group, entry);
    return entry;
  };
  return {
    begin: (phase, group) => {
      entryOf(phase, group).begun += 1;
    },
    count: (outcome, phase, group) => {
      const entry = entryOf(phase, group);
      entry.ops += 1;
      if (outcome !== "ok") entry.bad += 1;
    },
    of: (phase) => {
      const groups = [...(phases.get(phase)?.values() ?? [])];
      const sum = (key: "ops" | "bad"): number => groups.reduce((total, group) => total + group[key], 0);
      return { ops: sum("ops"), bad: sum("bad") };
    },
    hanging: (phase) =>
      [...(phases.get(phase) ?? [])].flatMap(([group, { begun, ops }]) => (ops < begun / 2 ? [group] : [])),
  };
}

export type Played =
  | { readonly reason: "finished" | "interrupted" }
  | { readonly reason: "baseline-failed" | "not-recovered"; readonly says: string }
  | Stop;

const badShareMax = 0.01;
// Recovery is judged in full by checks; here only whether the next episode would start on ruins.
const recoveredShareMax = 0.2;

export interface TimelineOptions {
  readonly plan: Plan;
  readonly originUs: number;
  readonly desk: FaultDesk;
  readonly tally: Tally;
  /** Resolves when all that has happened until now is in the tally. */
  readonly tallied: () => Promise<void>;
  readonly recorder: Recorder;
  readonly world: World;
  readonly stopping: AbortSignal;
  readonly onPhase: (phase: PlannedPhase) => void;
  readonly conditions: Pick<Conditions, "await">;
}

export async function playTimeline(options: TimelineOptions): Promise<Played> {
  const { plan, originUs, recorder, world, stopping } = options;
  const nowMs = (): number => (recorder.nowUs() - originUs) / 1000;
  const timed = plan.faults
    .filter(({ when }) => when === undefined)
    .map((fault) => momentsOfFault(fault, options.desk));
  const waiting = plan.faults.flatMap((fault) => {
    const add = (moments: readonly Moment<never>[]): void => agenda.add(moments);
    return fault.when === undefined ? [] : [momentsOfWaiting(fault, fault.when, { ...options, nowMs, add })];
  });
  // At one instant faults are healed first, then the phase changes, then faults begin.
  const agenda = createAgenda<Played>([
    ...timed.flatMap(({ heals }) => heals),
    ...waiting.map(({ giveUp }) => giveUp),
    ...phaseMoments(options),
    ...timed.flatMap(({ steps }) => steps),
    ...timed.flatMap(({ injections }) => injections),
    ...waiting.map(({ begin }) => begin),
  ]);
  const played = await agenda.play({ leftMs: (atMs) => atMs - nowMs(), world, stopping });
  return played === "stopped" ? { reason: "interrupted" } : (played ?? { reason: "finished" });
}

function phaseMoments({ plan, recorder, tally, tallied, onPhase }: TimelineOptions): Moment<Played>[] {
  return plan.phases.flatMap((phase, index): Moment<Played>[] => {
    const { phase: name, role, startMs, endMs } = phase;
    const begin = (): Promise<undefined> => {
      recorder.record({ type: "phase", phase: name, role, edge: "start" });
      onPhase(phase);
      return Promise.resolve(undefined);
    };
    const finish = async (): Promise<Played | undefined> => {
      recorder.record({ type: "phase", phase: name, role, edge: "end" });
      await tallied();
      return brokenPremise(phase, tally, plan.phases.slice(index + 1));
    };
    return [
      { atMs: startMs, act: begin },
      { atMs: endMs, act: finish },
    ];
  });
}

/** Why nothing more may be broken: a baseline that does not hold, or an episode that left ruins. */
function brokenPremise(
  { phase, role }: PlannedPhase,
  tally: Tally,
  following: readonly PlannedPhase[],
): Played | undefined {
  const { ops, bad } = tally.of(phase);
  const moreToBreak = following.some((next) => next.role === "fault");
  if (role === "baseline" && ops === 0 && moreToBreak) {
    return { reason: "baseline-failed", says: "the baseline has no op, so there is nothing to compare a fault with" };
  }
  const [hanging] = role === "baseline" ? tally.hanging(phase) : [];
  if (hanging !== undefined) {
    return { reason: "baseline-failed", says: `the baseline does not hold: most ops of ${hanging} have no answer yet` };
  }
  if (role === "baseline" && bad > ops * badShareMax) {
    return { reason: "baseline-failed", says: `the baseline does not hold: ${bad} of ${ops} ops were not ok` };
  }
  if (role === "recovery" && moreToBreak && bad > ops * recoveredShareMax) {
    return {
      reason: "not-recovered",
      says: `${phase}: ${bad} of ${ops} ops were not ok, so no further fault was injected; give it a longer recovery, or look at the findings: it may never recover`,
    };
  }
  return undefined;
}

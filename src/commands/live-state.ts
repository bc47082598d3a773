/** What a run has come to so far, folded from its progress for whoever draws it. */
import type { FaultEdge } from "../history/events.ts";
import type { FaultCondition, ScheduleEvent } from "../history/schedule-events.ts";
import type { Plan, PlannedFault, PlannedPhase } from "../plan/plan.ts";
import type { Counts, RunProgress } from "../run/progress.ts";

export interface LiveState {
  readonly plan: Plan;
  readonly on: (progress: RunProgress, nowUs: number) => void;
  /** In words: the step or the phase. */
  readonly doing: () => string;
  /** The phase that runs, and when it began. */
  readonly phase: () => { readonly phase: PlannedPhase; readonly sinceUs: number } | undefined;
  readonly faults: () => readonly FaultState[];
  readonly counts: () => Counts;
  readonly recent: (nowUs: number) => Recent;
}

export interface FaultState {
  readonly planned: PlannedFault;
  readonly edge?: FaultEdge["edge"];
  readonly sinceUs: number;
  /** The activation that the edge is of. */
  readonly window: number;
  /** Whether this activation was seen to bite. */
  readonly observed: boolean;
  /** How far this activation has grown. */
  readonly step?: number;
  /** What became of what it waits for. */
  readonly condition?: FaultCondition["is"];
}

/** The last seconds. */
export interface Recent {
  readonly perSecond: number;
  /** Response times of the ops that ended, sorted. */
  readonly tookMs: readonly number[];
}

const recentUs = 5_000_000;
// Sorting more than this ten times a second would load what is being measured.
const samplesMax = 2000;
const slotUs = 500_000;

const nothing: Counts = { ops: 0, ok: 0, failed: 0, unknown: 0, notRun: 0, effects: 0, classes: new Map() };

export function createLiveState(plan: Plan): LiveState {
  let doing = "getting ready";
  let phase: { readonly phase: PlannedPhase; readonly sinceUs: number } | undefined;
  let counts = nothing;
  let firstUs: number | undefined;
  const faults = new Map<string, FaultState>(
    plan.faults.map((planned) => [planned.fault, { planned, sinceUs: 0, window: 0, observed: false }]),
  );
  const samples: { readonly atUs: number; readonly tookMs: number }[] = [];
  const slots = new Map<number, number>();

  const ended = (nowUs: number, tookMs: number | undefined): void => {
    firstUs ??= nowUs;
    const slot = Math.floor(nowUs / slotUs);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
    if (tookMs === undefined) return;
    samples.push({ atUs: nowUs, tookMs });
    if (samples.length > samplesMax) samples.splice(0, samplesMax / 10);
  };

  return {
    plan,
    on: (progress, nowUs) => {
      if (progress.is === "step") {
        doing = progress.says;
        phase = undefined;
        return;
      }
      ({ counts } = progress);
      if (progress.is === "op") ended(nowUs, progress.tookMs);
      else if (progress.is === "phase") {
        doing = progress.phase.phase;
        phase = { phase: progress.phase, sinceUs: nowUs };
      } else if (progress.is === "schedule") {
        const before = faults.get(progress.event.fault);
        if (before !== undefined) faults.set(progress.event.fault, { ...before, ...scheduled(progress.event) });
      } else {
        const { fault, edge, window } = progress.fault;
        const before = faults.get(fault);
        if (before === undefined) return;
        const observed = edge === "observed" || (edge !== "requested" && before.observed);
        // Each activation grows from the beginning.
        const step = edge === "requested" || before.step === undefined ? {} : { step: before.step };
        faults.set(fault, { planned: before.planned, edge, sinceUs: nowUs, window, observed, ...step });
      }
    },
    doing: () => doing,
    phase: () => phase,
    faults: () => [...faults.values()],
    counts: () => counts,
    recent: (nowUs) => {
      const fromUs = nowUs - recentUs;
      for (const slot of slots.keys()) if ((slot + 1) * slotUs <= fromUs) slots.delete(slot);
      const ops = [...slots.values()].reduce((sum, count) => sum + count, 0);
      const spanUs = Math.max(slotUs, Math.min(recentUs, nowUs - (firstUs ?? nowUs)));
      const tookMs = samples.filter(({ atUs }) => atUs > fromUs).map((sample) => sample.tookMs);
      return { perSecond: (ops * 1e6) / spanUs, tookMs: tookMs.sort((a, b) => a - b) };
    },
  };
}

function scheduled(event: ScheduleEvent): Pick<FaultState, "step" | "condition"> {
  return event.type === "fault-step" ? { step: event.step } : { condition: event.is };
}

export function said({ ops, ok, failed, unknown, notRun, effects }: Counts): string {
  if (ops === 0) return "";
  const parts = [`${ops} ops`, `${ok} ok`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (unknown > 0) parts.push(`${unknown} unknown`);
  if (notRun > 0) parts.push(`${notRun} not run`);
  if (effects > 0) parts.push(effects === 1 ? "1 effect" : `${effects} effects`);
  return parts.join(", ");
}

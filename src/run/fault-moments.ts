/** The moments of planned faults: when each is injected, changes and is healed; or begins to wait, and gives up. */
import { placeOf } from "../history/fault-place.ts";
import type { Recorder } from "../history/events.ts";
import type { PlannedCondition, PlannedFault } from "../plan/plan.ts";
import { conditionInWords } from "../scenario/schedules.ts";
import type { Moment } from "./agenda.ts";
import type { Conditions } from "./conditions.ts";
import type { FaultDesk } from "./fault-desk.ts";

/** In the order in which they must come at one instant. */
export interface FaultMoments {
  readonly heals: readonly Moment<never>[];
  readonly steps: readonly Moment<never>[];
  readonly injections: readonly Moment<never>[];
}

export function momentsOfFault(fault: PlannedFault, desk: FaultDesk, fromMs = 0): FaultMoments {
  const at = (ms: number, act: () => Promise<void>): Moment<never> => ({
    atMs: fromMs + ms,
    act: () => act().then(() => undefined),
  });
  return {
    heals: fault.windows.map(({ endMs }, window) => at(endMs, () => desk.heal(fault, window))),
    steps: fault.windows.flatMap(({ startMs, endMs }, window) =>
      (fault.steps ?? []).flatMap(({ afterMs }, index) =>
        startMs + afterMs < endMs ? [at(startMs + afterMs, () => desk.step(fault, window, index + 1))] : [],
      ),
    ),
    injections: fault.windows.map(({ startMs }, window) => at(startMs, () => desk.inject(fault, window))),
  };
}

export interface WaitingOptions {
  readonly desk: FaultDesk;
  readonly conditions: Pick<Conditions, "await">;
  readonly recorder: Pick<Recorder, "record" | "nowUs">;
  /** On the plan's own clock. */
  readonly nowMs: () => number;
  readonly add: (moments: readonly Moment<never>[]) => void;
}

/** What comes true in time begins the fault then; what does not is told, and the fault is never injected. */
export function momentsOfWaiting(
  fault: PlannedFault,
  { condition, fromMs, untilMs }: PlannedCondition,
  { desk, conditions, recorder, nowMs, add }: WaitingOptions,
): { readonly begin: Moment<never>; readonly giveUp: Moment<never> } {
  const about = { type: "fault-condition", fault: fault.fault, ...placeOf(fault) } as const;
  const says = conditionInWords(condition);
  let stop: (() => void) | undefined;
  let met = false;
  const begin = async (): Promise<undefined> => {
    stop = conditions.await(condition, recorder.nowUs(), () => {
      const atMs = nowMs();
      // Too late to be over before its phase ends.
      if (atMs > untilMs) return;
      met = true;
      recorder.record({ ...about, is: "met", says });
      const { heals, steps, injections } = momentsOfFault(fault, desk, atMs);
      add([...heals, ...steps, ...injections]);
    });
  };
  const giveUp = async (): Promise<undefined> => {
    stop?.();
    if (!met) recorder.record({ ...about, is: "expired", says });
  };
  return { begin: { atMs: fromMs, act: begin }, giveUp: { atMs: untilMs, act: giveUp } };
}

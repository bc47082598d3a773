/** What a person and the stop rules see of a run while it lives, drawn from the events as they are recorded. */
import type { FaultEdge, OpStarted, Stamp, Unstamped } from "../history/events.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import type { StopRules } from "../measure/stop-rules.ts";
import type { PlannedPhase } from "../plan/plan.ts";
import { createTally, type Tally } from "./timeline.ts";

export interface Counts {
  readonly ops: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  readonly notRun: number;
  readonly effects: number;
  /** Attempts by what they came to. */
  readonly classes: ReadonlyMap<OutcomeClass, number>;
}

export type RunProgress =
  | { readonly is: "step"; readonly says: string }
  | { readonly is: "phase"; readonly phase: PlannedPhase; readonly counts: Counts }
  | { readonly is: "fault"; readonly fault: FaultEdge; readonly counts: Counts }
  /** How long the op took from when the plan wanted it; absent where it was not run. */
  | { readonly is: "op"; readonly counts: Counts; readonly tookMs?: number };

export interface Observer {
  readonly tally: Tally;
  readonly step: (says: string) => void;
  readonly phase: (phase: PlannedPhase) => void;
  /** The same recording, watched. */
  readonly watching: (record: (event: Unstamped) => Stamp) => (event: Unstamped) => Stamp;
}

export function createObserver(onProgress: (progress: RunProgress) => void, rules: StopRules): Observer {
  const classes = new Map<OutcomeClass, number>();
  const counts = { ops: 0, ok: 0, failed: 0, unknown: 0, notRun: 0, effects: 0, classes };
  const underWay = new Map<string, OpStarted>();

  const watch = (event: Unstamped, stamp: Stamp): void => {
    const { atUs } = stamp;
    if (event.type === "phase") rules.observePhase({ ...event, ...stamp });
    if (event.type === "effect") counts.effects += 1;
    if (event.type === "attempt") classes.set(event.class, (classes.get(event.class) ?? 0) + 1);
    if (event.type === "op-started") {
      underWay.set(event.op, event);
      rules.observeBegun({ ...event, atUs });
    }
    if (event.type === "op-ended") {
      counts.ops += 1;
      counts[event.outcome === "not-run" ? "notRun" : event.outcome] += 1;
      const begun = underWay.get(event.op);
      underWay.delete(event.op);
      const tookUs = atUs - (begun?.intendedUs ?? atUs);
      if (begun !== undefined) rules.observe({ ...begun, atUs, outcome: event.outcome, tookUs });
      onProgress({ is: "op", counts, ...(event.outcome === "not-run" ? {} : { tookMs: tookUs / 1000 }) });
    }
    if (event.type === "fault") onProgress({ is: "fault", fault: event, counts });
  };

  return {
    tally: createTally(),
    step: (says) => onProgress({ is: "step", says }),
    phase: (phase) => onProgress({ is: "phase", phase, counts }),
    watching: (record) => (event) => {
      const stamp = record(event);
      watch(event, stamp);
      return stamp;
    },
  };
}

/** What a person sees of a run while it lives, drawn from the events as they are recorded. */
import type { FaultEdge, Stamp, Unstamped } from "../history/events.ts";
import type { PlannedPhase } from "../plan/plan.ts";
import { createTally, type Tally } from "./timeline.ts";

export interface Counts {
  readonly ops: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  readonly notRun: number;
  readonly effects: number;
}

export type RunProgress =
  | { readonly is: "step"; readonly says: string }
  | { readonly is: "phase"; readonly phase: PlannedPhase; readonly counts: Counts }
  | { readonly is: "fault"; readonly fault: FaultEdge; readonly counts: Counts }
  | { readonly is: "op"; readonly counts: Counts };

export interface Observer {
  readonly tally: Tally;
  readonly step: (says: string) => void;
  readonly phase: (phase: PlannedPhase) => void;
  /** The same recording, watched. */
  readonly watching: (record: (event: Unstamped) => Stamp) => (event: Unstamped) => Stamp;
}

export function createObserver(onProgress: (progress: RunProgress) => void): Observer {
  const counts = { ops: 0, ok: 0, failed: 0, unknown: 0, notRun: 0, effects: 0 };

  const watch = (event: Unstamped): void => {
    if (event.type === "effect") counts.effects += 1;
    if (event.type === "op-ended") {
      counts.ops += 1;
      counts[event.outcome === "not-run" ? "notRun" : event.outcome] += 1;
      onProgress({ is: "op", counts });
    }
    if (event.type === "fault") onProgress({ is: "fault", fault: event, counts });
  };

  return {
    tally: createTally(),
    step: (says) => onProgress({ is: "step", says }),
    phase: (phase) => onProgress({ is: "phase", phase, counts }),
    watching: (record) => (event) => {
      const stamp = record(event);
      watch(event);
      return stamp;
    },
  };
}

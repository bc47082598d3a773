/** What a person and the stop rules see of a run while it lives, drawn from what agents tell and what is recorded. */
import type { Declared } from "../history/declared.ts";
import type { FaultEdge, Stamp, Unstamped } from "../history/events.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import type { ScheduleEvent } from "../history/schedule-events.ts";
import type { StopRules } from "../measure/stop-rules.ts";
import type { PlannedPhase } from "../plan/plan.ts";
import type { OpPlace, OpWatch } from "./op-news.ts";
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
  | { readonly is: "schedule"; readonly event: ScheduleEvent; readonly counts: Counts }
  /** How long the op took from when the plan wanted it; absent where it was not run. */
  | { readonly is: "op"; readonly counts: Counts; readonly tookMs?: number };

export interface Observer {
  readonly tally: Tally;
  readonly step: (says: string) => void;
  readonly phase: (phase: PlannedPhase) => void;
  /** What the agents do. */
  readonly ops: OpWatch;
  /** The supervisor's own recording, watched. */
  readonly watching: (record: (event: Unstamped) => Stamp) => (event: Unstamped) => Stamp;
}

export function createObserver(
  onProgress: (progress: RunProgress) => void,
  { rules, declared }: { readonly rules: StopRules; readonly declared: Pick<Declared, "steps"> },
): Observer {
  const tally = createTally();
  const classes = new Map<OutcomeClass, number>();
  const counts = { ops: 0, ok: 0, failed: 0, unknown: 0, notRun: 0, effects: 0, classes };
  const calledAt = stepFinder(declared);

  const ops: OpWatch = {
    begun: (place, atUs) => {
      tally.begin(place.phase, place.group);
      rules.observeBegun({ ...place, ...calledAt(place), atUs });
    },
    attempted: (is) => classes.set(is, (classes.get(is) ?? 0) + 1),
    ended: (place, end) => {
      const { outcome, tookUs } = end;
      tally.count(outcome, place.phase, place.group);
      counts.ops += 1;
      counts[outcome === "not-run" ? "notRun" : outcome] += 1;
      rules.observe({ ...place, ...calledAt(place), ...end });
      onProgress({ is: "op", counts, ...(outcome === "not-run" ? {} : { tookMs: tookUs / 1000 }) });
    },
  };

  return {
    tally,
    step: (says) => onProgress({ is: "step", says }),
    phase: (phase) => onProgress({ is: "phase", phase, counts }),
    ops,
    watching: (record) => (event) => {
      const stamp = record(event);
      if (event.type === "phase") rules.observePhase({ ...event, ...stamp });
      if (event.type === "effect") counts.effects += 1;
      if (event.type === "fault") onProgress({ is: "fault", fault: event, counts });
      if (event.type === "fault-step" || event.type === "fault-condition")
        onProgress({ is: "schedule", event, counts });
      return stamp;
    },
  };
}

type CalledAt = Pick<Declared["steps"][number], "server" | "tool" | "insteadOf">;

function stepFinder({ steps }: Pick<Declared, "steps">): (place: OpPlace) => CalledAt {
  const groups = Map.groupBy(steps, ({ group }) => group);
  return ({ group, step }) => {
    const found = groups.get(group)?.[step];
    if (found === undefined) throw new Error(`${group} has no step ${step}`);
    const { server, tool, insteadOf } = found;
    return { server, tool, ...(insteadOf === undefined ? {} : { insteadOf }) };
  };
}

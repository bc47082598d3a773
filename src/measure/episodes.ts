/** The episodes of a run: each a fault and what came after it, until goodput was there again. */
import type { Declared } from "../history/declared.ts";
import type { Episode, FaultSpan, PhaseSpan } from "./figures.ts";
import type { Track } from "./recovery.ts";

export interface PlannedEpisode {
  /** The name of its fault phase. */
  readonly phase: string;
  readonly recovery?: string;
}

/** A recovery belongs to the fault before it. */
export function episodesOf(phases: Declared["phases"]): readonly PlannedEpisode[] {
  return phases.flatMap(({ phase, role }, index) => {
    if (role !== "fault") return [];
    const next = phases[index + 1];
    return [{ phase, ...(next?.role === "recovery" ? { recovery: next.phase } : {}) }];
  });
}

/** What was seen of an episode after its faults were off, or why nothing can be said of it. */
export type Aftermath =
  | { readonly is: "seen"; readonly clearUs: number; readonly untilUs: number }
  | { readonly is: "unclear"; readonly because: string };

export function aftermathOf(
  { phase, recovery }: PlannedEpisode,
  seen: {
    readonly declared: Declared;
    readonly phases: readonly PhaseSpan[];
    readonly faults: readonly FaultSpan[];
  },
): Aftermath {
  const { declared, phases, faults } = seen;
  const unclear = (because: string): Aftermath => ({ is: "unclear", because });
  const last = phases.findLast((span) => span.phase === phase || span.phase === recovery);
  if (last === undefined) return unclear("the episode was never reached");
  const own = new Set(declared.faults.filter((fault) => fault.phase === phase).map(({ fault }) => fault));
  // A control run plays the same edges with nothing in them, and is judged from the same moment on.
  const played = faults.filter(
    ({ fault, observedUs, control }) => own.has(fault) && (control || observedUs !== undefined),
  );
  if (played.length === 0) return unclear("no fault of the episode was observed");
  const stuck = played.find(({ healedUs }) => healedUs === undefined);
  if (stuck !== undefined) return unclear(`${stuck.fault} was not healed`);
  const clearUs = Math.max(...played.map(({ healedUs = 0 }) => healedUs));
  return { is: "seen", clearUs, untilUs: last.endUs };
}

export function episodeFigures(phase: string, aftermath: Aftermath, track: Track): Episode {
  if (aftermath.is === "unclear") return { phase, because: aftermath.because };
  const { clearUs, untilUs } = aftermath;
  const recovery = track.recovery(phase, clearUs, untilUs);
  switch (recovery.is) {
    case "recovered":
      return { phase, clearUs, recoveryUs: recovery.us };
    case "not-seen":
      return { phase, clearUs, because: "goodput did not come back to 95 % of the baseline within what was seen" };
    case "untold":
      return { phase, clearUs, because: recovery.because };
    default:
      return recovery satisfies never;
  }
}

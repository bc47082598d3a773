/** What lay over the run: its phases, when each fault was on, and the moments that stand out. */
import type { EventOf, FaultEdge, HistoryEvent } from "../history/events.ts";
import { placeOf } from "../history/fault-place.ts";
import type { Figures, FaultSpan, PhaseSpan } from "./figures.ts";

export interface Spans {
  readonly on: (event: HistoryEvent) => void;
  /** The phase that a moment belongs to; undefined before the first. */
  readonly phaseAt: (atUs: number) => string | undefined;
  readonly startOf: (phase: string) => number | undefined;
  readonly end: (endUs: number) => Pick<Figures, "phases" | "faults" | "marks"> & {
    /** Phases that were seen to their end. */
    readonly whole: ReadonlySet<string>;
  };
}

type Mark = Figures["marks"][number];
// Each kind has room of its own: a thousand lost sessions must not hide the server's exit.
const marksMax = 100;

export function openSpans(): Spans {
  const phases: (Omit<PhaseSpan, "endUs"> & { endUs: number | undefined })[] = [];
  const faults = new Map<string, FaultSpan>();
  const marks = { target: [] as Mark[], session: [] as Mark[] };
  const exited = new Set<string>();

  const onPhase = ({ phase, role, edge, atUs }: EventOf<"phase">): void => {
    const last = phases.at(-1);
    if (edge === "start") phases.push({ phase, role, startUs: atUs, endUs: undefined });
    else if (last?.phase === phase) last.endUs = atUs;
  };

  const on = (event: HistoryEvent): void => {
    if (event.type === "phase") onPhase(event);
    else if (event.type === "fault") {
      const key = `${event.fault}\n${event.window}`;
      const span = followed(faults.get(key), event);
      if (span !== undefined) faults.set(key, span);
    } else if (event.type === "target") {
      const says = targetSays(event, exited);
      if (says !== undefined && marks.target.length < marksMax) marks.target.push({ atUs: event.atUs, says });
    } else if (event.type === "session" && (event.edge === "lost" || event.edge === "failed")) {
      const what = event.edge === "lost" ? "lost its session with" : "could not open a session with";
      const why = event.because === undefined ? "" : `: ${event.because}`;
      const says = `${event.group}.${event.agent} ${what} ${event.server}${why}`;
      if (marks.session.length < marksMax) marks.session.push({ atUs: event.atUs, says });
    }
  };

  return {
    on,
    phaseAt: (atUs) => phases.findLast(({ startUs }) => startUs <= atUs)?.phase,
    startOf: (phase) => phases.find((span) => span.phase === phase)?.startUs,
    end: (endUs) => ({
      phases: phases.map((span, index) => ({ ...span, endUs: span.endUs ?? phases[index + 1]?.startUs ?? endUs })),
      faults: [...faults.values()],
      marks: [...marks.target, ...marks.session].toSorted((a, b) => a.atUs - b.atUs),
      whole: new Set(phases.filter((span) => span.endUs !== undefined).map(({ phase }) => phase)),
    }),
  };
}

function followed(span: FaultSpan | undefined, event: FaultEdge & { readonly atUs: number }): FaultSpan | undefined {
  if (event.edge === "requested") {
    const { fault, kind, window, control = false, atUs: requestedUs } = event;
    return { fault, kind, ...placeOf(event), window, requestedUs, control };
  }
  if (span === undefined) return undefined;
  if (event.edge === "observed") return { ...span, observedUs: event.atUs };
  if (event.edge === "healed") {
    return { ...span, healedUs: event.atUs, ...(event.form === undefined ? {} : { form: event.form }) };
  }
  return span;
}

function targetSays(event: EventOf<"target">, exited: Set<string>): string | undefined {
  const { target, instance, role, edge } = event;
  const name = `the ${role} ${target}${instance === undefined ? "" : ` of ${instance}`}`;
  if (edge === "exited") {
    exited.add(name);
    return `${name} exited (${event.signal ?? `exit code ${event.code ?? "unknown"}`})`;
  }
  if (edge === "killed") {
    exited.add(name);
    return `${name} was killed by a fault`;
  }
  if (edge === "unready") return `${name} was started again and does not answer`;
  return edge === "ready" && exited.delete(name) ? `${name} is ready again` : undefined;
}

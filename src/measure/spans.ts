/** What lay over the run: its phases, when each fault was on, and the moments that stand out. */
import type { EventOf, FaultEdge, HistoryEvent } from "../history/events.ts";
import { placeInWords, placeOf } from "../history/fault-place.ts";
import { attributesInWords } from "../history/schedule-events.ts";
import { listMarks } from "./list-marks.ts";
import { sessionMarks } from "./session-marks.ts";
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
const stepsMax = 100;

export function openSpans(): Spans {
  const phases: (Omit<PhaseSpan, "endUs"> & { endUs: number | undefined })[] = [];
  const faults = new Map<string, FaultSpan>();
  const marks: Mark[] = [];
  const sessions = sessionMarks(marksMax);
  const lists = listMarks(marksMax);
  const exited = new Set<string>();

  const mark = (atUs: number, says: string): void => {
    if (marks.length < marksMax) marks.push({ atUs, says });
  };

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
    } else if (event.type === "fault-step") {
      const key = `${event.fault}\n${event.window}`;
      const span = faults.get(key);
      if (span !== undefined && event.edge === "made") faults.set(key, grown(span, event));
    } else if (event.type === "fault-condition") {
      const { fault, is, says } = event;
      const came = is === "met" ? "came about" : "was never injected, as its condition never came";
      mark(event.atUs, `${fault} on ${placeInWords(event)} ${came}: ${says}`);
    } else if (event.type === "target") {
      const says = targetSays(event, exited);
      if (says !== undefined) mark(event.atUs, says);
    } else if (event.type === "session") sessions.on(event);
    else if (event.type === "list-changed") lists.on(event);
  };

  return {
    on,
    phaseAt: (atUs) => phases.findLast(({ startUs }) => startUs <= atUs)?.phase,
    startOf: (phase) => phases.find((span) => span.phase === phase)?.startUs,
    end: (endUs) => ({
      phases: phases.map((span, index) => ({ ...span, endUs: span.endUs ?? phases[index + 1]?.startUs ?? endUs })),
      faults: [...faults.values()],
      marks: [...marks, ...sessions.end(), ...lists.end()].toSorted((a, b) => a.atUs - b.atUs),
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

function grown(span: FaultSpan, { atUs, attributes }: EventOf<"fault-step">): FaultSpan {
  const { steps = [] } = span;
  return steps.length === stepsMax
    ? span
    : { ...span, steps: [...steps, { atUs, says: attributesInWords(attributes) }] };
}

function targetSays(event: EventOf<"target">, exited: Set<string>): string | undefined {
  const { target, instance, role, edge } = event;
  // A replica's name holds its server's; a process over stdio is called by its agent.
  const of = instance === undefined ? "" : ` of ${instance}`;
  const name = `the ${role} ${instance?.startsWith(`${target}.`) === true ? instance : `${target}${of}`}`;
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

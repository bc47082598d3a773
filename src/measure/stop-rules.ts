/**
 * What ends a run early, followed while it lives. Comes in: phases as they begin and end, ops as they begin and end, up
 * to 250 ms late and in any order. Goes out, about once a second: why the run shall end, if it shall. Memory is bounded,
 * however long the run is.
 */
import type { Declared } from "../history/declared.ts";
import type { EventOf, RunEnded } from "../history/events.ts";
import type { FailedThreshold } from "../history/failed-threshold.ts";
import type { OpOutcome } from "../history/outcomes.ts";
import { formatDuration } from "../units.ts";
import { shortened } from "./bounded.ts";
import { addTime } from "./histogram.ts";
import { placeAbort, placeStop, type Live } from "./live.ts";
import { takesIn, type Misplaced } from "./scope.ts";
import { openSlices, sliceUs } from "./slices.ts";
import { openSoFar } from "./so-far.ts";
import { openSpans, type Spans } from "./spans.ts";
import { isTimed } from "./sums.ts";
import { openSustained } from "./sustained.ts";
import { formatBeside } from "./figure-words.ts";
import type { Threshold } from "./threshold.ts";

/** An op that began. */
export interface BegunOp {
  readonly atUs: number;
  readonly group: string;
  readonly server: string;
  readonly tool: string;
  /** It stands in for this step. */
  readonly insteadOf?: number;
  /** Of its intended start. */
  readonly phase: string;
}

/** An op that ended, and when. */
export interface EndedOp extends BegunOp {
  readonly outcome: OpOutcome;
  /** From its intended start. */
  readonly tookUs: number;
}

export interface StopRules {
  readonly observePhase: (edge: EventOf<"phase">) => void;
  readonly observeBegun: (op: BegunOp) => void;
  readonly observe: (op: EndedOp) => void;
  readonly check: (nowUs: number) => Stop | undefined;
}

/** Why the run shall end; the reason and the rest as its history keeps them. */
export type Stop = Required<Pick<RunEnded, "says">> &
  (
    | { readonly reason: "stopped" }
    | { readonly reason: "aborted"; readonly thresholds: readonly [FailedThreshold, ...FailedThreshold[]] }
  );

// Workers tell of their ops every 100 ms; with as much again for the way, all of a slice has come by then.
const lateMostUs = 250_000;

export function createStopRules(declared: Declared): StopRules {
  const spans = openSpans();
  const grounds: Grounds = {
    declared,
    spans,
    order: new Map(declared.phases.map(({ phase }, index) => [phase, index])),
  };
  const aborts = (declared.aborts ?? []).map(({ expression, graceMs }) =>
    abortRule({ expression, graceMs, bound: live(placeAbort(expression, declared)) }, grounds),
  );
  const stops = (declared.stops ?? []).map(({ when, forMs }) =>
    stopRule({ when, forMs, bound: live(placeStop(when, declared)) }, grounds),
  );
  const all = [...aborts, ...stops];
  return {
    observePhase: spans.on,
    observeBegun: (op) => all.forEach(({ onBegun }) => onBegun(op)),
    observe: (op) => all.forEach(({ onEnded }) => onEnded(op)),
    check: (nowUs) => {
      const settledUs = nowUs - lateMostUs;
      for (const { settle } of all) settle(settledUs);
      const [first, ...others] = aborts.flatMap(({ failed }) => failed(settledUs, nowUs));
      if (first !== undefined) {
        return { reason: "aborted", says: abortSays(first, others.length, declared), thresholds: [first, ...others] };
      }
      const [held] = stops.flatMap(({ held: says }) => says(nowUs));
      return held === undefined ? undefined : { reason: "stopped", says: held };
    },
  };
}

interface Grounds {
  readonly declared: Declared;
  readonly spans: Spans;
  readonly order: ReadonlyMap<string, number>;
}

/** A scenario in which one cannot be read is not run. */
function live(placed: Live | Misplaced): Live {
  if ("says" in placed) throw new Error(placed.says);
  return placed;
}

/** What one rule counts, slice by slice. */
function counter(bound: Live, counts: (op: EndedOp) => boolean) {
  const slices = openSlices();
  const phases = new Set(bound.phases);
  const isMine = (op: BegunOp): boolean => phases.has(op.phase) && takesIn(bound.scope, op);
  const timed = isTimed(bound);
  return {
    phases,
    take: slices.take,
    onBegun: (op: BegunOp): void => {
      if (isMine(op)) slices.at(op.atUs).begun += 1;
    },
    onEnded: (op: EndedOp): void => {
      if (!isMine(op) || !counts(op)) return;
      const slice = slices.at(op.atUs);
      slice.offered += 1;
      if (op.outcome !== "ok") return;
      slice.good += 1;
      if (timed) addTime(slice.response, op.tookUs);
    },
  };
}

function stopRule(
  { when, forMs, bound }: { readonly when: string; readonly forMs: number; readonly bound: Live },
  { spans }: Grounds,
) {
  const { phases, take, onBegun, onEnded } = counter(bound, () => true);
  const sustained = openSustained(bound);
  const isOnAt = (atUs: number): boolean => phases.has(spans.phaseAt(atUs) ?? "");
  const settle = (untilUs: number): void =>
    take(untilUs, (slice, fromUs) => {
      sustained.take(slice, fromUs, isOnAt(fromUs) && isOnAt(fromUs + sliceUs));
    });
  const held = (nowUs: number): string[] => {
    const trouble = sustained.trouble();
    if (trouble === undefined || trouble.heldUs < forMs * 1000) return [];
    const { sinceUs, heldUs, value, samples } = trouble;
    const how = `held for ${inTime(heldUs)}, since ${inTime(sinceUs)}; it was ${told(value, bound)} (n ${samples})`;
    return [`the run was stopped at ${inTime(nowUs)}: ${when} ${how}`];
  };
  return { onBegun, onEnded, settle, held };
}

function abortRule(
  about: { readonly expression: string; readonly graceMs: number; readonly bound: Live },
  { declared, spans, order }: Grounds,
) {
  const { expression, graceMs, bound } = about;
  const withFault = declared.phases.some(({ phase, role }) => role === "fault" && bound.phases.includes(phase));
  // What the next phase's fault overtook may have been late or lost for it. A rate counts whatever came.
  const isOvertaken = ({ atUs, phase }: EndedOp): boolean =>
    (order.get(spans.phaseAt(atUs) ?? "") ?? 0) > (order.get(phase) ?? 0);
  const counts = (op: EndedOp): boolean => withFault || bound.metric === "goodput" || !isOvertaken(op);
  const { take, onBegun, onEnded } = counter(bound, counts);
  const soFar = openSoFar(bound);
  const startOf = (phase: string | undefined): number => spans.startOf(phase ?? "") ?? Number.POSITIVE_INFINITY;
  const lengthUs = (untilUs: number): number =>
    bound.phases.reduce((sum, phase) => {
      const next = declared.phases[(order.get(phase) ?? 0) + 1]?.phase;
      return sum + Math.max(0, Math.min(untilUs, startOf(next)) - startOf(phase));
    }, 0);
  const failed = (settledUs: number, nowUs: number): FailedThreshold[] => {
    if (settledUs < startOf(bound.phases[0]) + graceMs * 1000) return [];
    const broken = soFar.broken(lengthUs(settledUs));
    if (broken === undefined) return [];
    return [{ expression, atUs: nowUs, value: shortened(broken.value, bound), samples: broken.samples }];
  };
  return { onBegun, onEnded, settle: (untilUs: number) => take(untilUs, soFar.take), failed };
}

function abortSays({ expression, atUs, value, samples }: FailedThreshold, more: number, declared: Declared): string {
  const shown = told(value, live(placeAbort(expression, declared)));
  const others = more === 0 ? "" : `, and ${more} more failed too`;
  return `the run was aborted at ${inTime(atUs)}: ${expression} failed; it was ${shown} (n ${samples})${others}`;
}

function told(value: number, threshold: Threshold): string {
  return formatBeside(shortened(value, threshold), threshold.bound);
}

function inTime(us: number): string {
  return formatDuration(Math.round(us / 1000));
}

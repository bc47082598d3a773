/**
 * Assembling records: events in, ops with their attempts, exchanges and overlapped faults out. Everything that belongs
 * to no op passes through. An op is held back until what may still follow it (late exchanges) has had its time, or
 * until there are too many of its sort.
 */
import type { Declared } from "./declared.ts";
import { finish, openDesk, settle, take } from "./desk.ts";
import type { Attempt, EventOf, Exchange, HistoryEvent, OpStarted, Stamp } from "./events.ts";
import type { FaultWindow } from "./fault-windows.ts";
import { holdingBounds, type HoldingBounds } from "./holding.ts";
import type { OpOutcome } from "./outcomes.ts";
import { openVariant, type Variant } from "./variant.ts";

export type { FaultWindow } from "./fault-windows.ts";

type Stamped<T> = T & Stamp;

export interface OpRecord {
  readonly type: "op";
  readonly op: string;
  readonly started: Stamped<OpStarted>;
  /** Absent where the history ends first. */
  readonly ended?: EventOf<"op-ended">;
  readonly outcome: OpOutcome;
  /** It began in one phase and ended in another, so it tells little about either. */
  readonly straddles: boolean;
  /** Each by its last request: what led to that is no further try. */
  readonly attempts: readonly Stamped<Attempt>[];
  /** The requests whose answers were not the last word, in the order of their ends. */
  readonly rounds?: readonly Stamped<Attempt>[];
  /** What was seen at the links for it, the agents' own link included. */
  readonly exchanges: readonly JoinedExchange[];
  /** Fault windows that were open while it ran. */
  readonly faults: readonly FaultWindow[];
  /** Something was asked upstream meanwhile, and nobody can tell whether it was for this op or for another. */
  readonly ambiguous: boolean;
}

export type JoinedExchange = Stamped<Exchange> & {
  readonly joinedBy: "canary" | "time";
  /** One that names several ops stands in the records of all of them, and was made once: here it is counted. */
  readonly counts: boolean;
};

export type HistoryRecord =
  | OpRecord
  /** An exchange that comes by itself belongs to no op, or to one whose record was closed before. */
  | Exclude<HistoryEvent, { readonly type: "op-started" | "attempt" | "op-ended" | "late-answer" }>;

export interface Assembler {
  readonly push: (event: HistoryEvent) => readonly HistoryRecord[];
  /** The ops that are still held when the history is over. */
  readonly flush: () => readonly HistoryRecord[];
  readonly held: () => number;
  /** Assembles the same history but for a few events; before any event is taken. */
  readonly variant: () => Variant;
  /** Ops that were handed on while they were under way, for there were too many. */
  readonly cutOff: () => number;
}

export function assembleRecords(declared: Declared, bounds: HoldingBounds = holdingBounds): Assembler {
  const desk = openDesk(declared, bounds);
  return {
    push: (event) => {
      const done = settle(desk, event);
      const passing = take(desk, event);
      if (passing === undefined) return done;
      return done.length === 0 ? [passing] : [...done, passing];
    },
    flush: () => [...desk.held.values()].map((draft) => finish(desk, draft)),
    held: () => desk.held.size,
    variant: () => openVariant(declared, desk, bounds),
    cutOff: () => desk.cutOff,
  };
}

/**
 * Assembling records: events in, ops with their attempts, exchanges and overlapped faults out. Everything that belongs
 * to no op passes through. An op is held back until what may still follow it (late exchanges) has had its time.
 */
import type { Attempt, Declared, EventOf, Exchange, FaultEdge, HistoryEvent, OpStarted, Stamp } from "./events.ts";
import type { OpOutcome } from "./outcomes.ts";

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
  readonly attempts: readonly Stamped<Attempt>[];
  /** What was seen at the links for it, the agents' own link included. */
  readonly exchanges: readonly JoinedExchange[];
  /** Fault windows that were open while it ran. */
  readonly faults: readonly FaultWindow[];
}

export type JoinedExchange = Stamped<Exchange> & { readonly joinedBy: "canary" | "time" };

export interface FaultWindow {
  readonly fault: string;
  readonly kind: string;
  readonly link: string;
  readonly fromUs: number;
  /** Absent while it is open. */
  readonly toUs?: number;
}

export type HistoryRecord =
  | OpRecord
  | Exclude<HistoryEvent, { readonly type: "op-started" | "attempt" | "op-ended" | "late-answer" }>;

export interface Assembler {
  readonly push: (event: HistoryEvent) => readonly HistoryRecord[];
  /** The ops that are still held when the history is over. */
  readonly flush: () => readonly HistoryRecord[];
}

// Work for an op may go on behind it; after this long its record is closed all the same, to bound memory.
const lingerUs = 60_000_000;

export function assembleRecords(declared: Declared): Assembler {
  const held = new Map<string, Draft>();
  const windows = new Map<string, FaultWindow>();
  const past: FaultWindow[] = [];
  const serverOf = new Map(declared.links.map(({ link, server }) => [link, server]));
  let phase = "";

  const finish = (draft: Draft): OpRecord => {
    held.delete(draft.started.op);
    const untilUs = draft.ended?.atUs ?? Number.POSITIVE_INFINITY;
    return {
      type: "op",
      op: draft.started.op,
      started: draft.started,
      ...(draft.ended === undefined ? {} : { ended: draft.ended }),
      outcome: draft.ended?.outcome ?? "unknown",
      straddles: draft.endPhase !== draft.started.phase,
      attempts: draft.attempts,
      exchanges: draft.exchanges,
      faults: [...past, ...windows.values()].filter(
        (window) => window.fromUs < untilUs && (window.toUs ?? Number.POSITIVE_INFINITY) > draft.started.atUs,
      ),
    };
  };

  const settle = (nowUs: number): OpRecord[] => {
    const done: OpRecord[] = [];
    for (const draft of held.values()) {
      if (draft.ended !== undefined && nowUs - draft.ended.atUs > lingerUs) done.push(finish(draft));
      // Drafts are held in order of their start, so a young one tells that those behind it are young too.
      else if (nowUs - draft.started.atUs <= lingerUs) break;
    }
    while (past[0]?.toUs !== undefined && nowUs - past[0].toUs > 20 * lingerUs) past.shift();
    return done;
  };

  const join = (exchange: Stamped<Exchange>): boolean => {
    const named = exchange.ops.map((op) => held.get(op)).filter((draft) => draft !== undefined);
    if (exchange.ops.length > 0) {
      for (const draft of named) draft.exchanges.push({ ...exchange, joinedBy: "canary" });
      return named.length > 0;
    }
    // Without a canary it can still be told whose it is, if just one call was under way at that server.
    const server = serverOf.get(exchange.link);
    const [only, ...others] = [...held.values()].filter(
      (draft) => draft.started.server === server && overlaps(draft, exchange.startedUs, exchange.atUs),
    );
    if (only === undefined || others.length > 0) return false;
    only.exchanges.push({ ...exchange, joinedBy: "time" });
    return true;
  };

  const push = (event: HistoryEvent): readonly HistoryRecord[] => {
    const done = settle(event.atUs);
    switch (event.type) {
      case "op-started":
        held.set(event.op, { started: event, attempts: [], exchanges: [] });
        return done;
      case "attempt":
        held.get(event.op)?.attempts.push(event);
        return done;
      case "late-answer":
        return done;
      case "op-ended": {
        const draft = held.get(event.op);
        if (draft !== undefined) Object.assign(draft, { ended: event, endPhase: phase });
        return done;
      }
      case "exchange":
        return join(event) ? done : [...done, event];
      case "phase":
        if (event.edge === "start") phase = event.phase;
        return [...done, event];
      case "fault":
        followFault(event, windows, past);
        return [...done, event];
      default:
        return [...done, event];
    }
  };

  return { push, flush: () => [...held.values()].map(finish) };
}

interface Draft {
  readonly started: Stamped<OpStarted>;
  readonly attempts: Stamped<Attempt>[];
  readonly exchanges: JoinedExchange[];
  ended?: EventOf<"op-ended">;
  endPhase?: string;
}

function overlaps(draft: Draft, fromUs: number, toUs: number): boolean {
  return draft.started.atUs <= toUs && (draft.ended?.atUs ?? Number.POSITIVE_INFINITY) >= fromUs;
}

function followFault(event: Stamped<FaultEdge>, open: Map<string, FaultWindow>, past: FaultWindow[]): void {
  if (event.control === true) return;
  const key = `${event.fault}/${event.window}`;
  if (event.edge === "requested") {
    open.set(key, { fault: event.fault, kind: event.kind, link: event.link, fromUs: event.atUs });
  } else if (event.edge === "healed") {
    const window = open.get(key);
    open.delete(key);
    if (window !== undefined) past.push({ ...window, toUs: event.atUs });
  }
}

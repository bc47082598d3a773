/**
 * Assembling records: events in, ops with their attempts, exchanges and overlapped faults out. Everything that belongs
 * to no op passes through. An op is held back until what may still follow it (late exchanges) has had its time.
 */
import type { Declared } from "./declared.ts";
import type { Attempt, EventOf, Exchange, FaultEdge, HistoryEvent, OpStarted, Stamp } from "./events.ts";
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
  /** Something was asked upstream meanwhile, and nobody can tell whether it was for this op or for another. */
  readonly ambiguous: boolean;
}

export type JoinedExchange = Stamped<Exchange> & { readonly joinedBy: "canary" | "time" };

export interface FaultWindow {
  readonly fault: string;
  readonly kind: string;
  readonly link: string;
  readonly fromUs: number;
  /** Absent while it is open. */
  toUs?: number;
  /** The tap saw it bite. */
  observed: boolean;
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
// Looking for those at each event would cost more than all the rest: the map of the held has holes at its beginning.
const settleEveryUs = 1_000_000;

export function assembleRecords(declared: Declared): Assembler {
  const upstreamLinks = declared.links.filter(({ plane }) => plane === "server-upstream");
  const desk: Desk = {
    held: new Map(),
    open: new Map(),
    past: [],
    serverOf: new Map(upstreamLinks.map(({ link, server }) => [link, server])),
    phase: "",
    settledUs: 0,
  };

  const push = (event: HistoryEvent): readonly HistoryRecord[] => {
    const done = settle(desk, event.atUs);
    switch (event.type) {
      case "op-started":
        desk.held.set(event.op, { started: event, attempts: [], exchanges: [], ambiguous: false });
        return done;
      case "attempt":
        desk.held.get(event.op)?.attempts.push(event);
        return done;
      case "late-answer":
        return done;
      case "op-ended": {
        const draft = desk.held.get(event.op);
        if (draft !== undefined) Object.assign(draft, { ended: event, endPhase: desk.phase });
        return done;
      }
      case "exchange":
        return join(desk, event) ? done : [...done, event];
      case "phase":
        if (event.edge === "start") desk.phase = event.phase;
        return [...done, event];
      case "fault":
        followFault(desk, event);
        return [...done, event];
      default:
        return [...done, event];
    }
  };

  return { push, flush: () => [...desk.held.values()].map((draft) => finish(desk, draft)) };
}

/** What the assembler has on its hands. */
interface Desk {
  readonly held: Map<string, Draft>;
  readonly open: Map<string, FaultWindow>;
  readonly past: FaultWindow[];
  readonly serverOf: ReadonlyMap<string, string>;
  phase: string;
  /** When it was last looked for ops whose time is up. */
  settledUs: number;
}

interface Draft {
  readonly started: Stamped<OpStarted>;
  readonly attempts: Stamped<Attempt>[];
  readonly exchanges: JoinedExchange[];
  ambiguous: boolean;
  ended?: EventOf<"op-ended">;
  endPhase?: string;
}

function finish(desk: Desk, draft: Draft): OpRecord {
  desk.held.delete(draft.started.op);
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
    ambiguous: draft.ambiguous,
    faults: [...desk.past, ...desk.open.values()].filter(
      ({ fromUs, toUs = Number.POSITIVE_INFINITY }) => fromUs < untilUs && toUs > draft.started.atUs,
    ),
  };
}

/** The ops whose time is up. */
function settle(desk: Desk, nowUs: number): OpRecord[] {
  const done: OpRecord[] = [];
  if (nowUs - desk.settledUs < settleEveryUs) return done;
  desk.settledUs = nowUs;
  for (const draft of desk.held.values()) {
    if (draft.ended !== undefined && nowUs - draft.ended.atUs > lingerUs) done.push(finish(desk, draft));
    // Drafts are held in order of their start, so a young one tells that those behind it are young too.
    else if (nowUs - draft.started.atUs <= lingerUs) break;
  }
  const [oldest] = desk.held.values();
  const neededUs = oldest?.started.atUs ?? nowUs;
  while ((desk.past[0]?.toUs ?? Number.POSITIVE_INFINITY) < neededUs) desk.past.shift();
  return done;
}

function join(desk: Desk, exchange: Stamped<Exchange>): boolean {
  if (exchange.ops.length > 0) {
    const named = exchange.ops.map((op) => desk.held.get(op)).filter((draft) => draft !== undefined);
    for (const draft of named) draft.exchanges.push({ ...exchange, joinedBy: "canary" });
    return named.length > 0;
  }
  // Without a canary it can still be told whose it is, if just one call was under way at that server.
  const server = desk.serverOf.get(exchange.link);
  if (server === undefined) return false;
  const under = [...desk.held.values()].filter(
    (draft) => draft.started.server === server && overlaps(draft, exchange.startedUs, exchange.atUs),
  );
  const [only, ...others] = under;
  if (only !== undefined && others.length === 0) {
    only.exchanges.push({ ...exchange, joinedBy: "time" });
    return true;
  }
  for (const draft of under) draft.ambiguous = true;
  return false;
}

function overlaps(draft: Draft, fromUs: number, toUs: number): boolean {
  return draft.started.atUs <= toUs && (draft.ended?.atUs ?? Number.POSITIVE_INFINITY) >= fromUs;
}

function followFault(desk: Desk, event: Stamped<FaultEdge>): void {
  if (event.control === true) return;
  const key = `${event.fault}/${event.window}`;
  if (event.edge === "requested") {
    const { fault, kind, link, atUs: fromUs } = event;
    desk.open.set(key, { fault, kind, link, fromUs, observed: false });
  } else if (event.edge === "observed") {
    const window = desk.open.get(key);
    if (window !== undefined) window.observed = true;
  } else if (event.edge === "healed") {
    const window = desk.open.get(key);
    desk.open.delete(key);
    if (window === undefined) return;
    window.toUs = event.atUs;
    desk.past.push(window);
  }
}

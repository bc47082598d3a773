/** What an assembler has on its hands: the ops that it holds, the faults that are on, and the phase. */
import type { Declared } from "./declared.ts";
import type { Attempt, EventOf, Exchange, HistoryEvent, OpStarted, Stamp } from "./events.ts";
import { followFaultWindows, type FaultWindows } from "./fault-windows.ts";
import { openHolding, type Holding, type HoldingBounds, type Sort } from "./holding.ts";
import type { HistoryRecord, JoinedExchange, OpRecord } from "./records.ts";
import { joinByTime, type Call, type TimeJoin } from "./time-join.ts";

export interface Draft extends Call {
  readonly started: OpStarted & Stamp;
  attempts: (Attempt & Stamp)[];
  rounds: (Attempt & Stamp)[] | undefined;
  exchanges: JoinedExchange[];
  ended: EventOf<"op-ended"> | undefined;
  endPhase: string | undefined;
  /** Known before it was taken over from another desk. */
  inDoubt: boolean;
  gone: boolean;
}

export interface Desk {
  readonly bounds: HoldingBounds;
  /** One whose ops may be taken over from it. */
  readonly beside: Desk | undefined;
  readonly held: Map<string, Draft>;
  readonly holding: Holding<Draft>;
  readonly windows: FaultWindows;
  readonly calls: TimeJoin<Draft>;
  /** By link to an upstream. */
  readonly serverOf: ReadonlyMap<string, string>;
  phase: string;
  /** When it was last looked for ops whose time is up, and for what nobody needs any more. */
  settledUs: number;
  tidiedUs: number;
  cutOff: number;
}

export type Passing = Exclude<HistoryRecord, OpRecord>;

export function openDesk(declared: Declared, bounds: HoldingBounds, beside?: Desk): Desk {
  const upstreamLinks = declared.links.filter(({ plane }) => plane === "server-upstream");
  const windows = followFaultWindows(declared);
  return {
    bounds,
    beside,
    held: new Map(),
    holding: openHolding(bounds, {
      sortOf: (draft) => sortOf(draft, windows),
      // Whether a fault bit may be told a moment after an op that met it has ended.
      mustStay: ({ startedUs }) => windows.unsettledAt(startedUs),
    }),
    windows,
    calls: joinByTime(),
    serverOf: new Map(upstreamLinks.map(({ link, server }) => [link, server])),
    phase: "",
    settledUs: 0,
    tidiedUs: 0,
    cutOff: 0,
  };
}

/** Takes an event in; what is no part of an op's record comes back. */
export function take(desk: Desk, event: HistoryEvent): Passing | undefined {
  switch (event.type) {
    case "op-started":
      begin(desk, event);
      return undefined;
    case "attempt": {
      const draft = desk.held.get(event.op);
      if (draft === undefined) return undefined;
      if (event.goesOn === true) draft.rounds = longer(draft.rounds ?? [], event);
      else draft.attempts = longer(draft.attempts, event);
      return undefined;
    }
    case "late-answer":
      return undefined;
    case "op-ended": {
      const draft = desk.held.get(event.op);
      if (draft !== undefined) end(desk, draft, event);
      return undefined;
    }
    case "exchange":
      return join(desk, event) ? undefined : event;
    case "phase":
      if (event.edge === "start") desk.phase = event.phase;
      return event;
    case "fault":
      desk.windows.on(event);
      return event;
    default:
      return event;
  }
}

/** Goes on by itself with an op that another desk holds, as it stands there. */
export function takeOver(desk: Desk, from: Desk, op: string): Draft | undefined {
  const original = from.held.get(op);
  if (original === undefined || desk.held.has(op)) return undefined;
  const draft: Draft = {
    ...original,
    attempts: [...original.attempts],
    rounds: original.rounds === undefined ? undefined : [...original.rounds],
    exchanges: [...original.exchanges],
    inDoubt: original.inDoubt || from.calls.isInDoubt(original),
  };
  desk.held.set(op, draft);
  desk.calls.began(draft);
  if (draft.ended !== undefined) {
    desk.calls.ended(draft);
    desk.holding.add(draft);
  }
  return draft;
}

export function joinToOnly(draft: Draft, exchange: Exchange & Stamp): void {
  draft.exchanges = longer(draft.exchanges, { ...exchange, joinedBy: "time", counts: true });
}

/** A first push would make room for seventeen; most ops have one attempt, and thousands of them are held. */
function longer<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}

function begin({ held, calls }: Desk, started: Draft["started"]): void {
  const { op, server, atUs: startedUs } = started;
  const draft: Draft = {
    ended: undefined,
    endedUs: Number.POSITIVE_INFINITY,
    endPhase: undefined,
    started,
    server,
    startedUs,
    turn: 0,
    attempts: [],
    rounds: undefined,
    exchanges: [],
    inDoubt: false,
    gone: false,
  };
  held.set(op, draft);
  calls.began(draft);
}

function end({ holding, calls, phase }: Desk, draft: Draft, event: EventOf<"op-ended">): void {
  draft.ended = event;
  draft.endedUs = event.atUs;
  draft.endPhase = phase;
  calls.ended(draft);
  holding.add(draft);
}

function join({ held, calls, serverOf }: Desk, exchange: Exchange & Stamp): boolean {
  if (exchange.ops.length > 0) {
    let joined = false;
    for (const op of exchange.ops) {
      const draft = held.get(op);
      if (draft === undefined) continue;
      draft.exchanges = longer(draft.exchanges, { ...exchange, joinedBy: "canary", counts: !joined });
      joined = true;
    }
    return joined;
  }
  // Without a canary it can still be told whose it is, if just one call was under way at that server.
  const server = serverOf.get(exchange.link);
  if (server === undefined) return false;
  const only = calls.whose(server, exchange.startedUs);
  if (only === undefined || only === "several" || only.gone) return false;
  joinToOnly(only, exchange);
  return true;
}

const nobody: readonly OpRecord[] = [];

/** Between the ends of ops, time alone makes few of them due. */
const settleEveryUs = 100_000;

/** The ops whose time is up. */
export function settle(desk: Desk, { type, atUs: nowUs }: HistoryEvent): readonly OpRecord[] {
  const { held, holding, bounds } = desk;
  if (type !== "op-ended" && type !== "op-started" && nowUs - desk.settledUs < settleEveryUs) return nobody;
  desk.settledUs = nowUs;
  let done: OpRecord[] | undefined;
  for (let due = holding.due(nowUs); due !== undefined; due = holding.due(nowUs)) {
    done ??= [];
    done.push(finish(desk, due));
  }
  if (held.size > bounds.heldMax) (done ??= []).push(...makeRoom(desk));
  if (nowUs - desk.tidiedUs >= tidyEveryUs) tidy(desk, nowUs);
  return done ?? nobody;
}

/** The oldest tenth goes, whatever it is at: to look for one at a time would mean to pass over all holes before it. */
function makeRoom(desk: Desk): OpRecord[] {
  const { held, calls, bounds } = desk;
  const going: Draft[] = [];
  for (const draft of held.values()) {
    if (held.size - going.length <= bounds.heldMax * 0.9) break;
    going.push(draft);
  }
  for (const draft of going) {
    if (draft.ended !== undefined) continue;
    desk.cutOff += 1;
    calls.lost(draft);
  }
  return going.map((draft) => finish(desk, draft));
}

const tidyEveryUs = 1_000_000;

function tidy(desk: Desk, nowUs: number): void {
  desk.tidiedUs = nowUs;
  const [oldest] = desk.held.values();
  const [beside] = desk.beside?.held.values() ?? [];
  desk.windows.forget(Math.min(oldest?.startedUs ?? nowUs, beside?.startedUs ?? nowUs));
  desk.calls.forgetBefore(oldest?.turn ?? Number.POSITIVE_INFINITY);
}

export function finish({ held, windows, calls }: Desk, draft: Draft): OpRecord {
  const { started, ended, attempts, rounds, exchanges } = draft;
  draft.gone = true;
  held.delete(started.op);
  const { op } = started;
  const straddles = draft.endPhase !== started.phase;
  const ambiguous = draft.inDoubt || calls.isInDoubt(draft);
  const faults = windows.during(started.atUs, ended?.atUs ?? Number.POSITIVE_INFINITY);
  const own = rounds === undefined ? {} : { rounds };
  const rest = { straddles, attempts, ...own, exchanges, ambiguous, faults };
  if (ended === undefined) return { type: "op", op, started, outcome: "unknown", ...rest };
  return { type: "op", op, started, ended, outcome: ended.outcome, ...rest };
}

function sortOf({ started, ended, attempts, exchanges }: Draft, windows: FaultWindows): Sort {
  if (ended?.outcome !== "ok") return "troubled";
  let well = true;
  for (const { class: is } of attempts) {
    if (is === "timeout") return "troubled";
    if (is !== "ok") well = false;
  }
  for (const { ended: how, leftUs, status = 0 } of exchanges) {
    if (how === "caller-left" || leftUs !== undefined) return "troubled";
    if (how !== "answered" || status >= 500) well = false;
  }
  return well && windows.noneDuring(started.atUs, ended.atUs) ? "calm" : "mended";
}

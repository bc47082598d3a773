/**
 * Assembling a history that is another but for a few events: what the other's assembler makes of the rest is taken over,
 * so that only the ops that differ cost anything. One of them goes on here by itself, as it stood there.
 */
import type { Declared } from "./declared.ts";
import { finish, joinToOnly, openDesk, settle, take, takeOver, type Desk } from "./desk.ts";
import { tellsOfEffect } from "./effect-events.ts";
import type { EventOf, HistoryEvent } from "./events.ts";
import { fewer, type HoldingBounds } from "./holding.ts";
import type { HistoryRecord } from "./records.ts";

export interface Variant {
  /** What stands in place of an event, if anything does; told before the original takes the event. */
  readonly before: (event: HistoryEvent, by: readonly HistoryEvent[] | undefined) => void;
  /** The records of the variant, from those that the original has made of the event. */
  readonly after: (made: readonly HistoryRecord[]) => readonly HistoryRecord[];
  readonly flush: (made: readonly HistoryRecord[]) => readonly HistoryRecord[];
}

interface Side {
  readonly original: Desk;
  readonly desk: Desk;
  /** The ops of the original that go on here; what it makes of them itself is left out. */
  readonly own: Set<string>;
  /** Records of the event at hand that are not the original's. */
  extra: readonly HistoryRecord[];
  /** The event that is left out. */
  without: HistoryEvent | undefined;
}

export function openVariant(declared: Declared, original: Desk, bounds: HoldingBounds): Variant {
  const desk = openDesk(declared, fewer(bounds), original);
  const side: Side = { original, desk, own: new Set(), extra: none, without: undefined };
  return {
    before: (event, by) => {
      if (by === undefined) {
        follow(side, event);
        return;
      }
      side.extra = settle(desk, event);
      if (!by.includes(event)) leaveOut(side, event);
      for (const one of by) if (one !== event) prepare(side, one);
      for (const one of by) {
        if (one === event) follow(side, event);
        else add(side, one);
      }
    },
    after: (made) => {
      const { own, extra, without } = side;
      if (extra.length === 0 && without === undefined && (made.length === 0 || own.size === 0)) return made;
      side.extra = none;
      side.without = undefined;
      const [first] = made;
      if (extra.length === 0 && made.length === 1 && first !== undefined) {
        // Nearly always; a list of its own for each event would be felt.
        return first === without || isOwn(own, first) ? none : made;
      }
      return [...extra, ...made.filter((record) => record !== without && !isOwn(own, record))];
    },
    flush: (made) => [
      ...made.filter((record) => !isOwn(side.own, record)),
      ...[...desk.held.values()].map((draft) => finish(desk, draft)),
    ],
  };
}

const none: readonly HistoryRecord[] = [];

/** Mostly one of them is empty. */
function joined(before: readonly HistoryRecord[], after: readonly HistoryRecord[]): readonly HistoryRecord[] {
  if (after.length === 0) return before;
  return before.length === 0 ? after : [...before, ...after];
}

function isOwn(own: Set<string>, record: HistoryRecord): boolean {
  return record.type === "op" && own.delete(record.op);
}

/** From here on the ops that an event is about go on here. */
function own(side: Side, op: string): void {
  if (side.own.has(op) || !side.original.held.has(op)) return;
  side.own.add(op);
  takeOver(side.desk, side.original, op);
}

function leaveOut(side: Side, event: HistoryEvent): void {
  requireSame(event);
  side.without = event;
  if ("op" in event && !tellsOfEffect(event.type) && event.op !== undefined) {
    own(side, event.op);
    // The original may begin to hold it only with this event.
    if (event.type === "op-started") side.own.add(event.op);
  } else if (event.type === "exchange") {
    for (const op of event.ops) own(side, op);
    const only = onlyCallOf(side.original, event);
    if (typeof only === "object") own(side, only.started.op);
  }
}

/** They are part of every record, so another history of them would share none. */
function requireSame({ type }: HistoryEvent): void {
  if (type === "phase" || type === "fault") throw new Error(`a variant takes every ${type} as it is`);
}

/** An event that stands in both. */
function follow(side: Side, event: HistoryEvent): void {
  const { desk, own } = side;
  switch (event.type) {
    case "phase":
    case "fault":
      take(desk, event);
      return;
    case "exchange":
      if (desk.held.size === 0 && own.size === 0) return;
      if (event.ops.length === 0) followNameless(side, event);
      else followNamed(side, event);
      return;
    case "op-started":
    case "attempt":
    case "late-answer":
    case "op-ended":
      if (!own.has(event.op)) return;
      side.extra = joined(side.extra, settle(desk, event));
      take(desk, event);
      return;
    default:
  }
}

function followNamed(side: Side, event: EventOf<"exchange">): void {
  const { desk, own } = side;
  let [some, all] = [false, true];
  for (const op of event.ops) {
    if (own.has(op)) some = true;
    else all = false;
  }
  if (!some || take(desk, event) === undefined) return;
  // The original has joined it to an op that it holds for longer than it is held here.
  if (all) side.extra = [...side.extra, event];
}

function onlyCallOf({ calls, serverOf }: Desk, { link, ops, startedUs }: EventOf<"exchange">) {
  const server = serverOf.get(link);
  return server === undefined || ops.length > 0 ? undefined : calls.peek(server, startedUs);
}

function followNameless(side: Side, event: EventOf<"exchange">): void {
  const { desk, original, own } = side;
  const there = onlyCallOf(original, event);
  if (there === "several") {
    desk.calls.doubt(desk.serverOf.get(event.link) ?? "", event.startedUs);
  } else if (there !== undefined && own.has(there.started.op)) {
    const here = onlyCallOf(desk, event);
    if (typeof here === "object" && !here.gone) joinToOnly(here, event);
    else desk.calls.doubt(desk.serverOf.get(event.link) ?? "", event.startedUs);
  }
}

/** From here on the ops that an added event is about go on here, before anything else is known of them. */
function prepare(side: Side, event: HistoryEvent): void {
  requireSame(event);
  if (event.type === "exchange") {
    for (const op of event.ops) own(side, op);
    const there = onlyCallOf(side.original, event);
    if (typeof there === "object" && onlyCallOf(side.desk, event) === undefined) own(side, there.started.op);
  } else if (!tellsOfEffect(event.type) && "op" in event && event.op !== undefined) own(side, event.op);
}

/** An event that stands only here. */
function add(side: Side, event: HistoryEvent): void {
  const { desk, original } = side;
  if (event.type === "exchange") {
    const there = onlyCallOf(original, event);
    const isTheirs = typeof there === "object" && !side.own.has(there.started.op);
    if (there === "several" || isTheirs) {
      // It may have been for a call that is none of those here.
      desk.calls.doubt(desk.serverOf.get(event.link) ?? "", event.startedUs);
      side.extra = [...side.extra, event];
      return;
    }
  }
  const passing = take(desk, event);
  if (passing !== undefined) side.extra = [...side.extra, passing];
}

/**
 * Whose a request is that names no op: its time tells, if just one call was under way at its server. Ops begin and end
 * in the order of the history, so the open ones and the two that ended last are all that it takes.
 */
export interface Call {
  readonly server: string;
  readonly startedUs: number;
  /** Infinite while it is under way. */
  endedUs: number;
  /** The how-manieth of all calls and requests it was. */
  turn: number;
}

export interface TimeJoin<C extends Call> {
  readonly began: (call: C) => void;
  readonly ended: (call: C) => void;
  /** Nobody will say when it ended. */
  readonly lost: (call: C) => void;
  /** The one call that was under way from then until now; `several` are all left in doubt. */
  readonly whose: (server: string, fromUs: number) => C | "several" | undefined;
  /** The same, but nobody is left in doubt for it. */
  readonly peek: (server: string, fromUs: number) => C | "several" | undefined;
  /** All calls that were under way from then until now are left in doubt. */
  readonly doubt: (server: string, fromUs: number) => void;
  /** Something was asked meanwhile that may have been for this call or for another. */
  readonly isInDoubt: (call: C) => boolean;
  /** Nobody will ask for calls that began before this one. */
  readonly forgetBefore: (turn: number) => void;
}

interface Calls<C> {
  readonly open: Set<C>;
  /** Calls that may be under way for ever. */
  lost: number;
  last: C | undefined;
  lastButOne: C | undefined;
  /**
   * The doubtful requests, in order; where a later one began no later than an earlier one, the earlier is left out: who
   * overlaps it overlaps the later one too.
   */
  doubts: { readonly turn: number; readonly fromUs: number }[];
}

export function joinByTime<C extends Call>(): TimeJoin<C> {
  const servers = new Map<string, Calls<C>>();
  let turn = 0;

  const at = (server: string): Calls<C> => {
    let calls = servers.get(server);
    if (calls === undefined) {
      calls = { open: new Set(), lost: 0, last: undefined, lastButOne: undefined, doubts: [] };
      servers.set(server, calls);
    }
    return calls;
  };

  const peek = (server: string, fromUs: number): C | "several" | undefined => {
    const { open, lost, last, lastButOne } = at(server);
    const ended = [last, lastButOne].filter((call) => call !== undefined && call.endedUs >= fromUs);
    if (open.size + lost + ended.length > 1) return "several";
    const [only] = open;
    return only ?? ended[0];
  };

  const doubt = (server: string, fromUs: number): void => {
    const { doubts } = at(server);
    turn += 1;
    while ((doubts.at(-1)?.fromUs ?? Number.NEGATIVE_INFINITY) >= fromUs) doubts.pop();
    doubts.push({ turn, fromUs });
  };

  return {
    began: (call) => {
      turn += 1;
      call.turn = turn;
      at(call.server).open.add(call);
    },
    ended: (call) => {
      const calls = at(call.server);
      calls.open.delete(call);
      if (calls.last === call) return;
      calls.lastButOne = calls.last;
      calls.last = call;
    },
    lost: (call) => {
      const calls = at(call.server);
      if (calls.open.delete(call)) calls.lost += 1;
    },
    peek,
    doubt,
    whose: (server, fromUs) => {
      const found = peek(server, fromUs);
      if (found === "several") doubt(server, fromUs);
      return found;
    },
    isInDoubt: (call) => {
      const { doubts } = at(call.server);
      // The first that came after it began has begun before all others that did.
      const first = doubts[firstAfter(doubts, call.turn)];
      return first !== undefined && first.fromUs <= call.endedUs;
    },
    forgetBefore: (turn) => {
      for (const calls of servers.values()) {
        const first = firstAfter(calls.doubts, turn);
        if (first > 0) calls.doubts = calls.doubts.slice(first);
      }
    },
  };
}

function firstAfter(doubts: readonly { readonly turn: number }[], turn: number): number {
  let low = 0;
  let high = doubts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((doubts[middle]?.turn ?? 0) > turn) high = middle;
    else low = middle + 1;
  }
  return low;
}

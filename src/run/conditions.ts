/**
 * What faults may wait for. Comes in: calls as taps see them begin and end, commits as ledgers show them. Goes out: that
 * a condition has come true, in the very call that made it so. Each is a fold, so the same occurrences give the same.
 */
import type { Sign } from "../faults/handles.ts";
import type { Stamp, Unstamped } from "../history/events.ts";
import type { CalledTool, Condition } from "../scenario/schedules.ts";

/** A call by whom, of what; or an effect that a ledger shows. */
export type Occurrence =
  | { readonly is: "called" | "returned"; readonly group: string; readonly server: string; readonly tool: string }
  | { readonly is: "committed"; readonly effect: string; readonly atUs: number };

export interface Conditions {
  readonly tell: (occurrence: Occurrence) => void;
  /** Calls back once, at once where it is true already. Returns how to stop waiting. */
  readonly await: (condition: Condition, sinceUs: number, onMet: () => void) => () => void;
  /** Tells of the calls that the taps of these links see. */
  readonly follow: (links: ReadonlyMap<string, WatchedLink>) => void;
  /** Tells of the effects that are recorded. */
  readonly watching: (record: (event: Unstamped) => Stamp) => (event: Unstamped) => Stamp;
}

export interface WatchedLink {
  onSign(listener: (sign: Sign) => void): () => void;
}

export function createConditions(): Conditions {
  const underway = createUnderway();
  const waiting = new Set<(occurrence: Occurrence) => void>();

  const tell = (occurrence: Occurrence): void => {
    underway.on(occurrence);
    for (const on of waiting) on(occurrence);
  };

  return {
    tell,
    await: (condition, sinceUs, onMet) => {
      if (condition.is === "in-flight" && underway.any(condition)) {
        onMet();
        return () => {};
      }
      const isMet = foldCondition(condition, sinceUs);
      const on = (occurrence: Occurrence): void => {
        if (!isMet(occurrence)) return;
        waiting.delete(on);
        onMet();
      };
      waiting.add(on);
      return () => void waiting.delete(on);
    },
    follow: (links) => {
      for (const [name, link] of links) {
        const [group, server] = name.split("@");
        if (group === undefined || server === undefined) continue;
        link.onSign((sign) => {
          if (sign.is === "called" || sign.is === "returned") tell({ is: sign.is, group, server, tool: sign.tool });
        });
      }
    },
    watching: (record) => (event) => {
      const stamp = record(event);
      if (event.type === "effect") tell({ is: "committed", effect: event.effect, atUs: event.committedUs[0] });
      return stamp;
    },
  };
}

/** Whether the condition is true since the occurrence it is told of; it knows of those before only what it was told. */
function foldCondition(condition: Condition, sinceUs: number): (occurrence: Occurrence) => boolean {
  let calls = 0;
  return (occurrence) => {
    if (condition.is === "first") {
      // Ledgers are read now and then, so what was committed before may be told of only now.
      return occurrence.is === "committed" && occurrence.effect === condition.effect && occurrence.atUs >= sinceUs;
    }
    const wanted = condition.is === "returns" ? "returned" : "called";
    if (occurrence.is !== wanted || !isOf(condition, occurrence)) return false;
    calls += 1;
    return condition.is === "in-flight" || calls >= condition.count;
  };
}

interface Call {
  readonly group: string;
  readonly server: string;
  readonly tool: string;
}

function isOf({ group, server, tool }: CalledTool, call: Call): boolean {
  return call.server === server && call.tool === tool && (group === undefined || call.group === group);
}

/** How many calls of each tool have begun and not ended. */
function createUnderway() {
  const counts = new Map<string, { readonly call: Call; open: number }>();
  return {
    on: (occurrence: Occurrence): void => {
      if (occurrence.is === "committed") return;
      const { is, ...call } = occurrence;
      const key = `${call.group}@${call.server}.${call.tool}`;
      const entry = counts.get(key) ?? { call, open: 0 };
      counts.set(key, entry);
      entry.open += is === "called" ? 1 : -1;
    },
    any: (of: CalledTool): boolean => [...counts.values()].some(({ call, open }) => open > 0 && isOf(of, call)),
  };
}

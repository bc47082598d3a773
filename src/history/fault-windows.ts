/** Which faults were on while an op ran. */
import type { Declared } from "./declared.ts";
import type { FaultEdge, Stamp } from "./events.ts";
import { linksMeeting } from "./fault-place.ts";

export interface FaultWindow {
  readonly fault: string;
  readonly kind: string;
  /** Where what passes meets it. */
  readonly links: readonly string[];
  /** No answer gets through there meanwhile. */
  readonly silences?: true;
  readonly fromUs: number;
  /** Absent while it is open. */
  toUs?: number;
  /** It was seen to bite. */
  observed: boolean;
}

export interface FaultWindows {
  readonly on: (event: FaultEdge & Stamp) => void;
  readonly during: (fromUs: number, toUs: number) => readonly FaultWindow[];
  /** Whether there are none of them; oftener asked than which. */
  readonly noneDuring: (fromUs: number, toUs: number) => boolean;
  /** One that is on, and has not yet shown whether it bites. */
  readonly unsettledAt: (fromUs: number) => boolean;
  /** Nobody will ask for a time before this. */
  readonly forget: (beforeUs: number) => void;
}

const none: readonly FaultWindow[] = [];

export function followFaultWindows({ faults }: Pick<Declared, "faults">): FaultWindows {
  const declared = new Map(faults.map((fault) => [fault.fault, fault]));
  const open = new Map<string, FaultWindow>();
  // In order of their end.
  const past: FaultWindow[] = [];

  const onEdge = (event: FaultEdge & Stamp): void => {
    if (event.control === true) return;
    const key = `${event.fault}/${event.window}`;
    const window = open.get(key);
    if (event.edge === "requested") {
      const { fault, kind, atUs: fromUs } = event;
      const known = declared.get(fault);
      const silences = known?.silences === true ? { silences: known.silences } : {};
      open.set(key, { fault, kind, links: linksMeeting(known ?? event), ...silences, fromUs, observed: false });
    } else if (window === undefined) return;
    else if (event.edge === "observed") window.observed = true;
    else if (event.edge === "healed") {
      open.delete(key);
      window.toUs = event.atUs;
      past.push(window);
    }
  };

  const during = (fromUs: number, toUs: number): readonly FaultWindow[] => {
    let first = past.length;
    while (first > 0 && (past[first - 1]?.toUs ?? 0) > fromUs) first -= 1;
    if (first === past.length && open.size === 0) return none;
    return [...past.slice(first), ...open.values()].filter((window) => window.fromUs < toUs);
  };

  const noneDuring = (fromUs: number, toUs: number): boolean => {
    for (const window of open.values()) if (window.fromUs < toUs) return false;
    for (let at = past.length - 1; at >= 0; at -= 1) {
      const window = past[at];
      if (window === undefined || (window.toUs ?? 0) <= fromUs) break;
      if (window.fromUs < toUs) return false;
    }
    return true;
  };

  const unsettledAt = (fromUs: number): boolean => {
    for (const window of open.values()) if (!window.observed && window.fromUs < fromUs) return true;
    return false;
  };

  const forget = (beforeUs: number): void => {
    const gone = past.findIndex(({ toUs = 0 }) => toUs >= beforeUs);
    past.splice(0, gone === -1 ? past.length : gone);
  };

  return { on: onEdge, during, noneDuring, unsettledAt, forget };
}

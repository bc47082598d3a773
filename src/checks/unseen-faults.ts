/** The planned faults that nothing shows, that were never injected, or that could not be taken back. */
import type { Declared } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import { placeInWords } from "../history/fault-place.ts";

export interface FollowedFaults {
  readonly on: (event: EventOf<"fault" | "fault-condition">) => void;
  readonly unhealed: readonly string[];
  readonly unseen: () => readonly string[];
}

export function followFaults({ faults }: Declared): FollowedFaults {
  const requested = new Set<string>();
  const observed = new Set<string>();
  /** What a fault waited for in vain. */
  const expired = new Map<string, string>();
  const unhealed: string[] = [];

  const on: FollowedFaults["on"] = (event) => {
    if (event.type === "fault-condition") {
      if (event.is === "expired") expired.set(event.fault, event.says);
      return;
    }
    if (event.edge === "requested") requested.add(event.fault);
    if (event.edge === "observed") observed.add(event.fault);
    if (event.edge === "unhealed") unhealed.push(`${event.fault} on ${placeInWords(event)}: ${event.says ?? ""}`);
  };

  /** A run that stopped early has injected none of its later faults; that is one gap, not one for each. */
  const unseen = (): string[] => {
    const told = (fault: Declared["faults"][number]): string =>
      `${fault.kind} on ${placeInWords(fault)} (${fault.fault})`;
    const nothing = ({ link }: Declared["faults"][number]): string =>
      link === undefined ? "nothing" : "nothing at the tap";
    const unshown = faults.filter(({ fault }) => requested.has(fault) && !observed.has(fault));
    const inVain = faults.flatMap((fault) => {
      const says = expired.get(fault.fault);
      return says === undefined ? [] : [`${told(fault)} was never injected, as its condition never came: ${says}`];
    });
    const never = faults.filter(({ fault }) => !requested.has(fault) && !expired.has(fault));
    return [
      ...inVain,
      ...unshown.map((fault) => `${told(fault)} was injected but ${nothing(fault)} shows it`),
      ...(never.length === 0
        ? []
        : [`${never.map(told).join(", ")} ${never.length === 1 ? "was" : "were"} never injected`]),
    ];
  };

  return { on, unhealed, unseen };
}

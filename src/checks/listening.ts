/** Which changed lists nobody could have heard of, though agents were to listen: no server is silent for that. */
import type { Declared } from "../history/declared.ts";
import type { HistoryEvent } from "../history/events.ts";
import { counted } from "../units.ts";

interface Heard {
  readonly group: string;
  readonly server: string;
  opened: number;
  /** Sessions whose server offers no way to hear of it. */
  deaf: number;
  /** Those whose wire does not say. */
  untold: number;
}

export interface Unheard {
  readonly check: string;
  readonly because: string;
}

export function followListening({ groups }: Declared): {
  readonly on: (event: HistoryEvent) => void;
  readonly end: () => readonly Unheard[];
} {
  const listening = new Set(groups.flatMap(({ group, listens }) => (listens === true ? [group] : [])));
  const heard = new Map<string, Heard>();
  return {
    on: (event) => {
      if (event.type !== "session" || event.edge !== "opened" || !listening.has(event.group)) return;
      const { group, server, listens } = event;
      const key = `${group}@${server}`;
      const all = heard.get(key) ?? { group, server, opened: 0, deaf: 0, untold: 0 };
      heard.set(key, all);
      all.opened += 1;
      if (listens === false) all.deaf += 1;
      if (listens === undefined) all.untold += 1;
    },
    end: () => [...heard.values()].flatMap((one) => unheardOf(one)),
  };
}

function unheardOf({ group, server, opened, deaf, untold }: Heard): Unheard[] {
  const check = `changed lists of ${server}, as ${group} would hear of them`;
  if (deaf > 0) {
    const whose = deaf === opened ? "" : `in ${deaf} of ${counted(opened, "session")} `;
    return [
      {
        check,
        because: `${whose}the server offered no stream, or took no subscription, for what belongs to no answer`,
      },
    ];
  }
  return untold === 0 ? [] : [{ check, because: "the SDK does not tell whether its sessions hear of them" }];
}

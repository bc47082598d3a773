/** Which servers a fault touches at the moment, in the order of the history: its own, and those whose links it is on. */
import type { Declared } from "../history/declared.ts";
import { serversAt } from "../history/fault-place.ts";
import type { HistoryRecord } from "../history/records.ts";

export interface TouchedServers {
  readonly on: (record: HistoryRecord) => void;
  readonly has: (server: string) => boolean;
}

export function followTouched({ faults, links }: Declared): TouchedServers {
  const touchedBy = new Map(faults.map((fault) => [fault.fault, serversAt(fault, links)]));
  /** Faults that are on, by fault and window. */
  const on = new Map<string, readonly string[]>();
  return {
    on: (record) => {
      if (record.type !== "fault" || record.control === true) return;
      const key = `${record.fault}/${record.window}`;
      if (record.edge === "requested") on.set(key, touchedBy.get(record.fault) ?? serversAt(record, links));
      else if (record.edge === "healed") on.delete(key);
    },
    has: (server) => [...on.values()].some((servers) => servers.includes(server)),
  };
}

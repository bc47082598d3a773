/** What servers listed until the first fault and list no more, where they were asked while nothing was broken. */
import { offersTools, type Declared } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import type { HistoryRecord } from "../history/records.ts";
import { followTouched } from "./touched-servers.ts";

type Listing = EventOf<"tools-listed">;

interface Asked {
  readonly listing: Listing;
  /** The phase it was asked in; empty before the first. */
  readonly phase: string;
  /** Nothing had been broken yet. */
  readonly inCalm: boolean;
}

export interface ServerTools {
  readonly server: string;
  /** What it listed first and still before the first fault: some tools go in the calm already, by what is done. */
  readonly before: Listing | undefined;
  readonly listedAgain: number;
  readonly vanished:
    | { readonly tools: readonly string[]; readonly phase: string; readonly listing: Listing }
    | undefined;
  readonly failed: readonly Asked[];
}

export interface ToolsFold {
  readonly on: (record: HistoryRecord) => void;
  readonly end: () => readonly ServerTools[];
}

export function followTools(declared: Declared): ToolsFold {
  const touched = followTouched(declared);
  const servers = declared.servers.filter(({ server }) => offersTools(server, declared));
  const asked = new Map<string, Asked[]>(servers.map(({ server }) => [server, []]));
  let phase = "";
  let inCalm = true;

  return {
    on: (record) => {
      if (record.type === "phase" && record.edge === "start") {
        phase = record.phase;
        if (record.role === "fault") inCalm = false;
      }
      touched.on(record);
      if (record.type === "tools-listed") {
        // What a server lacks while something behind it is broken may well come back.
        if (touched.has(record.server)) return;
        asked.get(record.server)?.push({ listing: record, phase, inCalm });
      }
    },
    end: () => [...asked].map(([server, all]) => compared(server, all)),
  };
}

function compared(server: string, all: readonly Asked[]): ServerTools {
  const answered = all.filter(({ listing }) => listing.failed === undefined);
  const failed = all.filter(({ listing }) => listing.failed !== undefined);
  const [first] = answered;
  if (first?.phase !== "") return { server, before: undefined, listedAgain: 0, vanished: undefined, failed };
  const calm = answered.findLast(({ inCalm }) => inCalm)?.listing.tools ?? [];
  const before = { ...first.listing, tools: first.listing.tools.filter((tool) => calm.includes(tool)) };
  const later = answered.filter(({ inCalm }) => !inCalm);
  const missing = later.map(({ listing }) => before.tools.filter((tool) => !listing.tools.includes(tool)));
  // A list may be short once; what is missing in the next one too, or in the last, is gone.
  const gone = missing.map((tools, n) => tools.filter((tool) => missing[n + 1]?.includes(tool) ?? true));
  const n = gone.findIndex((tools) => tools.length > 0);
  const at = later[n];
  const vanished = at === undefined ? undefined : { tools: gone[n] ?? [], phase: at.phase, listing: at.listing };
  return { server, before, listedAgain: later.length, vanished, failed };
}

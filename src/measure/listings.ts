/** What it costs agents to know their tools: how often they list them, and how much they are told each time. */
import type { HistoryEvent } from "../history/events.ts";
import type { ListingFigures } from "./listing-figures.ts";

export interface Listings {
  readonly on: (event: HistoryEvent) => void;
  /** Of each group with each server that it has listed; empty where no policy lists anything. */
  readonly end: () => readonly ListingFigures[];
}

type Tally = { -readonly [Key in keyof ListingFigures]: ListingFigures[Key] };

export function openListings(): Listings {
  const tallies = new Map<string, Tally>();
  const tallyOf = ({ group, server }: { readonly group: string; readonly server: string }): Tally => {
    const key = `${group}@${server}`;
    const none = { group, server, sessions: 0, listings: 0, failed: 0, tools: 0, bytesMost: 0, bytes: 0 };
    const tally = tallies.get(key) ?? none;
    tallies.set(key, tally);
    return tally;
  };
  return {
    on: (event) => {
      if (event.type === "session" && event.edge === "opened") tallyOf(event).sessions += 1;
      if (event.type !== "discovered") return;
      const tally = tallyOf(event);
      if (event.failed === undefined) tally.listings += 1;
      else tally.failed += 1;
      tally.tools = Math.max(tally.tools, event.count);
      tally.bytesMost = Math.max(tally.bytesMost, event.bytes);
      tally.bytes += event.bytes;
    },
    end: () => [...tallies.values()].filter(({ listings, failed }) => listings + failed > 0),
  };
}

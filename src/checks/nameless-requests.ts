/**
 * Failed requests that name no call, at places where others do name theirs: a repeat that has lost its name, or a
 * refresh of the server's own that asks as often as ever. Only what goes beyond the baseline's rate is odd.
 */
import type { EventOf } from "../history/events.ts";
import { hasFailed, requestOf } from "./upstream-repeats.ts";

export interface Nameless {
  /** By place: how many there were in the baseline, and how many failed under the fault. */
  readonly before: Map<string, number>;
  readonly failed: Map<string, number>;
  /** By place: requests whose calls' records had been closed before they came; under the fault those that failed. */
  readonly late: { readonly before: Map<string, number>; readonly failed: Map<string, number> };
  /** The places that each tool's named requests asked. */
  readonly places: Map<string, Set<string>>;
  /** The last of them, by tool. */
  readonly lastAt: Map<string, Place>;
}

type Place = Pick<Exchange, "link" | "method" | "path">;

export const emptyNameless = (): Nameless => ({
  before: new Map(),
  failed: new Map(),
  late: { before: new Map(), failed: new Map() },
  places: new Map(),
  lastAt: new Map(),
});

type Exchange = EventOf<"exchange">;

export function noteNameless({ before, failed }: Nameless, exchange: Exchange, role: string | undefined): void {
  note({ before, failed }, exchange, role);
}

/** It names its call, which is not at hand any more: nobody can tell whether it repeats one of its requests. */
export function noteLate({ late }: Nameless, exchange: Exchange, role: string | undefined): void {
  note(late, exchange, role);
}

function note({ before, failed }: Nameless["late"], exchange: Exchange, role: string | undefined): void {
  const counts = role === "baseline" ? before : role === "fault" && hasFailed(exchange) ? failed : undefined;
  if (counts === undefined) return;
  const place = requestOf(exchange, "by-path");
  counts.set(place, (counts.get(place) ?? 0) + 1);
}

/** How many came too late to a tool's places. */
export function lateOf({ late, places }: Nameless, tool: string): { readonly before: number; readonly failed: number } {
  const sum = (counts: ReadonlyMap<string, number>): number =>
    [...(places.get(tool) ?? [])].reduce((total, place) => total + (counts.get(place) ?? 0), 0);
  return { before: sum(late.before), failed: sum(late.failed) };
}

export function notePlaces({ places, lastAt }: Nameless, tool: string, exchanges: readonly Exchange[]): void {
  let known = places.get(tool);
  if (known === undefined) places.set(tool, (known = new Set()));
  for (const exchange of exchanges) {
    const last = lastAt.get(tool);
    // Most tools ask at one place, millions of times.
    if (last !== undefined && isSamePlace(last, exchange)) continue;
    const { link, method, path } = exchange;
    lastAt.set(tool, { link, method, path });
    known.add(requestOf(exchange, "by-path"));
  }
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.path === b.path && a.link === b.link && a.method === b.method;
}

/** How many more failed at a tool's places than the baseline lets expect. */
export function excessOf({ before, failed, places }: Nameless, tool: string, share: number): number {
  const excess = [...(places.get(tool) ?? [])].map(
    (place) => (failed.get(place) ?? 0) - (before.get(place) ?? 0) * share,
  );
  return Math.round(excess.reduce((sum, more) => sum + Math.max(0, more), 0));
}

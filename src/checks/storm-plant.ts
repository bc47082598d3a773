/**
 * Plants a storm in a run's own history: every request that failed under the fault is repeated at once, and a few more
 * calls do the same, in case the run has only few of them.
 */
import type { DeclaredFault } from "../history/declared.ts";
import type { EventOf, Exchange, HistoryEvent, OpStarted, Stamp } from "../history/events.ts";
import { linksMeeting } from "../history/fault-place.ts";
import type { Plant, Premises } from "./check.ts";
import { baselineMin, hitsMin } from "./storm-tally.ts";
import { hasFailed } from "./upstream-repeats.ts";

type Place = { readonly original: OpStarted & Stamp; readonly exchange: Exchange & Stamp };

interface Planting {
  readonly control: boolean;
  readonly roles: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, string>;
  /** By their id. */
  readonly faults: ReadonlyMap<string, DeclaredFault>;
  /** Fault windows by link: whether the open one was observed, and when the last one ended. */
  readonly windows: Map<string, { open: boolean; observed: boolean; untilUs: number }>;
  readonly later: Map<string, OpStarted & Stamp>;
  /** The last of them at each server whose tool the baseline knows. */
  readonly lastOf: Map<string, OpStarted & Stamp>;
  readonly usual: Map<string, number>;
  /** How often the busiest op of the baseline asked its upstream; a storm must be more. */
  readonly asked: Map<string, number>;
  askedMost: number;
  place: Place | undefined;
  planted: boolean;
}

/** So many calls a request may come after its own; one that comes later finds no place to plant a storm. */
const laterMax = 10_000;

export function plantStorm({ declared, mode }: Premises, links: ReadonlyMap<string, string>): Plant {
  const planting: Planting = {
    control: mode === "control",
    roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
    links,
    faults: new Map(declared.faults.map((fault) => [fault.fault, fault])),
    windows: new Map(),
    later: new Map(),
    lastOf: new Map(),
    usual: new Map(),
    asked: new Map(),
    askedMost: 0,
    place: undefined,
    planted: false,
  };
  return (event) => {
    switch (event.type) {
      case "op-started":
        noteOp(planting, event);
        return undefined;
      case "op-ended":
        planting.asked.delete(event.op);
        return undefined;
      case "fault":
        followWindow(planting, event);
        return behind(event, newCalls(planting, event));
      case "exchange":
        if (!links.has(event.link)) return undefined;
        return behind(event, repeatsOf(planting, event), callsLike(planting, event));
      default:
        return undefined;
    }
  };
}

function behind(event: HistoryEvent, ...planted: readonly (readonly HistoryEvent[])[]) {
  return planted.every(({ length }) => length === 0) ? undefined : [event, ...planted.flat()];
}

const none: readonly HistoryEvent[] = [];

function noteOp(
  { roles, control, later, lastOf, usual, asked, planted }: Planting,
  event: EventOf<"op-started">,
): void {
  const role = roles.get(event.phase);
  const tool = toolOf(event);
  if (role === "baseline") {
    usual.set(tool, (usual.get(tool) ?? 0) + 1);
    asked.set(event.op, 0);
  }
  if (planted || !(role === "fault" || (control && role === "recovery"))) return;
  later.set(event.op, event);
  if ((usual.get(tool) ?? 0) >= baselineMin) lastOf.set(event.server, event);
  const [oldest = ""] = later.size > laterMax ? later.keys() : [];
  later.delete(oldest);
}

function toolOf({ server, tool }: OpStarted): string {
  return `${server}.${tool}`;
}

function followWindow(planting: Planting, event: EventOf<"fault">): void {
  if (planting.control) return;
  for (const link of linksMeeting(planting.faults.get(event.fault) ?? event)) followLink(planting, link, event);
}

function followLink({ windows }: Planting, link: string, { edge, atUs }: EventOf<"fault">): void {
  const known = windows.get(link);
  if (edge === "requested") windows.set(link, { open: true, observed: false, untilUs: Number.POSITIVE_INFINITY });
  else if (edge === "observed" && known !== undefined) known.observed = true;
  else if (known !== undefined) Object.assign(known, { open: false, untilUs: atUs });
}

function repeatsOf(planting: Planting, event: EventOf<"exchange">): readonly HistoryEvent[] {
  for (const op of event.ops) {
    const count = planting.asked.get(op);
    if (count === undefined) continue;
    planting.asked.set(op, count + 1);
    planting.askedMost = Math.max(planting.askedMost, count + 1);
  }
  const untilUs = planting.windows.get(event.link)?.untilUs ?? 0;
  if (!hasFailed(event) || event.startedUs > untilUs) return none;
  return Array.from({ length: repeatsFor(planting) }, (_, n) => again(event, `${event.id}~again${n + 1}`, event.atUs));
}

function repeatsFor({ askedMost }: Planting): number {
  return Math.max(3, 2 * askedMost);
}

function again(of: Exchange, id: string, atUs: number): EventOf<"exchange"> {
  const { link, connection, ops, attempt, method, path, asks } = of;
  return {
    type: "exchange",
    id,
    atUs,
    link,
    connection,
    ops,
    ...(attempt === undefined ? {} : { attempt }),
    method,
    path,
    ...(asks === undefined ? {} : { asks }),
    startedUs: atUs,
    ended: "refused",
    bytesUp: 0,
    bytesDown: 0,
  };
}

function callsLike(planting: Planting, event: EventOf<"exchange">): readonly HistoryEvent[] {
  if (planting.planted || (!planting.control && !hasFailed(event))) return none;
  const original = callBehind(planting, event);
  if (original === undefined) return none;
  planting.place = { original, exchange: event };
  return newCalls(planting, event);
}

/** The call that asked; where the request does not say, one that may have, of a tool that the baseline knows. */
function callBehind({ later, lastOf, links }: Planting, { ops, link }: Exchange): (OpStarted & Stamp) | undefined {
  if (ops.length > 0) return ops.map((op) => later.get(op)).find((started) => started !== undefined);
  return lastOf.get(links.get(link) ?? "");
}

/** Once there is a call to be like, and the fault that it met has been observed. */
function newCalls(planting: Planting, { id, atUs }: Stamp): HistoryEvent[] {
  const { place, planted, control, windows } = planting;
  if (place === undefined || planted) return [];
  const window = windows.get(place.exchange.link);
  if (!control && !(window?.open === true && window.observed)) return [];
  planting.planted = true;
  planting.later.clear();
  return Array.from({ length: hitsMin }, (_, n) => stormyCall(planting, place, { id: `${id}~${n + 1}`, atUs })).flat();
}

function stormyCall(planting: Planting, { original, exchange }: Place, { id, atUs }: Stamp): HistoryEvent[] {
  const op = `${original.op}~${id}`;
  const stamp = (n: number): Stamp => ({ id: `${id}~planted${n}`, atUs });
  const asked = { ...exchange, ops: [op], attempt: 1 };
  return [
    { ...original, ...stamp(1), op },
    ...Array.from({ length: 1 + repeatsFor(planting) }, (_, n) => again(asked, `${id}~asked${n + 1}`, atUs)),
    {
      type: "attempt",
      ...stamp(2),
      op,
      attempt: 1,
      startedUs: atUs,
      class: "tool-error",
      outcome: "failed",
    },
    { type: "op-ended", ...stamp(3), op, outcome: "failed" },
  ];
}

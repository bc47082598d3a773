/**
 * How a server tells how far it is: values go up, only calls that asked for it and still run are told of, and each caller of
 * its own. Who waits longer because of it, or shows it to a person, relies on that.
 */
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { NotUp } from "../history/progress.ts";
import type { OpRecord } from "../history/records.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, type Judgement } from "./check.ts";
import { linksBeforeServers } from "./made-by-faults.ts";
import { findingAbout, type Seen, type Trouble } from "./progress-findings.ts";

interface State {
  readonly linksBefore: ReadonlySet<string>;
  readonly troubles: Map<string, Seen>;
  /** Progress that reached nobody who waited for it, until all ops are known that faults meddled with. */
  readonly strays: EventOf<"stray-progress">[];
  /** Ops on whose way a fault did something to a request or an answer. */
  readonly meddled: Set<string>;
  asked: number;
  looked: number;
}

/** Beyond it nobody can tell any more what a fault may have done, so strays are let be. */
const meddledMost = 10_000;
const straysMost = 1000;

/** More often than that nobody can read it, and whoever passes it on pays for each. */
const floodPerSecond = 100;
const floodLeast = 500;

export const progress = defineCheck({
  name: "progress",
  about:
    "Progress goes up, is told only of calls that asked for it and still run, and reaches the caller that it is for.",
  nature: "invariant",
  notApplicable: ({ steps }) => (steps.some((step) => step.progress) ? undefined : "no step asks for progress"),

  start: ({ declared }): State => ({
    linksBefore: linksBeforeServers(declared),
    troubles: new Map(),
    strays: [],
    meddled: new Set(),
    asked: 0,
    looked: 0,
  }),

  on: (record, state) => {
    if (record.type === "op") look(record, state);
    else if (record.type === "stray-progress" && record.is !== "left") {
      if (state.strays.length < straysMost) state.strays.push(record);
    }
  },

  end: (state): Judgement => {
    const { looked, asked } = state;
    const all = [...state.troubles.values(), ...straysIn(state)];
    const findings = all.map((seen) => findingAbout(seen, looked));
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    if (looked === 0) {
      const because =
        asked === 0
          ? "no call was made that asks for progress"
          : `none of ${counted(asked, "call")} that asked was told`;
      return { verdict: "unknown", because, ...judged };
    }
    const strength = `0 violations in the progress of ${counted(looked, "call")}`;
    return { verdict: "pass", ...judged, strength };
  },

  isCertain: ({ troubles }) => [...troubles.values()].some(({ trouble }) => trouble === "falls"),

  // In all of them: what a fault has meddled with is not looked at.
  plant: () => (event: HistoryEvent) => {
    if (event.type !== "attempt" || event.progress === undefined || event.progress.count === 0) return undefined;
    const notUp: NotUp = { count: 1, inOrder: 1, first: [{ before: 2, value: 1 }] };
    return [{ ...event, progress: { ...event.progress, notUp } }];
  },
});

function look(record: OpRecord, state: State): void {
  const told = [...(record.rounds ?? []), ...record.attempts].filter(({ progress: seen }) => seen !== undefined);
  if (told.length === 0) return;
  state.asked += told.length;
  if (record.exchanges.some(({ link, meddled }) => meddled !== undefined && state.linksBefore.has(link))) {
    if (state.meddled.size <= meddledMost) state.meddled.add(record.op);
    return;
  }
  const { server, tool } = record.started;
  for (const { id, progress: seen } of told) {
    if (seen === undefined || seen.count === 0) continue;
    state.looked += 1;
    const at = { what: `${server}.${tool}`, op: record.op, event: id };
    const { notUp } = seen;
    if (notUp !== undefined) {
      const [first] = notUp.first;
      const example = first === undefined ? "" : `${first.value} after ${first.before}`;
      note(state.troubles, notUp.inOrder > 0 ? "falls" : "falls-perhaps", { ...at, count: notUp.count, example });
    }
    const seconds = ((seen.lastUs ?? 0) - (seen.firstUs ?? 0)) / 1e6;
    if (seen.count >= floodLeast && seen.count > seconds * floodPerSecond) {
      note(state.troubles, "flood", {
        ...at,
        count: seen.count,
        example: `${seen.count} within ${seconds.toFixed(1)} s`,
      });
    }
  }
}

function straysIn({ strays, meddled }: State): Seen[] {
  const troubles = new Map<string, Seen>();
  if (meddled.size > meddledMost) return [];
  for (const stray of strays) {
    const { is, op, server, id, count, inOrder } = stray;
    // One whose token nobody knows may be that of any call that a fault sent elsewhere.
    if (op === undefined ? meddled.size > 0 : meddled.has(op)) continue;
    const trouble = troubleOf(is, inOrder === true);
    if (trouble === undefined) continue;
    note(troubles, trouble, { what: server, event: id, count, ...(op === undefined ? {} : { op }), example: op ?? "" });
  }
  return [...troubles.values()];
}

function troubleOf(is: EventOf<"stray-progress">["is"], inOrder: boolean): Trouble | undefined {
  switch (is) {
    case "answered":
      return inOrder ? "after-answer" : "after-answer-perhaps";
    case "foreign":
    case "unknown":
    case "malformed":
      return is;
    // A server need not know yet that nobody waits any more.
    case "left":
      return undefined;
    default:
      return is satisfies never;
  }
}

function note(
  troubles: Map<string, Seen>,
  trouble: Trouble,
  one: { what: string; event: string; op?: string; count: number; example: string },
): void {
  const { what, event, op, count, example } = one;
  const key = `${trouble} ${what}`;
  const all = troubles.get(key) ?? { trouble, what, calls: 0, count: 0, events: [], ops: [], examples: [] };
  troubles.set(key, all);
  all.calls += 1;
  all.count += count;
  if (all.events.length < 5) all.events.push(event);
  if (op !== undefined && all.ops.length < 5 && !all.ops.includes(op)) all.ops.push(op);
  if (example !== "" && all.examples.length < 3 && !all.examples.includes(example)) all.examples.push(example);
}

/**
 * A stalled upstream must not stall what is before it. Who cancels a call is owed that the work behind it stops: bounds
 * hold from the cancel to the moment the server lets go of its upstream. Beside that it is told who ate a chain's budget.
 */
import type { Declared } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import { linksMeeting } from "../history/fault-place.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import type { Told } from "../history/told.ts";
import { counted, formatDuration } from "../units.ts";
import { defineCheck, verdictOf, type Finding, type Judgement } from "./check.ts";
import { watchBudgets, type Budgets } from "./eaten-budget.ts";
import { plainLimits, stopUs, watchLimits, type BlameLimits } from "./blame-limits.ts";
import { followCalls, type FollowedCalls } from "./followed-calls.ts";
import {
  gaveUpsOf,
  impatientOp,
  isUnderFault,
  noteWaiter,
  ownExchanges,
  sharedWork,
  slim,
  type GaveUp,
} from "./orphaned-work.ts";
import { plantOrphans } from "./planted-orphans.ts";
import { mayStall, watchedLinks } from "./stalls.ts";
import { aboutBudgets, aboutCancelled, aboutUntold } from "./timeout-cascade-findings.ts";
import { openWaits, type Waits } from "./waits.ts";

/** One call that goes on may be chance. */
const leftMin = 3;

interface State {
  readonly declared: Declared;
  readonly control: boolean;
  /** Links to their servers: all of them, and those to upstreams whose requests can be told apart. */
  readonly links: ReadonlyMap<string, string>;
  readonly watched: ReadonlyMap<string, string>;
  readonly impatient: FollowedCalls;
  /** Requests that ended after their calls' records were closed, and may belong to such that are not followed. */
  unplaced: number;
  /** Calls that were told an end in time, without a request of their own. */
  readonly patient: Waits;
  readonly budgets: Budgets;
  /** Calls with a request of their own at an upstream. */
  calls: number;
  /** Requests that met a fault behind their server, by server. */
  readonly underFault: Map<string, number>;
  readonly limits: BlameLimits;
}

export const timeoutCascade = defineCheck({
  name: "timeout-cascade",
  about: "When a caller cancels, the work behind the server stops, and one slow step does not eat a chain's budget.",
  nature: "invariant",
  notApplicable: (declared) => {
    const watched = watchedLinks(declared);
    if (declared.faults.some((fault) => mayStall(fault) && linksMeeting(fault).some((link) => watched.has(link))))
      return undefined;
    return "no fault holds up an upstream whose requests can be told apart";
  },

  start: ({ declared, mode }): State => ({
    declared,
    control: mode === "control",
    links: new Map(declared.links.map(({ link, server }) => [link, server])),
    watched: watchedLinks(declared),
    impatient: followCalls(),
    unplaced: 0,
    patient: openWaits(),
    budgets: watchBudgets(declared),
    calls: 0,
    underFault: new Map(),
    limits: watchLimits(),
  }),

  on: (record: HistoryRecord, state) => {
    switch (record.type) {
      case "op":
        follow(record, state);
        return;
      case "exchange":
        followLate(record, state);
        return;
      default:
        state.limits.on(record);
    }
  },

  end: (state, told): Judgement => {
    const seen = whatWasSeen(state);
    const { exposed, untold } = seen;
    const byServer = [...Map.groupBy(seen.left, ({ server }) => server)];
    const proven = byServer.flatMap(([, left]) => (left.length >= leftMin ? left : []));
    const findings = [
      ...byServer.map(([server, left]) => leftFinding(state, seen, { server, left, told })),
      ...(untold.length >= leftMin ? [aboutUntold(untold)] : []),
      ...aboutBudgets(state.budgets, state.declared, new Set(proven.map(({ op }) => op))),
    ];
    const judged = { looked: state.control ? state.calls : exposed.length, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, seen);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(state, seen) };
  },

  // Whether what was left behind had its effect after all.
  asks: (state) => whatWasSeen(state).left.map(({ op }) => op),

  plant: ({ declared }) => plantOrphans(watchedLinks(declared), { stopUs, count: leftMin }),
});

function follow(record: OpRecord, state: State): void {
  const own = ownExchanges(record, state.watched);
  if (own.length > 0) state.calls += 1;
  const hit = own.filter((exchange) => isUnderFault(exchange, record.faults)).length;
  const { server } = record.started;
  state.underFault.set(server, (state.underFault.get(server) ?? 0) + hit);
  state.budgets.add(record, hit > 0);
  if (record.attempts.some(({ class: is }) => is === "timeout")) {
    const op = impatientOp(record, { own, ...state });
    state.impatient.add(op, gaveUpsOf(op, plainLimits).some(wentOn));
  } else if (own.length === 0) noteWaiter(record, state.patient);
}

function wentOn({ work }: GaveUp): boolean {
  return work.is === "left" || work.is === "unclear";
}

/** The op's own record may have been closed long before; then a request of it comes alone. */
function followLate(exchange: EventOf<"exchange">, state: State): void {
  const { impatient, watched, underFault } = state;
  const server = watched.get(exchange.link);
  if (server === undefined) return;
  for (const op of exchange.ops) {
    const known = impatient.find(op);
    if (known === undefined) state.unplaced += 1;
    if (known === undefined || server !== known.server) continue;
    known.own.push(slim(exchange));
    if (isUnderFault(exchange, known.faults)) underFault.set(server, (underFault.get(server) ?? 0) + 1);
  }
}

/** All that is known of callers that gave up, sorted by what it proves. */
interface Seen {
  readonly gaveUps: readonly GaveUp[];
  /** Cancelled and judged: the server was told, and it shows when the work behind it ended. */
  readonly judged: readonly GaveUp[];
  readonly left: readonly GaveUp[];
  /** Those of the judged whose work was waiting at a fault. */
  readonly exposed: readonly GaveUp[];
  /** Work that went on for callers who left without a word. */
  readonly untold: readonly GaveUp[];
  readonly shared: readonly GaveUp[];
}

function whatWasSeen({ impatient, patient, limits }: State): Seen {
  const gaveUps = impatient.all().flatMap((op) => gaveUpsOf(op, limits.of(op.server)));
  const mayBeShared = sharedWork(gaveUps, patient);
  const shared = gaveUps.filter(mayBeShared);
  const own = gaveUps.filter(({ heard, work }) => heard && (work.is === "stopped" || work.is === "left"));
  const judged = own.filter((gaveUp) => gaveUp.policy === "cancel" && !mayBeShared(gaveUp));
  return {
    gaveUps,
    judged,
    left: judged.filter(({ work }) => work.is === "left"),
    exposed: judged.filter(({ metFault }) => metFault),
    untold: own.filter(
      (gaveUp) => gaveUp.policy !== "cancel" && gaveUp.work.is === "left" && !mayBeShared(gaveUp) && gaveUp.metFault,
    ),
    shared,
  };
}

function leftFinding(
  state: State,
  { judged }: Seen,
  { server, left, told }: { readonly server: string; readonly left: readonly GaveUp[]; readonly told: Told },
): Finding {
  return aboutCancelled(left, {
    proven: left.length >= leftMin,
    judged: judged.filter((gaveUp) => gaveUp.server === server).length,
    underFault: state.underFault.get(server) ?? 0,
    told,
    notFollowed: notFollowed(state),
  });
}

/** What of the calls that ran out of patience was not looked at, for there were too many. */
function notFollowed({ impatient }: State): string | undefined {
  const notes = [
    ...(impatient.oneIn() > 1 ? [`one in ${impatient.oneIn()} of those that were let go in time was followed`] : []),
    ...(impatient.leftOut() > 0 ? [`${impatient.leftOut()} more that went on were not followed`] : []),
  ];
  return notes.length === 0 ? undefined : notes.join(", ");
}

function doubtOf(state: State, seen: Seen): string | undefined {
  const { judged, left } = seen;
  if (state.calls === 0) {
    return `no request at ${[...state.watched.keys()].join(", ")} carried an op id, so nobody can tell whose work it is`;
  }
  if (left.length * 2 >= Math.max(1, judged.length)) {
    return `${left.length} of ${counted(judged.length, "cancelled call")} left work behind: too few to tell it from chance`;
  }
  if (state.impatient.oneIn() > 1 && state.unplaced >= leftMin) {
    return `${counted(state.unplaced, "request")} went on for so long that nobody can tell any more whether their calls were cancelled`;
  }
  if (state.control) return undefined;
  // Each server is judged by its own calls.
  const stalled = state.declared.faults.filter(mayStall).flatMap(linksMeeting);
  const servers = [...new Set(stalled.map((link) => state.watched.get(link)))].filter((server) => server !== undefined);
  const doubts = servers.map((server) => ({ server, doubt: doubtAbout(server, seen) }));
  const found = doubts.find(({ doubt }) => doubt !== undefined);
  return found === undefined || servers.length === 1 ? found?.doubt : `${found.server}: ${found.doubt}`;
}

function doubtAbout(server: string, seen: Seen): string | undefined {
  const its = (some: readonly GaveUp[]): readonly GaveUp[] => some.filter((gaveUp) => gaveUp.server === server);
  const [gaveUps, exposed, shared] = [its(seen.gaveUps), its(seen.exposed), its(seen.shared)];
  if (gaveUps.length === 0) return "no call ran out of patience";
  const cancelled = gaveUps.filter(({ policy }) => policy === "cancel");
  if (cancelled.length === 0) {
    return "callers never said that they gave up (onTimeout: cancel), so no server was asked to stop";
  }
  if (exposed.length >= leftMin) return undefined;
  const judged = `${counted(exposed.length, "cancelled call")} could be judged, ${leftMin} are needed`;
  const howMany = (is: GaveUp["work"]["is"]): number => cancelled.filter(({ work }) => work.is === is).length;
  if (shared.length > 0) return `${judged}: ${shared.length} left work behind that other calls may have waited for`;
  if (howMany("unclear") > 0) {
    return `${judged}: after the cancel of ${howMany("unclear")} a request began that does not tell for which attempt it was`;
  }
  if (howMany("cut") > 0) {
    const within = formatDuration(stopUs / 1000);
    return `${judged}: for ${howMany("cut")} the work was ended from outside within ${within} of the cancel`;
  }
  return `${judged}: no more had a request of their own waiting at a fault`;
}

function strengthOf(state: State, { judged, exposed }: Seen): string {
  const { control, calls } = state;
  const of = control ? judged : exposed;
  const left = of.filter(({ work }) => work.is === "left").length;
  const aside = notFollowed(state);
  const many = aside === undefined ? "" : ` (${aside})`;
  const said = `${left} of ${counted(of.length, "cancelled call")} left work behind${many}`;
  if (control) return `${said} in ${counted(calls, "call")}`;
  const slowestUs = of.reduce((most, { work }) => (work.is === "stopped" ? Math.max(most, work.afterUs) : most), 0);
  return `${said}; slowest stop ${formatDuration(Math.round(slowestUs / 1000))} after the cancel`;
}

/**
 * A caller that closes its connection in the middle of a call: up to 2025-11-25 that is no cancel, and the work goes on;
 * since 2026-07-28 it is one, and nothing may be committed after it.
 */
import type { Declared, DeclaredServer } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import { linksMeeting } from "../history/fault-place.ts";
import { disconnectCancels, isSessionless } from "../history/protocol.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import { followSpoken, type Spoken } from "../history/spoken.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, type Judgement } from "./check.ts";
import { plainLimits, stopUs, watchLimits, type BlameLimits } from "./blame-limits.ts";
import { cutCallsOf, type CutCall, type Grounds, type Row } from "./cut-calls.ts";
import { disconnectFindings } from "./disconnect-findings.ts";
import { followCalls, type FollowedCalls } from "./followed-calls.ts";
import { gaveUpsOf, impatientOp, noteWaiter, ownExchanges, sharedWork, slim } from "./orphaned-work.ts";
import { plantLateCommit } from "./planted-late-commit.ts";
import { mayStall, watchedLinks } from "./stalls.ts";
import { openWaits, type Waits } from "./waits.ts";

/** One call may be chance. */
const callsMin = 3;

interface State {
  readonly declared: Declared;
  readonly control: boolean;
  readonly servers: readonly string[];
  readonly links: ReadonlyMap<string, string>;
  readonly watched: ReadonlyMap<string, string>;
  readonly spoken: Spoken;
  readonly impatient: FollowedCalls;
  readonly patient: Waits;
  readonly rows: Rows;
  /** By tool: for how long its server has waited for an upstream that answered in the end. */
  readonly patience: Map<string, number>;
  calls: number;
  readonly limits: BlameLimits;
}

export const disconnect = defineCheck({
  name: "disconnect",
  about:
    "A closed connection is taken for what its revision says: no cancel up to 2025-11-25, a cancel since 2026-07-28.",
  nature: "invariant",
  notApplicable: (declared) =>
    leftServers(declared).length > 0
      ? undefined
      : "nobody closes a connection in mid-call: onTimeout: close, or in 2026-07-28 cancel, where a fault holds up an upstream",

  start: ({ declared, mode }): State => ({
    declared,
    control: mode === "control",
    servers: leftServers(declared).map(({ server }) => server),
    links: new Map(declared.links.map(({ link, server }) => [link, server])),
    watched: watchedLinks(declared),
    spoken: followSpoken(),
    impatient: followCalls(),
    patient: openWaits(),
    rows: openRows(),
    patience: new Map(),
    calls: 0,
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
      case "effect":
        state.rows.add(record);
        return;
      case "session":
        state.spoken.on(record);
        return;
      default:
        state.limits.on(record);
    }
  },

  end: (state): Judgement => {
    const cut = cutCalls(state);
    const findings = disconnectFindings(cut, callsMin);
    const judgedCalls = cut.filter(({ is }) => is !== "unclear");
    const judged = { looked: state.control ? state.calls : judgedCalls.length, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, cut);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(state, judgedCalls) };
  },

  plant: ({ declared }) => plantLateCommit(watchedLinks(declared), { stopUs }),
});

/** Servers whose callers close connections in mid-call, as the plan has it. */
function leftServers(declared: Declared): readonly DeclaredServer[] {
  const watched = watchedLinks(declared);
  const stalled = new Set(
    declared.faults
      .filter(mayStall)
      .flatMap(linksMeeting)
      .map((link) => watched.get(link)),
  );
  const closes = ({ server, protocol }: DeclaredServer): boolean =>
    declared.groups.some(
      ({ group, onTimeout }) =>
        declared.steps.some((step) => step.group === group && step.server === server) &&
        (onTimeout === "close" || (onTimeout === "cancel" && protocol !== undefined && isSessionless(protocol))),
    );
  return declared.servers.filter(
    (server) => server.transport === "http" && stalled.has(server.server) && closes(server),
  );
}

function follow(record: OpRecord, state: State): void {
  const own = ownExchanges(record, state.watched);
  const tool = `${record.started.server}.${record.started.tool}`;
  if (own.length > 0) state.calls += 1;
  for (const { ended, leftUs, atUs, startedUs } of own) {
    if (ended === "answered" && leftUs === undefined) notePatience(state, tool, atUs - startedUs);
  }
  if (record.attempts.some(({ class: is }) => is === "timeout")) {
    const op = impatientOp(record, { own, ...state });
    state.impatient.add(
      op,
      gaveUpsOf(op, plainLimits).some(({ work }) => work.is === "left"),
    );
    state.rows.keep(record.op);
  } else if (own.length === 0) noteWaiter(record, state.patient);
}

function followLate(exchange: EventOf<"exchange">, state: State): void {
  const server = state.watched.get(exchange.link);
  if (server === undefined) return;
  for (const op of exchange.ops) {
    const known = state.impatient.find(op);
    if (known?.server !== server) continue;
    known.own.push(slim(exchange));
    const { ended, leftUs, atUs, startedUs } = exchange;
    if (ended === "answered" && leftUs === undefined) notePatience(state, known.tool, atUs - startedUs);
  }
}

function notePatience({ patience }: State, tool: string, us: number): void {
  patience.set(tool, Math.max(patience.get(tool) ?? 0, us));
}

function cutCalls(state: State): readonly CutCall[] {
  const { declared, spoken, rows, patience, limits, impatient, patient, servers } = state;
  const alone = new Set(
    servers.filter(
      (server) => !declared.links.some((link) => link.server === server && link.plane === "server-upstream"),
    ),
  );
  const cut = impatient.all().flatMap((op) => {
    const grounds: Grounds = {
      ...limits.of(op.server),
      revisionOf: spoken.with,
      rowOf: rows.of,
      patienceOf: (tool) => patience.get(tool) ?? 0,
      actsAlone: (server) => alone.has(server),
    };
    return servers.includes(op.server) ? cutCallsOf(op, grounds) : [];
  });
  const mayBeShared = sharedWork(
    cut.map(({ gaveUp }) => gaveUp),
    patient,
  );
  return cut.map((call) => (mayBeShared(call.gaveUp) ? { ...call, is: "unclear" } : call));
}

function doubtOf({ control, calls, servers, spoken, watched }: State, cut: readonly CutCall[]): string | undefined {
  if (calls === 0) {
    return `no request at ${[...watched.keys()].join(", ")} carried an op id, so nobody can tell whose work it is`;
  }
  if (control) return undefined;
  for (const server of servers) {
    if (spoken.with(server) === undefined) return `no session with ${server} tells which revision is spoken`;
    const its = cut.filter((call) => call.server === server);
    const clear = its.filter(({ is }) => is !== "unclear");
    if (its.length === 0) return `no caller of ${server} closed its connection in the middle of a call`;
    if (clear.length < callsMin) {
      return `of ${counted(its.length, "call")} of ${server} whose callers had gone ${clear.length} could be judged, ${callsMin} are needed`;
    }
  }
  return undefined;
}

function strengthOf({ control, calls, servers, spoken }: State, judged: readonly CutCall[]): string {
  if (control) return `0 callers left in the middle of ${counted(calls, "call")}`;
  return servers
    .map((server) => {
      const revision = spoken.with(server);
      const its = judged.filter((call) => call.server === server);
      const wrong =
        revision !== undefined && disconnectCancels(revision, "http") ? ["went-on", "committed"] : ["dropped"];
      const bad = its.filter(({ is }) => wrong.includes(is)).length;
      const what = wrong.includes("dropped") ? "were dropped with their connection" : "went on without them";
      return `${bad} of ${counted(its.length, "call")} whose callers had gone ${what} at ${server} (${revision ?? ""})`;
    })
    .join("; ");
}

interface Rows {
  readonly add: (effect: EventOf<"effect">) => void;
  /** From now on every row of this op matters. */
  readonly keep: (op: string) => void;
  readonly of: (op: string) => Row | undefined;
}

// A row may come before its op is done with; then it waits, and of very many the oldest make room.
const waitingMost = 20_000;

/** Of each op the last row. */
function openRows(): Rows {
  const waiting = new Map<string, Row>();
  const kept = new Map<string, Row | undefined>();
  return {
    add: ({ op, id, committedUs, afterHangup = false }) => {
      if (op === undefined) return;
      const row: Row = { id, committedUs: committedUs[0], afterHangup };
      if (kept.has(op)) {
        kept.set(op, row);
        return;
      }
      waiting.set(op, row);
      const [oldest] = waiting.size > waitingMost ? waiting.keys() : [];
      if (oldest !== undefined) waiting.delete(oldest);
    },
    keep: (op) => {
      if (kept.size >= waitingMost) return;
      kept.set(op, waiting.get(op));
      waiting.delete(op);
    },
    of: (op) => kept.get(op),
  };
}

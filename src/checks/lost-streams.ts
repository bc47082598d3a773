/**
 * Before 2026-07-28 a server may let its callers resume an event stream that they have lost: whoever names the last event
 * gets what came behind it, all of it, once, and nothing of other streams. From then on nothing is resumed: what was lost
 * is asked for anew, and what that does to effects is for others to judge.
 */
import type { Declared } from "../history/declared.ts";
import type { HistoryEvent } from "../history/events.ts";
import type { LostStream } from "../history/lost-stream.ts";
import { isSessionless } from "../history/protocol.ts";
import { followSpoken, type Spoken } from "../history/spoken.ts";
import type { OpRecord } from "../history/records.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, witnessesMax, type Judgement } from "./check.ts";
import { streamFindings, type StreamWrong, type Wrongs } from "./lost-stream-findings.ts";
import { linksBeforeServers } from "./made-by-faults.ts";

interface ServerState {
  readonly server: string;
  /** Streams that were lost with an id to ask by, those without one, and those of them whose rest came. */
  named: number;
  unnamed: number;
  resumed: number;
  /** Streams of which it is known what resuming them came to. */
  looked: number;
  /** Where nothing is resumed: streams that were lost, and those that were asked for anew. */
  gone: number;
  anew: number;
  readonly wrongs: Map<StreamWrong, Wrongs>;
}

interface State {
  readonly linksBefore: ReadonlySet<string>;
  readonly spoken: Spoken;
  readonly servers: Map<string, ServerState>;
}

export const lostStreams = defineCheck({
  name: "lost-streams",
  about: "Who names the last event of a lost stream gets all that came behind it, once, and nothing of other streams.",
  nature: "invariant",
  notApplicable: (declared) =>
    cutLinks(declared).length > 0
      ? undefined
      : "no fault cuts the event streams of agents who resume them: kind: sse-cut, and reconnect: { stream: resume } in the policy",

  start: ({ declared }): State => ({
    linksBefore: linksBeforeServers(declared),
    spoken: followSpoken(),
    servers: new Map(),
  }),

  on: (record, state) => {
    if (record.type === "session") state.spoken.on(record);
    if (record.type === "op") look(record, state);
  },

  end: ({ servers }): Judgement => {
    const all = [...servers.values()];
    const findings = all.flatMap(({ server, wrongs, looked }) => streamFindings(server, { wrongs, looked }));
    const looked = all.reduce((sum, of) => sum + of.looked, 0);
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    if (looked === 0) return { verdict: "unknown", because: doubtAbout(all), ...judged };
    return { verdict: "pass", ...judged, strength: all.map(strengthOf).join("; ") };
  },

  isCertain: ({ servers }) =>
    [...servers.values()].some(({ wrongs }) => [...wrongs.keys()].some((wrong) => wrong !== "refused")),

  plant: () => {
    let planted = false;
    return (event: HistoryEvent) => {
      if (planted || event.type !== "attempt" || event.lostStream === undefined) return undefined;
      const { lostStream } = event;
      const [first, ...more] = lostStream.resumptions;
      if (first === undefined || !isToldOf(lostStream)) return undefined;
      planted = true;
      return [{ ...event, lostStream: { ...lostStream, resumptions: [{ ...first, foreign: 1 }, ...more] } }];
    };
  },
});

/** The links on which streams are cut whose agents resume them. */
function cutLinks({ groups, links, faults, servers }: Declared): readonly string[] {
  const resuming = new Set(groups.flatMap(({ group, resumes }) => (resumes === true ? [group] : [])));
  const mayResume = new Set(
    servers.flatMap(({ server, transport, protocol }) =>
      transport === "http" && (protocol === undefined || !isSessionless(protocol)) ? [server] : [],
    ),
  );
  const own = links.filter(
    ({ link, plane, server }) =>
      plane === "agent-server" && mayResume.has(server) && resuming.has(link.slice(0, link.indexOf("@"))),
  );
  const cut = new Set(faults.filter(({ kind }) => kind === "sse-cut").map(({ link }) => link));
  return own.flatMap(({ link }) => (cut.has(link) ? [link] : []));
}

function look(record: OpRecord, state: State): void {
  const { started, attempts, rounds = [] } = record;
  const version = state.spoken.with(started.server);
  if (version !== undefined && isSessionless(version)) {
    const lost = attempts.findIndex(({ class: is }) => is === "truncated" || is === "stream-ended");
    if (lost === -1) return;
    const server = serverNamed(started.server, state);
    server.gone += 1;
    if (lost < attempts.length - 1) server.anew += 1;
    return;
  }
  for (const attempt of [...rounds, ...attempts]) {
    const { lostStream } = attempt;
    if (lostStream === undefined) continue;
    const server = serverNamed(started.server, state);
    if (lostStream.lastEventId === undefined) server.unnamed += 1;
    else server.named += 1;
    const isLate = attempt.class === "timeout";
    const told = withoutOthersRefusals(lostStream, record);
    const wrongs = wrongsOf(told, { tailIsDue: isTailDue(record, { ...attempt, isLate, lostStream }, state) });
    if (lostStream.resumptions.at(-1)?.came === "answer") server.resumed += 1;
    if (isToldOf(told) || wrongs.length > 0) server.looked += 1;
    for (const wrong of wrongs) note(server, wrong, { op: record.op, event: attempt.id });
  }
}

/** Where something else was broken, such as by a kill, the server may have refused a session that it knows no more. */
function withoutOthersRefusals(lostStream: LostStream, { faults }: OpRecord): LostStream {
  if (faults.every(({ kind }) => kind === "sse-cut")) return lostStream;
  return { ...lostStream, resumptions: lostStream.resumptions.filter(({ came }) => came !== "refused") };
}

/** Whatever came on a stream that was resumed tells something of how it was. */
function isToldOf({ resumptions }: LostStream): boolean {
  return resumptions.some(({ came, status, events }) => came === "answer" || events > 0 || refuses(came, status));
}

/** What these statuses say is that there is no resuming; others speak of sessions, of who asks, or of other trouble. */
const noResuming: ReadonlySet<number> = new Set([400, 405, 406, 410, 501]);

function refuses(came: string, status = 0): boolean {
  return came === "refused" && noResuming.has(status);
}

function wrongsOf({ resumptions, sharedIds = 0 }: LostStream, about: { readonly tailIsDue: boolean }): StreamWrong[] {
  return [
    ...(resumptions.some(({ foreign = 0 }) => foreign > 0) ? (["foreign"] as const) : []),
    ...(resumptions.some(({ twice = 0 }) => twice > 0) ? (["twice"] as const) : []),
    ...(sharedIds > 0 ? (["shared"] as const) : []),
    ...(about.tailIsDue ? (["tail"] as const) : []),
    ...(resumptions.some(({ came, status }) => refuses(came, status)) ? (["refused"] as const) : []),
  ];
}

/** A server that is asked gets so long before its silence means something. */
const silenceLeastUs = 1_000_000;

/**
 * The answer was there, for the fault has cut it off, and the server took up the stream again; nothing else was broken
 * that may have kept the rest back.
 */
function isTailDue(
  { exchanges, faults }: OpRecord,
  attempt: {
    readonly attempt: number;
    readonly atUs: number;
    readonly startedUs: number;
    readonly isLate: boolean;
    readonly lostStream: LostStream;
  },
  { linksBefore }: State,
): boolean {
  const last = attempt.lostStream.resumptions.at(-1);
  if (last === undefined || (last.status ?? 0) !== 200) return false;
  const isSilent =
    last.came === "silent" && attempt.isLate && attempt.atUs - attempt.startedUs - last.afterUs >= silenceLeastUs;
  if (last.came !== "ended" && !isSilent) return false;
  if (faults.some(({ kind }) => kind !== "sse-cut")) return false;
  const own = exchanges.filter((exchange) => linksBefore.has(exchange.link) && exchange.attempt === attempt.attempt);
  return own.some(
    ({ ended, meddled }) => ended === "eaten" && meddled?.did === "replace-answer" && meddled.status === 200,
  );
}

function serverNamed(server: string, { servers }: State): ServerState {
  const known = servers.get(server);
  if (known !== undefined) return known;
  const fresh = { server, named: 0, unnamed: 0, resumed: 0, looked: 0, gone: 0, anew: 0, wrongs: new Map() };
  servers.set(server, fresh);
  return fresh;
}

function note({ wrongs }: ServerState, wrong: StreamWrong, { op, event }: { op: string; event: string }): void {
  const of = wrongs.get(wrong) ?? { count: 0, events: [], ops: [] };
  wrongs.set(wrong, of);
  of.count += 1;
  if (of.events.length < witnessesMax) of.events.push(event);
  if (of.ops.length < witnessesMax && !of.ops.includes(op)) of.ops.push(op);
}

function doubtAbout(servers: readonly ServerState[]): string {
  const named = servers.find((of) => of.named > 0);
  if (named !== undefined)
    return `${named.server} was asked for the rest of lost streams, and none of it was seen to come`;
  const unnamed = servers.find((of) => of.unnamed > 0);
  if (unnamed === undefined) return "no event stream was lost that its caller could have resumed";
  return `${unnamed.server} gave the events of its streams no ids, which it may, so none that was lost could be resumed`;
}

function strengthOf({ server, looked, resumed, unnamed, gone, anew }: ServerState): string {
  if (gone > 0) return `${counted(anew, "call")} of ${gone} at ${server} asked anew, where nothing is resumed`;
  const rest = unnamed === 0 ? "" : `, ${unnamed} more had no ids`;
  return `0 of ${counted(looked, "lost stream")} of ${server} wrongly resumed, ${resumed} to the answer${rest}`;
}

/**
 * A session that a server has opened belongs to the server, not to the process that opened it: of several replicas each
 * answers it, until its client ends it. Where the revision has no sessions, none may be asked for.
 */
import type { Declared } from "../history/declared.ts";
import type { Attempt, HistoryEvent, Stamp } from "../history/events.ts";
import type { HistoryRecord, JoinedExchange, OpRecord } from "../history/records.ts";
import { isProtocolVersion, isSessionless } from "../history/protocol.ts";
import { deniesSession } from "../history/session-words.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { sessionFindings, type Lost } from "./session-loss-findings.ts";

interface ServerState extends Lost {
  /** Sessions that were opened, and those of them without an id. */
  opened: number;
  unnamed: number;
  /** Requests that were answered by another replica than the one before in the same session. */
  handedOn: number;
  /** When a fault last made up an answer on the way to it that belongs to no op: it may have been to an opening. */
  madeUpUs: number;
}

interface State {
  /** Nothing makes a session change its replica then, where the balancer does not. */
  readonly control: boolean;
  readonly servers: ReadonlyMap<string, ServerState>;
  /** By link before them: the balancer's and those of agents. */
  readonly serverOf: ReadonlyMap<string, string>;
  /** By link from a balancer: the name of the replica. */
  readonly replicas: ReadonlyMap<string, string>;
  /** By agent and server: when its sessions were opened. */
  readonly openings: Map<string, number[]>;
  /** By agent and server: which replica answered last, and in which of the sessions. */
  readonly last: Map<string, { readonly session: number; readonly replica: string }>;
}

export const sessionLoss = defineCheck({
  name: "session-loss",
  about: "A session that a server has opened is known to each of its replicas, until its client ends it.",
  nature: "invariant",
  notApplicable: ({ servers }) =>
    servers.some(({ replicas }) => replicas !== undefined)
      ? undefined
      : "no server runs as replicas, so no session could be asked for at another process",

  start: ({ declared, mode }): State => ({
    control: mode === "control",
    servers: new Map(
      replicated(declared).map((server) => [
        server,
        {
          server,
          asked: 0,
          lost: 0,
          openings: 0,
          statuses: new Map(),
          replicas: new Set(),
          opened: 0,
          unnamed: 0,
          handedOn: 0,
          sessionless: false,
          madeUpUs: Number.NEGATIVE_INFINITY,
          events: [],
          ops: [],
        },
      ]),
    ),
    serverOf: new Map(
      declared.links.flatMap(({ link, plane, server }) => (plane === "server-upstream" ? [] : [[link, server]])),
    ),
    replicas: replicaNames(declared),
    openings: new Map(),
    last: new Map(),
  }),

  on: (record, state) => {
    if (record.type === "op") followOp(record, state);
    else if (record.type === "session") followSession(record, state);
    else if (record.type === "exchange" && record.meddled?.made !== undefined) {
      const server = state.servers.get(state.serverOf.get(record.link) ?? "");
      if (server !== undefined) server.madeUpUs = record.atUs;
    }
  },

  end: ({ servers, control }): Judgement => {
    const all = [...servers.values()];
    const findings: Finding[] = all.flatMap(sessionFindings);
    const looked = all.reduce((sum, { asked, openings }) => sum + asked + openings, 0);
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = all.map((of) => doubtOf(of, control)).find((doubt) => doubt !== undefined);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: all.map(strengthOf).join("; ") };
  },

  isCertain: ({ servers }) => [...servers.values()].some(({ lost, openings }) => lost + openings > 0),

  plant: ({ declared }) => plantLoss(declared),
});

function replicated({ servers }: Declared): readonly string[] {
  return servers.flatMap(({ server, replicas }) => (replicas === undefined ? [] : [server]));
}

function replicaNames({ links }: Declared): ReadonlyMap<string, string> {
  const ofBalancers = links.filter(({ plane }) => plane === "balancer-replica");
  return new Map(ofBalancers.map(({ link, server }) => [link, link.slice(`${server}->`.length)]));
}

const openingMostUs = 10_000_000;

function followSession(event: Extract<HistoryRecord, { type: "session" }>, { servers, openings }: State): void {
  const { edge, named, id, atUs } = event;
  const server = servers.get(event.server);
  if (server === undefined) return;
  if (edge === "opened") {
    server.opened += 1;
    server.sessionless = isProtocolVersion(event.protocolVersion) && isSessionless(event.protocolVersion);
    if (named !== true) server.unnamed += 1;
    const key = `${event.group}.${event.agent}@${event.server}`;
    const times = openings.get(key);
    if (times === undefined) openings.set(key, [atUs]);
    else times.push(atUs);
  } else if (edge === "failed" && named === true && atUs - server.madeUpUs > openingMostUs) {
    server.openings += 1;
    witness(server.events, id);
  }
}

function followOp({ op, started, attempts, exchanges }: OpRecord, state: State): void {
  const server = state.servers.get(started.server);
  if (server === undefined) return;
  const agent = `${started.group}.${started.agent}@${started.server}`;
  for (const attempt of attempts) {
    const exchange = answeredBy(attempt, exchanges, state.replicas);
    const replica = state.replicas.get(exchange?.link ?? "");
    if (exchange === undefined || replica === undefined) continue;
    server.asked += 1;
    if (deniesSession(attempt)) {
      server.lost += 1;
      server.replicas.add(replica);
      const status = attempt.status ?? 0;
      server.statuses.set(status, (server.statuses.get(status) ?? 0) + 1);
      witness(server.events, attempt.id, exchange.id);
      if (!server.ops.includes(op)) witness(server.ops, op);
      continue;
    }
    const session = state.openings.get(agent)?.findLastIndex((openedUs) => openedUs <= attempt.startedUs) ?? -1;
    const before = state.last.get(agent);
    if (before?.session === session && before.replica !== replica) server.handedOn += 1;
    if (before?.session !== session || before.replica !== replica) state.last.set(agent, { session, replica });
  }
}

/** A replica's own answer to this attempt, as its caller got it: neither the balancer's nor one that a fault put in. */
function answeredBy(
  { attempt, status }: Attempt,
  exchanges: readonly JoinedExchange[],
  replicas: ReadonlyMap<string, string>,
): JoinedExchange | undefined {
  return exchanges.findLast(
    (exchange) =>
      replicas.has(exchange.link) &&
      exchange.attempt === attempt &&
      exchange.ended === "answered" &&
      // What the SDK makes of an answer does not tell its status.
      (status === undefined || exchange.status === status) &&
      exchange.meddled?.made === undefined,
  );
}

function witness(kept: string[], ...more: readonly string[]): void {
  if (kept.length + more.length <= witnessesMax) kept.push(...more);
}

function doubtOf(of: ServerState, control: boolean): string | undefined {
  const { server, asked, opened, unnamed, handedOn, sessionless } = of;
  if (asked === 0) return `no request of a session was seen to be answered by a replica of ${server}`;
  if (sessionless && handedOn === 0 && !control) {
    return `each agent was served by one replica of ${server} only, so nothing tells whether another serves it as well`;
  }
  if (opened > unnamed && handedOn === 0 && !control) {
    return `each session of ${server} was served by one replica only, so nothing tells whether another knows it`;
  }
  return undefined;
}

function strengthOf({ server, asked, opened, unnamed, handedOn, sessionless }: ServerState): string {
  if (sessionless) {
    return `0 of ${asked} requests were refused for want of a session, ${handedOn} of them at another replica than the one before`;
  }
  if (opened === unnamed) return `the sessions of ${server} have no id, so any replica may serve ${asked} requests`;
  return `0 of ${asked} requests lost their session, ${handedOn} of them at another replica than the one before`;
}

/** After a call that was answered, the same op is tried once more and finds its session gone. */
function plantLoss(declared: Declared): (event: HistoryEvent) => readonly HistoryEvent[] | undefined {
  const servers = new Set(replicated(declared));
  const link = [...replicaNames(declared).keys()][0] ?? "";
  const called = new Set<string>();
  let planted = false;
  return (event) => {
    if (planted) return undefined;
    if (event.type === "op-started" && servers.has(event.server) && link.startsWith(`${event.server}->`)) {
      called.add(event.op);
    }
    if (event.type === "op-ended") called.delete(event.op);
    if (event.type !== "attempt" || event.class !== "ok" || !called.has(event.op)) return undefined;
    planted = true;
    const { op, atUs, startedUs } = event;
    const attempt = event.attempt + 1;
    const at = (n: number): Stamp => ({ id: `${event.id}~planted${n}`, atUs });
    return [
      event,
      {
        type: "exchange",
        ...at(1),
        link,
        connection: 0,
        ops: [op],
        attempt,
        method: "POST",
        path: "/mcp",
        startedUs,
        ended: "answered",
        status: 404,
        bytesUp: 0,
        bytesDown: 0,
      },
      { type: "attempt", ...at(2), op, attempt, startedUs, class: "session-lost", outcome: "failed", status: 404 },
    ];
  };
}

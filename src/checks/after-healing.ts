/**
 * Ops after the last fault of an episode was healed: what each came to, and if it was not ok, whether something other
 * than the server stood in its way. Here it is collected; what it means is for recovered.ts to say.
 */
import type { Declared, DeclaredFault } from "../history/declared.ts";
import type { EventOf, Exchange } from "../history/events.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import { serversAt } from "../history/fault-place.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import { openRecoveryOps, type Excuse, type Kept, type RecoveryOps } from "./recovery-ops.ts";
import { exitToldUs, type ServerExits } from "./server-exits.ts";
import { lastWordsOf } from "./upstream-answers.ts";

/** One fault phase with faults that touch a server, and the recovery behind it. */
export interface Episode {
  readonly episode: string;
  readonly server: string;
  readonly faults: readonly DeclaredFault[];
  /** The plan may have none. */
  readonly recovery: string | undefined;
}

export interface Tried {
  /** Of an op that was ok, nobody asks which it was. */
  readonly op: string;
  readonly tool: string;
  readonly agent: string;
  readonly intendedUs: number;
  readonly came: "ok" | "bad" | Excuse;
  /** Of an op that was not ok. */
  readonly class?: OutcomeClass;
}

export interface Collected {
  readonly baseline: ReadonlyMap<string, Baseline>;
  /** Ops of a recovery phase with an intended start from then on, in order of it. */
  readonly triedIn: (episode: Episode, later: Later, fromUs: number) => readonly Tried[];
}

export interface Baseline {
  ops: number;
  bad: number;
}

export interface Collection extends Collected {
  readonly on: (record: HistoryRecord) => void;
}

export function episodesOf(declared: Declared): readonly Episode[] {
  return declared.phases.flatMap(({ phase: episode, role }, index) => {
    if (role !== "fault") return [];
    const next = declared.phases[index + 1];
    const recovery = next?.role === "recovery" ? next.phase : undefined;
    const faults = declared.faults
      .filter(({ phase }) => phase === episode)
      .flatMap((fault) => serversAt(fault, declared.links).map((server) => ({ server, fault })));
    const byServer = Map.groupBy(faults, ({ server }) => server);
    return [...byServer].map(([server, of]) => ({ episode, server, faults: of.map(({ fault }) => fault), recovery }));
  });
}

interface Desk {
  readonly roles: ReadonlyMap<string, string>;
  readonly upstreamLinks: UpstreamLinks;
  readonly onTcp: ReadonlySet<string>;
  readonly baseline: Map<string, Baseline>;
  /** By recovery phase and server. */
  readonly kept: Map<string, RecoveryOps>;
  /** By server: when something went wrong at a link behind it that belongs to no op for sure, in order. */
  readonly troubles: Map<string, number[]>;
  readonly upstreamGone: Map<string, number>;
  /** By agent and server: when its sessions were opened. */
  readonly opened: Map<string, number[]>;
}

export function collectAfterHealing(declared: Declared): Collection {
  const behind = declared.links.filter(({ plane }) => plane === "server-upstream");
  const desk: Desk = {
    roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
    upstreamLinks: new Map(behind.map(({ link, server }) => [link, server])),
    onTcp: new Set(behind.filter(({ protocol }) => protocol === "tcp").map(({ server }) => server)),
    baseline: new Map(),
    kept: new Map(),
    troubles: new Map(),
    upstreamGone: new Map(),
    opened: new Map(),
  };
  return {
    on: (record) => collect(desk, record),
    baseline: desk.baseline,
    triedIn: ({ recovery = "", server }, later, fromUs) =>
      (desk.kept.get(`${recovery} ${server}`)?.from(fromUs) ?? []).map((op) =>
        op.came === "bad" ? { ...op, came: cameOf(op, { ...later, desk, server }) } : op,
      ),
  };
}

function collect(desk: Desk, record: HistoryRecord): void {
  switch (record.type) {
    case "op":
      return collectOp(desk, record);
    case "session":
      if (record.edge === "opened") push(desk.opened, `${record.group}.${record.agent}@${record.server}`, record.atUs);
      return;
    case "exchange":
    case "connection": {
      const server = desk.upstreamLinks.get(record.link);
      if (server !== undefined && wentWrong(record)) push(desk.troubles, server, record.atUs);
      if (record.type === "exchange" && record.ops.length > 0) excuseLate(desk, record);
      return;
    }
    case "target":
      for (const [link, server] of desk.upstreamLinks) {
        if (record.role !== "upstream" || link !== `${server}->${record.target}`) continue;
        if (record.edge === "exited" || record.edge === "killed") desk.upstreamGone.set(server, record.atUs);
        else if (record.edge === "ready") desk.upstreamGone.delete(server);
      }
      return;
    default:
  }
}

function collectOp(desk: Desk, record: OpRecord): void {
  const { started, ended, attempts, outcome } = record;
  const cutShort = attempts.some(({ class: is }) => is === "stopped");
  if (ended === undefined || cutShort) return;
  const tool = `${started.server}.${started.tool}`;
  const role = desk.roles.get(started.phase);
  if (role === "baseline" && outcome !== "not-run" && !record.straddles) {
    const entry = desk.baseline.get(tool) ?? { ops: 0, bad: 0 };
    desk.baseline.set(tool, entry);
    entry.ops += 1;
    if (outcome !== "ok") entry.bad += 1;
  }
  if (role !== "recovery") return;
  const last = attempts.at(-1);
  const retryAfterMs = last?.retryAfterMs ?? Number.NEGATIVE_INFINITY;
  const key = `${started.phase} ${started.server}`;
  const kept = desk.kept.get(key) ?? openRecoveryOps();
  desk.kept.set(key, kept);
  kept.add({
    op: record.op,
    tool,
    intendedUs: started.intendedUs,
    came: outcome === "ok" || outcome === "not-run" ? outcome : (excuseIn(record, desk.upstreamLinks) ?? "bad"),
    ...(outcome === "ok" || last === undefined ? {} : { class: last.class }),
    agent: `${started.group}.${started.agent}`,
    fromUs: started.atUs,
    toUs: ended.atUs,
    waitUntilUs: ended.atUs + retryAfterMs * 1000,
    unseenBehind: record.ambiguous || desk.onTcp.has(started.server),
  });
}

/** A request that ended so late that its op's record had been closed excuses it as well. */
function excuseLate({ kept, upstreamLinks }: Desk, exchange: EventOf<"exchange">): void {
  const failed = upstreamLinks.has(exchange.link) && failedUpstream(exchange);
  if (exchange.ended !== "refused" && !failed) return;
  for (const of of kept.values()) {
    for (const op of exchange.ops) of.excuse(op, exchange.ended === "refused" ? "closed-way" : "upstream");
  }
}

/** What is known only when the history is over. */
export interface Later {
  readonly exits: ServerExits["exits"];
  readonly healedUs: number;
  /** The end of the recovery phase. */
  readonly untilUs: number;
}

function cameOf(op: Kept, about: Later & { readonly desk: Desk; readonly server: string }): Tried["came"] {
  const { desk, server, exits, healedUs, untilUs } = about;
  if ((desk.upstreamGone.get(server) ?? Number.POSITIVE_INFINITY) <= op.toUs) return "upstream";
  if (op.unseenBehind && firstFrom(desk.troubles.get(server) ?? [], op.fromUs) <= op.toUs) return "upstream";
  const its = exits.filter(({ event: { instance = op.agent } }) => instance === op.agent);
  const wasAway = its.some(
    ({ event, backUs = Number.POSITIVE_INFINITY }) => op.fromUs <= backUs && op.toUs >= event.atUs - exitToldUs,
  );
  if (wasAway) return "restarting";
  if (op.waitUntilUs > untilUs) return "asked-to-wait";
  if (op.class !== "session-lost") return "bad";
  // To lose the sessions of before is allowed; one that was opened in the calm must hold, unless the server ended.
  const since = desk.opened.get(`${op.agent}@${server}`)?.findLast((us) => us <= op.toUs) ?? 0;
  return since > healedUs && its.every(({ event }) => event.atUs < since) ? "bad" : "session";
}

/** The first of these moments that is no earlier; they are in order. */
function firstFrom(momentsUs: readonly number[], us: number): number {
  let low = 0;
  let high = momentsUs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((momentsUs[middle] ?? us) >= us) high = middle;
    else low = middle + 1;
  }
  return momentsUs[low] ?? Number.POSITIVE_INFINITY;
}

/** By link: the server in front of it. */
type UpstreamLinks = ReadonlyMap<string, string>;

function excuseIn(record: OpRecord, upstreamLinks: UpstreamLinks): Excuse | undefined {
  if (record.faults.length > 0) return "next-fault";
  if (record.exchanges.some(({ ended }) => ended === "refused")) return "closed-way";
  const asked = record.exchanges.filter(({ link }) => upstreamLinks.has(link));
  return lastWordsOf(asked).some(failedUpstream) ? "upstream" : undefined;
}

/** An answer that nobody could make anything of, or none at all; 4xx but for 429 is the server's own mistake. */
function failedUpstream({ ended, status = 0 }: Exchange): boolean {
  return ended !== "answered" || status >= 500 || status === 429;
}

function wentWrong(event: EventOf<"exchange" | "connection">): boolean {
  if (event.type === "connection") return event.edge === "refused";
  return event.ended !== "answered" || (event.status ?? 0) >= 500;
}

function push<T>(lists: Map<string, T[]>, key: string, entry: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}

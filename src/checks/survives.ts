/**
 * Once the trouble is over the server works again, by itself: its process lives or is back as its restart policy says,
 * it offers the tools that it offered, and its calls succeed, however the trouble was healed.
 */
import type { Declared } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import { placeOf } from "../history/fault-place.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import { counted } from "../units.ts";
import { collectAfterHealing, episodesOf, type Collection, type Episode } from "./after-healing.ts";
import { defineCheck, verdictOf, witnessesMax, type Judgement } from "./check.ts";
import { plantBrokenServer } from "./planted-breakdown.ts";
import { judgeTail, tailOf, type Recovery, type Tail } from "./recovered.ts";
import { exitToldUs, followExits, type ExitsFold, type ServerExits } from "./server-exits.ts";
import { followKills, type KillsFold, type ServerKills } from "./server-kills.ts";
import {
  awayFinding,
  exitFinding,
  healsOf,
  stuckFinding,
  upstreamFinding,
  vanishedFinding,
  type FaultSpan,
  type Hurt,
} from "./survives-findings.ts";
import { followTools, type ServerTools, type ToolsFold } from "./vanished-tools.ts";

interface State {
  readonly control: boolean;
  readonly declared: Declared;
  readonly exits: ExitsFold;
  readonly kills: KillsFold;
  readonly tools: ToolsFold;
  readonly ops: Collection;
  readonly faults: FaultSpan[];
  readonly phases: Map<string, { startUs: number; endUs?: number }>;
  /** By server. */
  readonly exited: Map<string, EventOf<"target">[]>;
  readonly hurt: Map<string, Hurt>;
  lastUs: number;
}

/** What became of one server after one episode. */
interface Tried {
  readonly episode: Episode;
  readonly tail?: Tail;
  readonly recovery: Recovery;
}

export const survives = defineCheck({
  name: "survives",
  about: "When the trouble is over the server works again by itself: it lives, has all its tools, and answers.",
  nature: "invariant",
  notApplicable: (declared) =>
    declared.faults.length > 0 ? undefined : "no fault is planned, so there is nothing to survive",

  start: ({ declared, mode }): State => ({
    control: mode === "control",
    declared,
    exits: followExits(declared),
    kills: followKills(declared),
    tools: followTools(declared),
    ops: collectAfterHealing(declared),
    faults: [],
    phases: new Map(),
    exited: new Map(),
    hurt: new Map(),
    lastUs: 0,
  }),

  on: (record, state) => {
    state.exits.on(record);
    state.kills.on(record);
    state.tools.on(record);
    state.ops.on(record);
    follow(record, state);
  },

  end: (state, told): Judgement => {
    const exits = state.exits.end(state.lastUs);
    const kills = state.kills.end();
    const tools = state.tools.end();
    const came = { exits, kills, tools };
    const tried = episodesToJudge(state).map((episode) => recoveryOf(episode, state, came));
    const lasting = [
      ...exits.flatMap((of) => exitFinding(of, { ...state, hurt: state.hurt.get(of.server) })),
      ...kills.flatMap((of) => awayFinding(of, state)),
      ...tools.flatMap(vanishedFinding),
    ];
    const stuck = tried.flatMap(({ episode, tail, recovery }) =>
      tail === undefined
        ? []
        : [
            ...stuckFinding(tail, recovery, { heals: healsOf(episode, state.faults), told }),
            ...upstreamFinding(tail, told),
          ],
    );
    const judged = { looked: lookedAt(state, tools, tried), findings: [...lasting, ...stuck] };
    if (verdictOf(lasting) === "fail") return { verdict: "fail", ...judged };
    if (state.control && stuck.some(({ grade }) => grade !== "info")) {
      return { verdict: "unknown", because: "calls went on failing although nothing was broken", ...judged };
    }
    if (verdictOf(stuck) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, { ...came, tried });
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(state, came, tried) };
  },

  plant: ({ declared }) => plantBrokenServer(declared),
});

function follow(record: HistoryRecord, state: State): void {
  if (record.type !== "op") state.lastUs = record.atUs;
  switch (record.type) {
    case "op":
      return followOp(record, state);
    case "phase":
      if (record.edge === "start") state.phases.set(record.phase, { startUs: record.atUs });
      else Object.assign(state.phases.get(record.phase) ?? {}, { endUs: record.atUs });
      return;
    case "target":
      if (record.role !== "server" || record.edge !== "exited") return;
      state.exited.set(record.target, state.exited.get(record.target) ?? []);
      state.exited.get(record.target)?.push(record);
      return;
    case "fault":
      return followFault(record, state);
    default:
  }
}

function followFault({ id, atUs, ...record }: EventOf<"fault">, { faults }: State): void {
  const { fault, kind, window, edge, form, control = false } = record;
  if (edge === "requested") {
    faults.push({ ...placeOf(record), fault, kind, window, control, fromUs: atUs, observed: false, events: [id] });
    return;
  }
  const span = faults.findLast((candidate) => candidate.fault === fault && candidate.window === window);
  if (span === undefined) return;
  span.events.push(id);
  if (edge === "observed") span.observed = true;
  if (edge === "healed") Object.assign(span, { toUs: atUs, ...(form === undefined ? {} : { form }) });
}

/** An op's record comes after its server's end was told, so both are at hand here. */
function followOp({ op, started, ended, outcome, exchanges }: OpRecord, state: State): void {
  if (outcome === "ok" || outcome === "not-run") return;
  const untilUs = (ended?.atUs ?? Number.POSITIVE_INFINITY) + exitToldUs;
  const agent = `${started.group}.${started.agent}`;
  const wasUnder = state.exited.get(started.server)?.some(({ atUs, instance = agent }) => {
    const isItsOwn = instance === agent || exchanges.some(({ link }) => link === `${started.server}->${instance}`);
    return isItsOwn && started.atUs <= atUs && untilUs >= atUs;
  });
  if (wasUnder !== true) return;
  const hurt = state.hurt.get(started.server) ?? { count: 0, ops: [] };
  state.hurt.set(started.server, hurt);
  hurt.count += 1;
  if (hurt.ops.length < witnessesMax) hurt.ops.push(op);
}

/** Those with a recovery whose fault took hold; without its mark there was nothing to recover from. */
function episodesToJudge({ declared, control, faults }: State): readonly Episode[] {
  const took = new Set(faults.filter(({ observed }) => observed || control).map(({ fault }) => fault));
  return episodesOf(declared).filter(
    (episode) => episode.recovery !== undefined && episode.faults.some(({ fault }) => took.has(fault)),
  );
}

function recoveryOf(episode: Episode, state: State, { exits, kills, tools }: Omit<Came, "tried">): Tried {
  const phase = state.phases.get(episode.recovery ?? "");
  if (phase === undefined) {
    return { episode, recovery: { is: "unknown", because: `the recovery after ${episode.episode} never began` } };
  }
  const span = { startUs: phase.startUs, endUs: phase.endUs ?? state.lastUs };
  const healedUs = Math.max(span.startUs, ...healsOf(episode, state.faults).map(({ toUs = 0 }) => toUs));
  const of = exits.find(({ server }) => server === episode.server);
  const killed = kills.find(({ server }) => server === episode.server)?.kills ?? [];
  const later = { exits: [...(of?.exits ?? []), ...killed], healedUs, untilUs: span.endUs };
  const tail = tailOf(episode, { span, healedUs, opsFrom: (us) => state.ops.triedIn(episode, later, us) });
  const failed = tools.find(({ server }) => server === episode.server)?.failed ?? [];
  const answersLists = failed.every(({ phase: at }) => at !== episode.recovery);
  return { episode, tail, recovery: judgeTail(tail, { baseline: state.ops.baseline, answersLists }) };
}

interface Came {
  readonly exits: readonly ServerExits[];
  readonly kills: readonly ServerKills[];
  readonly tools: readonly ServerTools[];
  readonly tried: readonly Tried[];
}

function doubtOf(state: State, { exits, kills, tools, tried }: Came): string | undefined {
  const late = exits.find(({ is }) => is === "undecided");
  if (late !== undefined) return `${late.server} ended by itself, and the run was over before it had to be back`;
  const away = kills.find(({ isUndecided }) => isUndecided);
  if (away !== undefined) return `${away.server} was killed, and the run was over before it answered again`;
  for (const { recovery } of tried) if (recovery.is === "unknown") return recovery.because;
  for (const { server, before, listedAgain, failed } of tools) {
    const [first] = failed;
    if (before === undefined) {
      return `the tools of ${server} could not be listed before the phases${reason(first?.listing.failed)}`;
    }
    if (first !== undefined)
      return `the tools of ${server} could not be listed in ${first.phase}${reason(first.listing.failed)}`;
    if (listedAgain === 0) return `the tools of ${server} were never listed again`;
  }
  const planned = episodesOf(state.declared).some(({ recovery }) => recovery !== undefined);
  return planned && tried.length === 0 ? "no fault took hold, so there was nothing to recover from" : undefined;
}

function reason(failed: string | undefined): string {
  return failed === undefined ? "" : `: ${failed}`;
}

function lookedAt({ declared }: State, tools: readonly ServerTools[], tried: readonly Tried[]): number {
  const watched = declared.servers.filter(({ isStarted }) => isStarted).length;
  const compared = tools.filter(({ before, listedAgain }) => before !== undefined && listedAgain > 0).length;
  return watched + compared + tried.filter(({ recovery }) => recovery.is !== "unknown").length;
}

function strengthOf(state: State, { exits, kills }: Omit<Came, "tried">, tried: readonly Tried[]): string {
  const sees = state.declared.servers.some(({ isStarted }) => isStarted);
  const ended = exits.length > 0 ? "0 exits beyond the restart policy" : "0 exits";
  const all = new Set(episodesOf(state.declared).map(({ episode }) => episode));
  const half = new Set(tried.filter(({ recovery }) => recovery.is === "partly").map(({ episode }) => episode.episode));
  const done = tried.map(({ episode }) => episode.episode).filter((episode) => !half.has(episode));
  const forms = [...new Set(tried.flatMap(({ episode }) => episode.faults.map(({ healForm }) => healForm)))];
  const how = state.control ? "in control" : forms.join(", ");
  const recovered =
    tried.length > 0
      ? `recovered after ${new Set(done).size} of ${all.size} episodes (${how})`
      : "healing was not judged, for no episode has a recovery phase";
  const killed = kills.reduce((sum, of) => sum + of.kills.length, 0);
  const back = killed === 0 ? "" : `back after ${counted(killed, "kill")}, `;
  return `${sees ? `${ended}, ${back}` : ""}0 vanished tools; ${recovered}`;
}

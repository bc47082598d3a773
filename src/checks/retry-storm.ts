/**
 * Who multiplies requests when an upstream fails. Server→upstream: the requests that each attempt costs, against this
 * run's baseline of the same tool, and how soon a failed one is repeated. Agent→server: the agents' own policy.
 */
import type { Declared } from "../history/declared.ts";
import { linksMeeting } from "../history/fault-place.ts";
import { usualLatenessUs } from "../history/generator.ts";
import type { OpRecord } from "../history/records.ts";
import { defineCheck, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers, wasDeliveredTwice } from "./made-by-faults.ts";
import { metFault, underFault, windowAt } from "./met-faults.ts";
import {
  emptyNameless,
  excessOf,
  lateOf,
  noteLate,
  noteNameless,
  notePlaces,
  type Nameless,
} from "./nameless-requests.ts";
import { roleAt, type PhaseStart } from "./phase-roles.ts";
import { emptySurge, noteSurge, surgeFinding, type Surge } from "./recovery-surge.ts";
import { agentsFinding, stormFinding } from "./storm-findings.ts";
import { plantStorm } from "./storm-plant.ts";
import {
  addTries,
  baselineMin,
  count,
  countHit,
  emptyTally,
  mayBeCovered,
  mayBeHasty,
  mayHide,
  stormIn,
  tries,
  type Tally,
  type Tries,
} from "./storm-tally.ts";
import { doubtOf, strengthOf, type Tool } from "./storm-verdict.ts";
import { keepWitness, type Witness } from "./storm-witness.ts";
import { noRetries, noteRetry, synchronyFinding, type FirstRetries } from "./synchronised-retries.ts";
import { hasFailed, workOf, type Sameness, type Work } from "./upstream-repeats.ts";

type Tallies = Readonly<Record<Sameness, Tally>> & { readonly server: string };

interface State {
  readonly control: boolean;
  readonly roles: ReadonlyMap<string, string>;
  readonly phases: PhaseStart[];
  /** The servers behind which a fault is planned. */
  readonly faulty: ReadonlySet<string>;
  readonly nameless: Nameless;
  untilUs: number;
  lateMs: number;
  /** Links whose requests can be counted, and the server that makes them. */
  readonly linksBefore: ReadonlySet<string>;
  readonly links: ReadonlyMap<string, string>;
  /** By tool: of the requests that name their op, and of all, those included that only their time tells. */
  readonly tallies: { readonly named: Map<string, Tallies>; readonly all: Map<string, Tallies> };
  readonly groups: Map<string, { readonly before: Tries; readonly hit: Tries; readonly witnesses: Witness[] }>;
  readonly attemptsMax: ReadonlyMap<string, number>;
  readonly surges: ReadonlyMap<string, Surge>;
  readonly retries: { readonly agents: FirstRetries; readonly server: FirstRetries };
  joined: boolean;
}

export const retryStorm = defineCheck({
  name: "retry-storm",
  about: "When an upstream fails, the server does not multiply requests: few repeats, and none without a wait.",
  nature: "contrast",
  notApplicable: (declared) => {
    const behind = new Set(declared.links.filter(({ plane }) => plane === "server-upstream").map(({ link }) => link));
    const broken = declared.faults.flatMap(linksMeeting).filter((link) => behind.has(link));
    const [first] = broken;
    if (first === undefined) return "no fault breaks an upstream of a server";
    const countable = countableLinks(declared);
    return broken.some((link) => countable.has(link)) ? undefined : `requests on ${first} cannot be counted: it is tcp`;
  },

  start: ({ declared, mode }): State => ({
    control: mode === "control",
    roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
    phases: [],
    faulty: new Set(
      declared.faults
        .flatMap(linksMeeting)
        .map((link) => countableLinks(declared).get(link))
        .filter((server) => server !== undefined),
    ),
    nameless: emptyNameless(),
    untilUs: 0,
    lateMs: 0,
    linksBefore: linksBeforeServers(declared),
    links: countableLinks(declared),
    tallies: { named: new Map(), all: new Map() },
    groups: new Map(),
    attemptsMax: new Map(declared.groups.map(({ group, attemptsMax }) => [group, attemptsMax])),
    surges: new Map([...countableLinks(declared).values()].map((server) => [server, emptySurge()])),
    retries: { agents: noRetries(), server: noRetries() },
    joined: false,
  }),

  on: (record, state) => {
    if (record.type === "op") weigh(record, state);
    else state.untilUs = Math.max(state.untilUs, record.atUs);
    if (record.type === "generator") state.lateMs = Math.max(state.lateMs, usualLatenessUs(record) / 1000);
    else if (record.type === "phase" && record.edge === "start") {
      state.phases.push({ fromUs: record.atUs, role: record.role });
    } else if (record.type === "exchange" && state.links.has(record.link)) {
      const note = record.ops.length === 0 ? noteNameless : noteLate;
      note(state.nameless, record, roleAt(state.phases, record.startedUs));
    }
  },

  end: (state): Judgement => {
    const tools = toolsOf(state);
    const storms = tools.flatMap((tool) => (tool.storm === undefined ? [] : [{ ...tool, storm: tool.storm }]));
    const findings = [...storms.map(stormFinding), ...lesserFindings(state)].toSorted(
      (a, b) => gradeOrder.indexOf(a.grade) - gradeOrder.indexOf(b.grade),
    );
    const judged = { looked: tools.reduce((sum, { tally }) => sum + tally.exposed.attempts, 0), findings };
    const proven = storms.some(({ storm, named }) => named && (storm === "eager" || storm === "endless"));
    if (proven && !state.control) return { verdict: "fail", ...judged };
    const because = doubtOf(state, tools, findings);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(state, tools) };
  },

  plant: (premises) => plantStorm(premises, countableLinks(premises.declared)),
});

const gradeOrder: readonly Finding["grade"][] = ["violation", "weakness", "info"];

function countableLinks({ links }: Declared): ReadonlyMap<string, string> {
  const countable = links.filter(({ plane, protocol }) => plane === "server-upstream" && protocol !== "tcp");
  return new Map(countable.map(({ link, server }) => [link, server]));
}

function weigh(record: OpRecord, state: State): void {
  // Whoever was asked twice asks twice.
  if (wasDeliveredTwice(record, state.linksBefore)) return;
  const { server, phase } = record.started;
  const exchanges = record.exchanges.filter(({ link }) => state.links.get(link) === server);
  const allNamed = exchanges.every(({ joinedBy }) => joinedBy === "canary");
  const named = allNamed ? exchanges : exchanges.filter(({ joinedBy }) => joinedBy === "canary");
  if (exchanges.length > 0) state.joined = true;
  const role = state.roles.get(phase);
  const surge = state.surges.get(server);
  for (const exchange of exchanges) {
    if (exchange.joinedBy === "canary") continue;
    noteNameless(state.nameless, exchange, roleAt(state.phases, exchange.startedUs));
  }
  if (surge !== undefined) noteSurge(surge, record, named, { ofOp: role, phases: state.phases });
  noteAgents(record, state);

  const before = role === "baseline" && !record.straddles;
  // An op that goes on beyond the fault has met it all the same; the worst ones do.
  const later = role === "fault" || (state.control && role === "recovery");
  if (!before && !later) return;
  const tool = `${server}.${record.started.tool}`;
  notePlaces(state.nameless, tool, named);
  const ofNamed = talliesIn(state.tallies.named, tool, server);
  const ofAll = talliesIn(state.tallies.all, tool, server);
  let exact: Weighed["work"];
  for (const sameness of ["exact", "by-path"] as const) {
    // Of one request it makes no difference.
    const work: Weighed["work"] = sameness === "exact" || named.length > 1 ? workOf(record, named, sameness) : exact;
    exact = work;
    countIn(state, { record, tally: ofNamed[sameness], work, before });
    const together = record.ambiguous ? undefined : allNamed ? work : workOf(record, exchanges, sameness);
    countIn(state, { record, tally: ofAll[sameness], work: together, before });
  }
}

function talliesIn(byTool: Map<string, Tallies>, tool: string, server: string): Tallies {
  const tallies = byTool.get(tool) ?? { server, exact: emptyTally(), "by-path": emptyTally() };
  byTool.set(tool, tallies);
  return tallies;
}

interface Weighed {
  readonly record: OpRecord;
  readonly tally: Tally;
  /** Undefined where nobody can tell what was done for which attempt. */
  readonly work: readonly Work[] | undefined;
  readonly before: boolean;
}

function countIn(state: State, { record, tally, work, before }: Weighed): void {
  if (work === undefined) {
    if (!before && (state.control || record.ambiguous || metFault(record, state.links))) tally.leftOut += 1;
    return;
  }
  if (before) {
    for (const done of work) count(tally.before, done);
    addTries(tally.tries.before, work.length);
    return;
  }
  let met = 0;
  for (const done of work) {
    const hit = done.exchanges.some(
      (exchange) => hasFailed(exchange) && (state.control || underFault(record, exchange)),
    );
    if (hit || state.control) count(tally.exposed, done);
    if (!hit) continue;
    met += 1;
    countHit(tally.hit, record, done);
    noteRepeat(record, state, done);
  }
  addTries(tally.tries.hit, met);
}

/** How often the agents tried, and when they did so for the second time. */
function noteAgents(record: OpRecord, state: State): void {
  const { group, agent, phase } = record.started;
  const role = state.roles.get(phase);
  const entry = state.groups.get(group) ?? { before: tries(), hit: tries(), witnesses: [] };
  state.groups.set(group, entry);
  const { attempts } = record;
  if (role === "baseline" && !record.straddles) addTries(entry.before, attempts.length);
  if (role !== "fault") return;
  if (metFault(record, state.links)) {
    addTries(entry.hit, attempts.length);
    if (attempts.length > 1) {
      const events = [record.started.id, ...attempts.map(({ id }) => id)];
      keepWitness(entry.witnesses, { op: record.op, weight: attempts.length, events });
    }
  }
  // A hedge follows no failure: when it is sent says nothing of how agents wait.
  if (attempts.some(({ hedged }) => hedged === true)) return;
  const [first, second] = attempts;
  const window = first === undefined ? undefined : windowAt(record, first.atUs);
  if (first === undefined || second === undefined || window === undefined) return;
  // Who was told when to come back is in step with others for a reason.
  if (first.retryAfterMs !== undefined) return;
  const retry = { agent: `${group}.${agent}`, op: record.op, event: second.id };
  noteRetry(state.retries.agents, window, { ...retry, failedUs: first.atUs, retriedUs: second.startedUs });
}

function noteRepeat(record: OpRecord, state: State, { repeats }: Work): void {
  const { group, agent } = record.started;
  const [first] = repeats;
  const window = first === undefined ? undefined : windowAt(record, first.failed.atUs);
  if (first === undefined || window === undefined) return;
  const retry = { agent: `${group}.${agent}`, op: record.op, event: first.again.id };
  noteRetry(state.retries.server, window, {
    ...retry,
    failedUs: first.failed.atUs,
    retriedUs: first.again.startedUs,
  });
}

/** How long the fault's phases were, the baseline's being 1. */
function faultShare({ phases, untilUs }: State): number {
  const lastedUs = (role: string): number =>
    phases.reduce(
      (sum, phase, index) => (phase.role === role ? sum + (phases[index + 1]?.fromUs ?? untilUs) - phase.fromUs : sum),
      0,
    );
  return lastedUs("fault") / Math.max(1, lastedUs("baseline"));
}

const nothingFound = { storm: undefined, unclear: undefined, covered: false, hastyBy: 0, nameless: 0 } as const;

function toolsOf(state: State): readonly Tool[] {
  const { tallies, nameless, lateMs } = state;
  const share = faultShare(state);
  return [...tallies.all]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([tool, { server, exact, "by-path": byPath }]) => {
      const own = tallies.named.get(tool);
      const named = own !== undefined && own.exact.before.attempts >= baselineMin;
      const tally = named ? own.exact : exact;
      const late = lateOf(nameless, tool);
      const about = { tool, server, tally, named, late, ownLeftOut: own?.exact.leftOut ?? 0 };
      if (tally.before.attempts < baselineMin) return { ...about, ...nothingFound };
      const loose = named ? own["by-path"] : byPath;
      return {
        ...about,
        storm: stormIn(tally),
        unclear: mayHide(loose, tally) ? loose : undefined,
        covered: mayBeCovered(tally),
        hastyBy: mayBeHasty(tally, lateMs) ? lateMs : 0,
        nameless: named ? excessOf(nameless, tool, share) : 0,
      };
    });
}

function lesserFindings({ groups, attemptsMax, surges, retries }: State): readonly Finding[] {
  const found = [
    ...[...surges].map(([server, surge]) => surgeFinding(server, surge)),
    synchronyFinding(retries.server, { blames: "server", whose: "from the server" }),
    synchronyFinding(retries.agents, { blames: "agents", whose: "from the agents" }),
    ...[...groups].map(([group, entry]) =>
      agentsFinding({ group, attemptsMax: attemptsMax.get(group) ?? 1, ...entry }),
    ),
  ];
  return found.filter((finding) => finding !== undefined);
}

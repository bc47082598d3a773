/**
 * An answer that holds what belongs to another call: where a step says what its answer must echo, each answer is its
 * own, whatever else goes on at its server. Sessions that share what they work on are found so.
 */
import type { Declared } from "../history/declared.ts";
import type { Attempt, HistoryEvent } from "../history/events.ts";
import type { OpRecord } from "../history/records.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers } from "./made-by-faults.ts";

interface Stray {
  readonly op: string;
  readonly event: string;
  readonly path: string;
  /** Whose it is instead, where that is known. */
  readonly of?: string;
}

interface Strays {
  readonly tool: string;
  /** It names another op of this run. */
  readonly foreign: boolean;
  count: number;
  readonly first: Stray[];
}

interface State {
  readonly linksBefore: ReadonlySet<string>;
  /** By link to an upstream: the server that asks over it. */
  readonly behind: ReadonlyMap<string, string>;
  readonly strays: Map<string, Strays>;
  readonly agents: Set<string>;
  looked: number;
  /** Answers that a fault has made or given to another. */
  meddled: number;
}

export const bleed = defineCheck({
  name: "bleed",
  about: "An answer is that of its own call: it echoes what it was given, and holds nothing of another session.",
  nature: "invariant",
  notApplicable: (declared) => (declared.steps.some(isEchoed) ? undefined : "no step says what its answer must echo"),

  start: ({ declared }): State => ({
    linksBefore: linksBeforeServers(declared),
    behind: new Map(
      declared.links.flatMap(({ link, plane, server }) => (plane === "server-upstream" ? [[link, server]] : [])),
    ),
    strays: new Map(),
    agents: new Set(),
    looked: 0,
    meddled: 0,
  }),

  on: (record, state) => {
    if (record.type === "op") look(record, state);
  },

  end: (state): Judgement => {
    const findings = [...state.strays.values()].map((strays) => findingAbout(strays, state));
    const { looked } = state;
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    if (looked === 0) {
      const aside = state.meddled > 0 ? ` but for ${state.meddled} that faults meddled with` : "";
      return { verdict: "unknown", because: `no answer came that was to echo something${aside}`, ...judged };
    }
    const strength = `0 of ${counted(looked, "answer")} to ${counted(state.agents.size, "agent")} held what was not its own`;
    return { verdict: "pass", ...judged, strength };
  },

  isCertain: ({ strays }) => strays.size > 0,

  plant: () => {
    let planted = false;
    return (event: HistoryEvent) => {
      if (planted || event.type !== "attempt" || event.strays?.length !== 0) return undefined;
      planted = true;
      return [{ ...event, strays: [{ path: "$", is: "other" }] }];
    };
  },
});

function isEchoed({ echoes }: Declared["steps"][number]): boolean {
  return echoes === true;
}

function look(record: OpRecord, state: State): void {
  const { started, attempts } = record;
  for (const { id, attempt, strays } of attempts) {
    if (strays === undefined) continue;
    const isMeddled = mayBeByFault(record, { attempt, strays }, state);
    if (isMeddled) {
      state.meddled += 1;
      continue;
    }
    state.looked += 1;
    state.agents.add(`${started.group}.${started.agent}`);
    const [first] = strays;
    if (first === undefined) continue;
    const named = strays.find(({ op }) => op !== undefined);
    const { path, op: of } = named ?? first;
    note(state, started, { op: record.op, event: id, path, ...(of === undefined ? {} : { of }) });
  }
}

interface Compared extends Pick<Attempt, "attempt"> {
  readonly strays: NonNullable<Attempt["strays"]>;
}

function mayBeByFault(record: OpRecord, { attempt, strays }: Compared, { linksBefore, behind }: State): boolean {
  const { server } = record.started;
  const met = record.exchanges.flatMap(({ link, meddled, attempt: of = attempt }) =>
    meddled !== undefined && of === attempt && mayMisplace.has(meddled.did) ? [{ link, did: meddled.did }] : [],
  );
  if (met.some(({ link }) => linksBefore.has(link))) return true;
  if (strays.length === 0) return false;
  // A server that passes on what its upstream seems to say is honest; what a fault makes up names no op of the run.
  const isForeign = strays.some(({ op }) => op !== undefined);
  if (met.some(({ link, did }) => behind.get(link) === server && (!isForeign || did === "cross-answers"))) return true;
  return (
    record.ambiguous &&
    record.faults.some(
      ({ kind, observed, links }) =>
        observed &&
        (kind === crossing || (!isForeign && makingUp.has(kind))) &&
        links.some((link) => behind.get(link) === server),
    )
  );
}

/** The kinds of faults that do so, where nobody can tell whose answer it was that they took. */
const crossing = "crossed-answers";
const makingUp: ReadonlySet<string> = new Set(["empty-result", "http-status", "malformed-answer", "schema-drift"]);

/** What a fault at the tap does may put another answer in place of an attempt's own. */
const mayMisplace: ReadonlySet<string> = new Set([
  "cross-answers",
  "reorder-answers",
  "answer-request",
  "replace-answer",
]);

function note({ strays }: State, { server, tool }: OpRecord["started"], stray: Stray): void {
  const foreign = stray.of !== undefined;
  const key = `${server}.${tool} ${foreign}`;
  const all = strays.get(key) ?? { tool: `${server}.${tool}`, foreign, count: 0, first: [] };
  strays.set(key, all);
  all.count += 1;
  if (all.first.length < witnessesMax) all.first.push(stray);
}

function findingAbout({ tool, foreign, count, first }: Strays, { looked }: State): Finding {
  const examples = first
    .slice(0, 3)
    .map(({ op, of, path }) => `${op} at ${path}${of === undefined ? "" : ` that of ${of}`}`);
  const said = foreign ? "held what belongs to another call" : "did not echo what it was given";
  return {
    grade: "violation",
    blames: "server",
    says: `${counted(count, "answer")} of ${tool} ${said}, of ${looked} looked at in all: ${examples.join("; ")}`,
    why: foreign
      ? "One session gets another's data: what it shows and does next is somebody else's, and so may be what it leaks."
      : "The answer is not the one to its call, so what is done with it rests on something else.",
    fix: "Keep what a call works on in that call (its arguments, its own variables), not in a place that calls share; read nothing from it after an await.",
    witness: {
      events: first.map(({ event }) => event).slice(0, witnessesMax),
      ops: [...new Set(first.flatMap(({ op, of }) => (of === undefined ? [op] : [op, of])))].slice(0, witnessesMax),
    },
  };
}

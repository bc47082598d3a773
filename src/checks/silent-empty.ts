/**
 * A success that holds nothing where the same call held something when nothing was broken. What a tool's answer always
 * holds is learned in the baseline, per tool and kind of arguments; an upstream that itself said "empty" excuses it.
 */
import type { Declared } from "../history/declared.ts";
import { linksMeeting } from "../history/fault-place.ts";
import type { JoinedExchange, OpRecord } from "../history/records.ts";
import { isEmpty, type Shape } from "../history/shape.ts";
import { counted } from "../units.ts";
import { entryFor, formsMax, noForms, type Forms } from "./answer-forms.ts";
import { learn, samplesMin, type Contract, type Samples } from "./emptiness-contract.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers, wasAnsweredByFault } from "./made-by-faults.ts";
import { plantEmptyAnswer } from "./planted-silence.ts";
import { findingsOf, type Suspect } from "./silent-empty-findings.ts";
import { lastWordsOf } from "./upstream-answers.ts";

/** What the upstream did for a call, as its link saw it. */
type UpstreamSaid = "failed" | "empty" | "data" | "unseen" | "not-asked";

interface State {
  readonly control: boolean;
  readonly roles: ReadonlyMap<string, string>;
  readonly upstreamLinks: ReadonlyMap<string, string>;
  /** By server: links to its upstreams of which only bytes are seen. */
  readonly unread: ReadonlyMap<string, ReadonlySet<string>>;
  readonly linksBefore: ReadonlySet<string>;
  readonly mayBeEmpty: ReadonlySet<string>;
  /** Servers that may pass by their links, as nobody is made to use a proxy. */
  readonly evasive: ReadonlySet<string>;
  /** Their tools that did use it in the baseline. */
  readonly asking: Set<string>;
  readonly baseline: Map<string, Samples>;
  readonly suspects: Suspect[];
  /** The same, by grade and call. */
  readonly suspectForms: Readonly<Record<Finding["grade"], Map<string, Forms<Suspect>>>>;
  /** Answers of forms that there was no room for any more. */
  unkept: number;
  /** Calls that met a fault behind their server and got an answer from it, by what the answer was. */
  exposedOk: number;
  /** Calls under a fault on a link of which only bytes are seen, and which may have let them through. */
  unreadable: number;
  exposedSaidSo: number;
}

export const silentEmpty = defineCheck({
  name: "silent-empty",
  about: "When an upstream fails, the server says so: it does not answer success with nothing in it.",
  nature: "contrast",
  notApplicable: (declared) => {
    const behind = new Set(upstreamLinksOf(declared).keys());
    if (declared.faults.some((fault) => linksMeeting(fault).some((link) => behind.has(link)))) return undefined;
    return "no fault breaks an upstream of a server";
  },

  start: ({ declared, mode }): State => ({
    control: mode === "control",
    roles: new Map(declared.phases.map(({ phase, role }) => [phase, role])),
    upstreamLinks: upstreamLinksOf(declared),
    unread: unreadLinks(declared),
    linksBefore: linksBeforeServers(declared),
    mayBeEmpty: new Set(declared.steps.filter((step) => step.mayBeEmpty).map(({ group, step }) => `${group}.${step}`)),
    evasive: evasiveServers(declared),
    asking: new Set(),
    baseline: new Map(),
    suspects: [],
    suspectForms: { violation: new Map(), weakness: new Map(), info: new Map() },
    unkept: 0,
    exposedOk: 0,
    unreadable: 0,
    exposedSaidSo: 0,
  }),

  on: (record, state) => {
    if (record.type !== "op" || record.straddles) return;
    // Whatever its caller was told, the server has not said it.
    if (wasAnsweredByFault(record, state.linksBefore)) return;
    if (state.mayBeEmpty.size > 0 && state.mayBeEmpty.has(`${record.started.group}.${record.started.step}`)) return;
    const role = state.roles.get(record.started.phase);
    if (role === "baseline") sample(record, state);
    else if (role === "fault" || role === "recovery") suspect(record, state);
  },

  end: (state): Judgement => {
    const contracts = new Map([...state.baseline].map(([key, samples]) => [key, learn(samples)]));
    const findings = findingsOf(state.suspects, contracts);
    const judged = { looked: state.exposedOk + state.exposedSaidSo, findings };
    if (verdictOf(findings) === "fail" && state.control) {
      return { verdict: "unknown", because: "answers turned empty although nothing was broken", ...judged };
    }
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(state, contracts);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    const where = state.control ? "" : " that met the fault";
    const strength = `0 silently empty in ${counted(judged.looked, "call")}${where} (${state.exposedSaidSo} said that they failed)`;
    return { verdict: "pass", ...judged, strength };
  },

  plant: ({ declared }) => plantEmptyAnswer(declared, upstreamLinksOf(declared)),
});

function upstreamLinksOf(declared: Declared): Map<string, string> {
  const links = declared.links.filter(({ plane }) => plane === "server-upstream");
  return new Map(links.map(({ link, server }) => [link, server]));
}

function unreadLinks({ links }: Declared): Map<string, Set<string>> {
  const unread = links.filter(({ plane, protocol }) => plane === "server-upstream" && protocol === "tcp");
  const byServer = Map.groupBy(unread, ({ server }) => server);
  return new Map([...byServer].map(([server, of]) => [server, new Set(of.map(({ link }) => link))]));
}

function keyOf({ started }: OpRecord): string {
  return `${started.server}.${started.tool}(${started.argsShape})`;
}

function answerOf(record: OpRecord): { readonly id: string; readonly shape: Shape } | undefined {
  const attempt = record.attempts.find(({ outcome }) => outcome === "ok");
  return attempt?.answer === undefined ? undefined : { id: attempt.id, shape: attempt.answer };
}

/** Behind a gateway, where every request that uses it can be seen. */
function evasiveServers({ servers, links }: Declared): ReadonlySet<string> {
  const unread = new Set(links.filter(({ protocol }) => protocol === "tcp").map(({ link }) => link));
  const gateways = servers.filter(
    ({ egress = [] }) => egress.length > 0 && egress.every(({ link }) => !unread.has(link)),
  );
  return new Set(gateways.map(({ server }) => server));
}

function sample(record: OpRecord, state: State): void {
  const { server, tool } = record.started;
  const asks = record.ambiguous || record.exchanges.some(({ link }) => state.upstreamLinks.has(link));
  if (asks) state.asking.add(`${server}.${tool}`);
  const answer = answerOf(record);
  if (answer === undefined) return;
  const key = keyOf(record);
  const samples = state.baseline.get(key) ?? { forms: noForms(), total: 0, unkept: 0 };
  state.baseline.set(key, samples);
  const seen = entryFor(samples.forms, answer.shape, () => emptySample(answer.shape));
  if (seen === undefined) {
    samples.unkept += 1;
    return;
  }
  // Alternate samples make two halves of the same time, to be compared with each other.
  seen.halves[samples.total % 2 === 0 ? 0 : 1] += 1;
  samples.total += 1;
}

function emptySample(shape: Shape): { readonly shape: Shape; readonly halves: [number, number] } {
  return { shape, halves: [0, 0] };
}

function suspect(record: OpRecord, state: State): void {
  const answer = answerOf(record);
  const { server, tool } = record.started;
  const exchanges = record.exchanges.filter(({ link }) => state.upstreamLinks.has(link));
  const seen = upstreamSaid(exchanges, record.ambiguous);
  const its = record.faults.filter(
    ({ links, observed }) => observed && links.some((link) => state.upstreamLinks.get(link) === server),
  );
  const asksInBaseline = state.asking.has(`${server}.${tool}`);
  const areRead = its.every(({ links }) => links.every((link) => state.unread.get(server)?.has(link) !== true));
  const asksNobody = seen === "not-asked" && !asksInBaseline;
  // What is done past the gateway no fault on its links can touch; nor what a tool does that never asks where it is.
  const isNear = its.length > 0 && !(asksNobody && state.evasive.has(server));
  const underFault = isNear && !(asksNobody && areRead);
  const hasStoppedAsking = seen === "not-asked" && asksInBaseline && areRead && underFault;
  const upstream = seen === "not-asked" && !hasStoppedAsking && mayHaveAnswered(record, its, state) ? "unseen" : seen;
  if (upstream !== seen && underFault) state.unreadable += 1;
  // To overlap a fault is not to meet it: its own request must have been hit, or not even been made.
  const met = state.control || (underFault && (upstream === "failed" || upstream === "not-asked"));
  if (answer === undefined) {
    const saidSo = record.attempts.some(({ class: is }) => is === "tool-error" || is === "rpc-error");
    if ((met || (isNear && (upstream !== seen || seen === "not-asked"))) && saidSo) state.exposedSaidSo += 1;
    return;
  }
  if (met) state.exposedOk += 1;
  const grade = gradeOf(upstream, underFault);
  const byFault = exchanges.some(({ meddled }) => meddled?.made === "nothing" || meddled?.made === "error");
  const entry = suspectFor(state, { record, grade, byFault, shape: answer.shape });
  if (entry === undefined) {
    state.unkept += 1;
    return;
  }
  entry.count += 1;
  if (entry.witnesses.length < witnessesMax) {
    entry.witnesses.push({ op: record.op, events: [record.started.id, answer.id, ...exchanges.map(({ id }) => id)] });
  }
}

/** Where only bytes were seen, unless faults let none of them through for as long as it took. */
function mayHaveAnswered({ started, ended }: OpRecord, faults: OpRecord["faults"], { unread }: State): boolean {
  const silent = faults.filter(
    ({ silences = false, fromUs, toUs = Number.POSITIVE_INFINITY }) =>
      silences && fromUs <= started.atUs && toUs >= (ended?.atUs ?? Number.POSITIVE_INFINITY),
  );
  return [...(unread.get(started.server) ?? [])].some((link) => !silent.some(({ links }) => links.includes(link)));
}

function suspectFor(
  { suspects, suspectForms }: State,
  { record, grade, byFault, shape }: { readonly record: OpRecord } & Pick<Suspect, "grade" | "byFault" | "shape">,
): Suspect | undefined {
  const key = keyOf(record);
  const ofGrade = suspectForms[grade];
  const formsOf = byFault ? `${key} by a fault` : key;
  let forms = ofGrade.get(formsOf);
  if (forms === undefined) ofGrade.set(formsOf, (forms = noForms()));
  return entryFor(forms, shape, () => {
    const { server, tool } = record.started;
    const entry = { tool: `${server}.${tool}`, key, shape, grade, byFault, count: 0, witnesses: [] };
    suspects.push(entry);
    return entry;
  });
}

function upstreamSaid(exchanges: readonly JoinedExchange[], ambiguous: boolean): UpstreamSaid {
  const words = lastWordsOf(exchanges);
  if (words.some(({ ended, status = 0 }) => ended !== "answered" || neverNone(status))) return "failed";
  if (words.some(({ meddled }) => meddled?.made === "garbage")) return "failed";
  if (words.length === 0) return ambiguous ? "unseen" : "not-asked";
  // What 404 means for the caller is the server's to decide: it may well be "there are none".
  if (words.some(({ answer, status = 0 }) => answer === undefined || status >= 400)) return "unseen";
  return words.some(({ answer }) => answer !== undefined && (isEmpty(answer) || answer.hollow.length > 0))
    ? "empty"
    : "data";
}

/** Not allowed, too slow, too many, out of order: whatever there is, the upstream has not looked. */
function neverNone(status: number): boolean {
  return status >= 500 || refusals.has(status);
}

const refusals: ReadonlySet<number> = new Set([401, 402, 403, 407, 408, 423, 425, 429, 451]);

function gradeOf(upstream: UpstreamSaid, underFault: boolean): Finding["grade"] {
  if (upstream === "failed" || (upstream === "not-asked" && underFault)) return "violation";
  return upstream === "empty" || upstream === "unseen" ? "info" : "weakness";
}

function doubtOf(state: State, contracts: ReadonlyMap<string, Contract>): string | undefined {
  const unsteady = [...contracts].filter(([, contract]) => contract.is === "unsteady").map(([key]) => key);
  if (unsteady.length > 0) return `answers of ${unsteady.join(", ")} come and go without any fault`;
  const many = [...contracts].filter(([, contract]) => contract.is === "too-many-forms").map(([key]) => key);
  if (many.length > 0) return `answers of ${many.join(", ")} have more than ${formsMax} forms in the baseline`;
  if (state.unkept > 0) return `${state.unkept} answers have forms that there was no room to look at`;
  if (![...contracts.values()].some(({ is }) => is === "learned")) {
    return `no tool gave ${samplesMin} answers with something in them in the baseline`;
  }
  if (state.exposedOk + state.exposedSaidSo === 0) {
    if (state.control) return "nothing was called after the baseline";
    const unseen =
      state.unreadable > 0
        ? `: of ${counted(state.unreadable, "call")} only bytes were seen behind it, which tell no answer`
        : "";
    return `no answered call met a fault behind its server${unseen}`;
  }
  // Success after success that no contract covers proves nothing.
  const unjudged = state.suspects.filter(({ key }) => contracts.get(key)?.is !== "learned");
  if (unjudged.length > 0) {
    const tools = [...new Set(unjudged.map(({ tool }) => tool))].join(", ");
    return `too few answers of ${tools} in the baseline to know what they hold`;
  }
  return undefined;
}

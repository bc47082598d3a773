/** Whether a server works again after an episode: what the ops of the tail of its recovery say, and whether they suffice. */
import { wilson, type Share } from "../measure/wilson.ts";
import { formatDuration } from "../units.ts";
import type { Baseline, Episode, Tried } from "./after-healing.ts";

const samplesMin = 5;
const graceLeastUs = 1_000_000;
const graceShare = 1 / 3;
/** So many of a tool's calls must fail to say that it does not come back. */
const persistsFrom = 0.5;
/** From so many good calls in a row at the end on it may just have come back. */
const okAtEndLeast = 2;
/** Of some calls that go on failing we speak only where they are surely more than this. */
const partlyFrom = 0.1;
/** How likely chance alone may be to make all calls of a session fail where others do not. */
const chanceMost = 0.001;

export interface Tail {
  readonly episode: Episode;
  /** When the last of its faults was healed, or when the recovery began, whichever came later. */
  readonly healedUs: number;
  readonly fromUs: number;
  readonly untilUs: number;
  readonly ops: readonly Tried[];
}

export type Recovery =
  | { readonly is: "recovered"; readonly ops: number }
  | { readonly is: "persists" | "partly"; readonly stuck: readonly Stuck[] }
  | { readonly is: "unknown"; readonly because: string };

/** A tool, or one session, or where each has too few ops all of a server's, that does not come back. */
export interface Stuck {
  readonly name: string;
  readonly bad: readonly Tried[];
  readonly ops: number;
  readonly baseline: Baseline;
}

export interface Span {
  readonly startUs: number;
  readonly endUs: number;
}

export function tailOf(
  episode: Episode,
  about: { readonly span: Span; readonly healedUs: number; readonly opsFrom: (us: number) => readonly Tried[] },
): Tail {
  const { span, opsFrom } = about;
  const healedUs = Math.max(span.startUs, about.healedUs);
  const fromUs = healedUs + graceUs(span);
  const untilUs = span.endUs;
  return { episode, healedUs, fromUs, untilUs, ops: opsFrom(fromUs) };
}

function graceUs({ startUs, endUs }: Span): number {
  return Math.max(graceLeastUs, (endUs - startUs) * graceShare);
}

/** `asked`: whether its tools could be listed then; a server that answers nothing at all needs fewer ops to tell. */
export function judgeTail(
  tail: Tail,
  about: { readonly baseline: ReadonlyMap<string, Baseline>; readonly answersLists: boolean },
): Recovery {
  const { server } = tail.episode;
  const judged = tail.ops.filter(({ came }) => came === "ok" || came === "bad");
  const all: Sample = { name: server, ops: judged, baseline: sumOf(server, about.baseline) };
  const tools = [...Map.groupBy(judged, ({ tool }) => tool)].map(([name, ops]): Sample => ({
    name,
    ops,
    baseline: about.baseline.get(name) ?? { ops: 0, bad: 0 },
  }));
  const silent = !about.answersLists && judged.length > 0 && judged.every(({ came }) => came === "bad");
  if (silent) return { is: "persists", stuck: [stuckOf(all)] };
  for (const [is, shows] of [
    ["persists", persists],
    ["partly", partly],
  ] as const) {
    const shown = tools.filter(shows);
    const whole = shown.length > 0 ? shown : [all].filter(shows);
    const stuck = is === "persists" && whole.length === 0 ? deadSessions(all) : whole;
    if (stuck.length > 0) return { is, stuck: stuck.map(stuckOf) };
  }
  const because = doubtOf(tail, all, tools);
  return because === undefined ? { is: "recovered", ops: judged.length } : { is: "unknown", because };
}

interface Sample {
  readonly name: string;
  readonly ops: readonly Tried[];
  readonly baseline: Baseline;
}

function stuckOf({ name, ops, baseline }: Sample): Stuck {
  return { name, bad: ops.filter(({ came }) => came === "bad"), ops: ops.length, baseline };
}

function badIn(ops: readonly Tried[]): Share {
  return wilson(ops.filter(({ came }) => came === "bad").length, ops.length);
}

/** Most calls fail, and surely more than in the baseline. */
function failsOften({ ops, baseline }: Sample): boolean {
  if (ops.length < samplesMin) return false;
  const { k, n, low } = badIn(ops);
  return k >= persistsFrom * n && low > wilson(baseline.bad, baseline.ops).high;
}

/** How many in a row were ok at the end: to be slow is not to be stuck, and that is for thresholds to judge. */
function okAtEnd(ops: readonly Tried[]): number {
  return ops.length - 1 - ops.findLastIndex(({ came }) => came === "bad");
}

/** Those in which every call fails, where what fails in the others is too little for that to be chance. */
function deadSessions({ name, ops, baseline }: Sample): readonly Sample[] {
  const byAgent = [...Map.groupBy(ops, ({ agent }) => agent)];
  const isDead = (of: readonly Tried[]): boolean =>
    of.length >= samplesMin && of.every(({ came }) => came === "bad") && failsOften({ name, ops: of, baseline });
  const { high } = badIn(byAgent.flatMap(([, of]) => (isDead(of) ? [] : of)));
  return byAgent
    .filter(([, of]) => isDead(of) && high ** of.length * byAgent.length < chanceMost)
    .map(([agent, of]) => ({ name: `${name} in the session of ${agent}`, ops: of, baseline }));
}

function persists(sample: Sample): boolean {
  return failsOften(sample) && okAtEnd(sample.ops) < okAtEndLeast;
}

/** As many as never before in a row: what goes on failing now and then has such rows all the time. */
function isWellAtEnd(ops: readonly Tried[]): boolean {
  const rows = ops
    .map(({ came }) => (came === "ok" ? "+" : "-"))
    .join("")
    .split("-")
    .map(({ length }) => length);
  const atEnd = rows.pop() ?? 0;
  return atEnd >= samplesMin && atEnd > Math.max(0, ...rows);
}

function partly(sample: Sample): boolean {
  const { ops, baseline } = sample;
  if (ops.length < samplesMin || failsOften(sample) || isWellAtEnd(ops)) return false;
  const end = badIn(ops.slice(-Math.max(samplesMin, Math.ceil(ops.length / 2))));
  return end.low > Math.max(partlyFrom, wilson(baseline.bad, baseline.ops).high);
}

function doubtOf({ episode: { episode, server }, ...tail }: Tail, all: Sample, tools: readonly Sample[]) {
  const lastedMs = Math.round((tail.untilUs - tail.healedUs) / 1000);
  const excused = (why: Tried["came"]): number => tail.ops.filter(({ came }) => came === why).length;
  if (all.ops.length < samplesMin) {
    const reasons = reasonsOf(server, excused);
    if (reasons !== undefined) return `after ${episode} ${reasons}`;
    const [ops, needed] = [all.ops.length === 1 ? "1 op" : `${all.ops.length} ops`, `${samplesMin} are needed`];
    return `a recovery of ${formatDuration(lastedMs)} after ${episode} leaves ${ops} of ${server} to judge; ${needed}`;
  }
  if (all.baseline.ops < samplesMin) return `${server} has too few ops in the baseline to compare with`;
  for (const { name, ops } of tools) {
    const { k, n } = badIn(ops);
    if (k > 0 && n < samplesMin)
      return `after ${episode} ${k} of ${n} ops of ${name} were not ok; ${samplesMin} are needed`;
    if (k < persistsFrom * n || okAtEnd(ops) >= samplesMin) continue;
    if (okAtEnd(ops) >= okAtEndLeast) {
      return `${name} was well again only at the very end of a recovery of ${formatDuration(lastedMs)} after ${episode}`;
    }
    return `${name} fails in the baseline too, or was hardly called there`;
  }
  for (const [name, ops] of Map.groupBy(tail.ops, ({ tool }) => tool)) {
    const notRun = ops.filter(({ came }) => came === "not-run").length;
    if (notRun <= ops.length / 2 || ops.slice(-samplesMin).every(({ came }) => came === "ok")) continue;
    return `after ${episode} ${notRun} of ${ops.length} ops of ${name} could not be run, for lack of input or budget or held back by their policy`;
  }
  const judged = new Set(tools.map(({ name }) => name));
  const only = tail.ops.find(({ tool, came }) => !judged.has(tool) && came !== "session");
  if (only === undefined) return undefined;
  return `after ${episode} ${reasonsOf(server, (why) => (only.came === why ? 1 : 0))}, so ${only.tool} could not be judged`;
}

function reasonsOf(server: string, excused: (why: Tried["came"]) => number): string | undefined {
  if (excused("upstream") > 0) return `the upstream of ${server} still failed`;
  if (excused("closed-way") > 0) return `a link of ${server} still refused connections`;
  if (excused("asked-to-wait") > 0) return `${server} asked its callers to wait for longer than the recovery lasted`;
  if (excused("next-fault") > 0) return `calls of ${server} still hung when the next fault began`;
  if (excused("restarting") > 0) return `${server} was still starting again`;
  if (excused("not-run") > 0)
    return `ops of ${server} could not be run, for lack of input or budget or held back by their policy`;
  return excused("session") > 0 ? `${server} had lost the sessions of its callers` : undefined;
}

function sumOf(server: string, baseline: ReadonlyMap<string, Baseline>): Baseline {
  const of = [...baseline].filter(([tool]) => tool.startsWith(`${server}.`)).map(([, entry]) => entry);
  return {
    ops: of.reduce((sum, entry) => sum + entry.ops, 0),
    bad: of.reduce((sum, entry) => sum + entry.bad, 0),
  };
}

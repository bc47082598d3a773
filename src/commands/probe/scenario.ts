/**
 * The scenario of a probe: comes in what was learned of the server, goes out a scenario as a person could have written it.
 * Each trouble has an episode of its own, with a recovery behind it; all of it takes less than a minute.
 */
import { stringify } from "yaml";
import { formatDuration } from "../../units.ts";
import type { Asked } from "./asked.ts";
import type { Chosen, LeftAlone } from "./look.ts";
import { troublesFor, type Trouble } from "./troubles.ts";

export interface Learned {
  readonly asked: Asked;
  readonly chosen: readonly Chosen[];
  readonly seed: number;
  /** How long it takes to open a session, where processes start for it with their start. */
  readonly openedMs: number;
  readonly listedMs: number;
  /** All answers come over one stream, so that none can be lost by itself. */
  readonly sharesStream: boolean;
}

export interface ProbePlan {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly troubles: readonly Trouble[];
  /** For want of time. */
  readonly leftOut: readonly Trouble[];
  readonly leftAlone: readonly LeftAlone[];
  readonly called: readonly Chosen[];
  readonly durationMs: number;
}

/** Start, greeting and judging take the rest of the minute. */
const phasesMostMs = 38_000;
const thinkMs = 100;
/** A walk that takes longer comes too seldom for what a recovery needs. */
const walkMostMs = 1500;

export function planProbe(learned: Learned): ProbePlan {
  const { asked, chosen, seed } = learned;
  const { groups, called, leftAlone, placed, lister } = grouped(learned);
  const calls = {
    callsTools: called.length > 0,
    safe: placed.flatMap(({ one, group }) =>
      one.saysReadOnly ? [{ tool: one.tool, link: `${group}@${asked.server}` }] : [],
    ),
    ...(lister === undefined ? {} : { lister: `${lister}@${asked.server}` }),
  };
  const times = timesOf(groups, learned);
  const all = troublesFor(asked, { ...calls, timeoutMs: times.timeoutMs, sharesStream: learned.sharesStream }).map(
    (trouble) => ({
      trouble,
      ms: trouble.faultMs + times.recoveryMs(trouble),
    }),
  );
  const played: typeof all = [];
  let durationMs = times.baselineMs;
  for (const one of all) {
    if (played.length > 0 && durationMs + one.ms > phasesMostMs) continue;
    played.push(one);
    durationMs += one.ms;
  }
  const troubles = played.map(({ trouble }) => trouble).toReversed();
  return {
    raw: {
      name: "squall-probe",
      about: `What ${chosen.length === 0 ? "its listing of tools" : "its tools"} do when something breaks.`,
      tags: ["probe"],
      seed,
      ...asked.sections,
      agents: Object.fromEntries(
        groups.map((group, index) => [groupName(index, groups.length), groupOf(group, asked, times)]),
      ),
      phases: [
        { baseline: ms(times.baselineMs) },
        ...troubles.map((trouble) => ({
          fault: ms(trouble.faultMs),
          recovery: ms(times.recoveryMs(trouble)),
          name: trouble.name,
        })),
      ],
      faults: troubles.flatMap(({ name, faults }) => faults.map((fault) => ({ ...fault, during: name }))),
      checks: [...checksFor(asked, troubles), ...(called.length > 0 ? ["drift"] : [])],
      ...thresholdsFor(groups, asked, troubles),
    },
    troubles,
    leftOut: all.filter((one) => !played.includes(one)).map(({ trouble }) => trouble),
    leftAlone,
    called,
    durationMs,
  };
}

/** Whatever else a scenario may check has nothing to look at here; the probe says what it would need. */
function checksFor({ upstreams }: Asked, troubles: readonly Trouble[]): string[] {
  const reads = upstreams.some(({ isHttp }) => isHttp);
  const stalls = upstreams.some(
    ({ name, isHttp }) => isHttp && troubles.some((one) => one.name === `${name}-black-hole`),
  );
  return [
    "survives",
    ...(upstreams.length > 0 ? ["silent-empty"] : []),
    ...(reads ? ["retry-storm"] : []),
    ...(stalls ? ["timeout-cascade"] : []),
  ];
}

interface Group {
  readonly calls: Chosen[];
  lists: boolean;
  walkMs: number;
}

/** Each call goes to the group that has the least to do, so that what hangs in one does not keep the others waiting. */
function grouped({ asked, chosen, listedMs, openedMs }: Learned) {
  const groups = Array.from(
    { length: Math.min(groupsFor(asked, openedMs), Math.max(1, chosen.length)) },
    (): Group => ({
      calls: [],
      lists: false,
      walkMs: thinkMs,
    }),
  );
  const leastBusy = (): Group => groups.reduce((a, b) => (weightOf(b) < weightOf(a) ? b : a));
  const leftAlone: LeftAlone[] = [];
  for (const one of chosen) {
    const { tookMs } = one;
    const group = leastBusy();
    if (group.calls.length > 0 && group.walkMs + tookMs > walkMostMs) {
      const because = `all tools together are too slow for a probe of a minute; it took ${ms(tookMs)}`;
      leftAlone.push({ tool: one.tool, because, hint: "test it by a scenario: squall init" });
      continue;
    }
    group.calls.push(one);
    group.walkMs += tookMs;
  }
  // A list that takes long to read would load the one who asks more than the one who is asked.
  const lister = leastBusy();
  lister.lists = chosen.length === 0 || listedMs <= listMostMs;
  if (lister.lists) lister.walkMs += listedMs;
  const inGroups = groups.flatMap(({ calls }, index) =>
    calls.map((one) => ({ one, group: groupName(index, groups.length) })),
  );
  return {
    groups,
    leftAlone,
    called: inGroups.map(({ one }) => one),
    placed: inGroups,
    ...(lister.lists ? { lister: groupName(groups.indexOf(lister), groups.length) } : {}),
  };
}

/** Over stdio each agent is a process of its own. */
function groupsFor({ transport, upstreams }: Asked, openedMs: number): number {
  if (transport === "http") return 6;
  return upstreams.length > 0 || openedMs > slowStartMs ? 1 : 2;
}

const slowStartMs = 1000;
const listMostMs = 150;

/** A fault on a link shows by the calls there, so that each group needs one before any has two. */
function weightOf({ calls, walkMs }: Group): number {
  return calls.length * walkMostMs + walkMs;
}

interface Times {
  readonly baselineMs: number;
  readonly timeoutMs: number;
  readonly recoveryMs: (trouble: Trouble) => number;
}

const samples = 8;
const graceMs = 1000;
const timeoutMostMs = 8000;

function timesOf(groups: readonly Group[], { chosen, listedMs, openedMs }: Learned): Times {
  const slowest = Math.max(listedMs, ...chosen.map(({ tookMs }) => tookMs));
  const longestWalkMs = Math.max(...groups.map(({ walkMs }) => walkMs));
  const tailMs = Math.max(1200, samples * longestWalkMs);
  return {
    baselineMs: Math.min(12_000, Math.max(3000, samples * longestWalkMs)),
    // Far longer than a call takes, so that the troubles that only slow it down are borne.
    timeoutMs: Math.min(timeoutMostMs, Math.max(2000, 4 * slowest + 1000)),
    recoveryMs: ({ restarts = false }) =>
      Math.min(6000, graceMs + tailMs) + (restarts ? Math.min(6000, 2 * openedMs) : 0),
  };
}

/** Of a stall each cancels one call in time, and fewer prove nothing of what is left behind. */
const agentsToCancel = 3;

function agentsFor({ transport, upstreams }: Pick<Asked, "transport" | "upstreams">): number {
  return upstreams.length > 0 ? agentsToCancel : transport === "stdio" ? 1 : 2;
}

function groupName(index: number, groups: number): string {
  return groups === 1 ? "callers" : `callers-${index + 1}`;
}

function groupOf({ calls, lists, walkMs }: Group, { server, transport, upstreams }: Asked, { timeoutMs }: Times) {
  // Where nothing is called but the list, and that is long, we would be busy with nothing but reading it.
  const pauseMs = calls.length === 0 ? Math.min(1000, Math.max(thinkMs, 3 * (walkMs - thinkMs))) : thinkMs;
  return {
    policy: { kind: "none", timeout: ms(timeoutMs) },
    arrivals: { count: agentsFor({ transport, upstreams }), thinkTime: ms(pauseMs) },
    chain: [
      ...(lists ? [{ list: server }] : []),
      ...calls.map(({ tool, args }) => ({
        call: `${server}.${tool}`,
        ...(Object.keys(args).length === 0 ? {} : { args: plainly(args) }),
      })),
    ],
  };
}

/** What a server suggests as an argument is a text, and no placeholder of ours. */
function plainly(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  if (Array.isArray(value)) return value.map(plainly);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainly(child)]));
}

const timesUsual = 10;
const slowLeastMs = 1000;

/** Behind its troubles a call may take ten times as long as when it was tried, and a second in any case. */
function thresholdsFor(groups: readonly Group[], asked: Asked, troubles: readonly Trouble[]) {
  if (troubles.length < 3) return {};
  const leastMs = Math.max(slowLeastMs, 2 * queueMs(groups, asked));
  const bounds = groups
    .flatMap(({ calls }) => calls)
    // A bound is a text of its own, in which not every name can stand.
    .filter(({ tool }) => /^[\w./:-]+$/.test(tool))
    .map(
      ({ tool, tookMs }) => `p50(${asked.server}.${tool}, recovery) < ${ms(Math.max(leastMs, timesUsual * tookMs))}`,
    );
  return bounds.length === 0 ? {} : { thresholds: bounds };
}

/**
 * How long the last one waits where a server answers all of its callers one after another: it was tried by one alone, and
 * is no slower for any trouble. Over stdio each caller has a process of its own.
 */
function queueMs(groups: readonly Group[], asked: Asked): number {
  if (asked.transport === "stdio") return 0;
  return groups.reduce(
    (sum, { calls }) => sum + agentsFor(asked) * Math.max(0, ...calls.map(({ tookMs }) => tookMs)),
    0,
  );
}

function ms(value: number): string {
  return formatDuration(Math.round(value / 10) * 10, 15);
}

/** With a word on what it is; what a server says of itself stands in quotes where YAML needs them. */
export function asYaml(raw: ProbePlan["raw"], replay: string): string {
  return `# Made by squall probe. To play it again: ${replay}\n# All that may stand here: squall schema\n${stringify(raw, { lineWidth: 0 })}`;
}

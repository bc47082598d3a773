/**
 * How well the generator itself kept up, and whether that is well enough. Past its budget the run proves nothing: what
 * was late for want of a processor cannot be told from a slow server.
 */
import { counted, formatDuration } from "../units.ts";

export interface GeneratorHealth {
  readonly type: "generator";
  readonly starts: number;
  readonly lagMaxUs: number;
  readonly lagP99Us: number;
  readonly healthy: boolean;
  /** How late a start, and what waits for an event loop, may be. Absent in older histories, like all that follows. */
  readonly budgetUs?: number;
  /** Starts that were later than that. */
  readonly late?: number;
  /** Arrivals that the plan wanted and that never began. */
  readonly dropped?: number;
  readonly threads?: readonly ThreadSummary[];
  readonly machine?: MachineSummary;
}

export interface ThreadSummary {
  /** As its writer is called: `m` is the supervisor's. */
  readonly thread: string;
  readonly starts: number;
  /** Seen of it, without its first second, in which it warms up. */
  readonly seconds: number;
  /** Of these, those with an event loop that was busy for more than nine tenths. */
  readonly busySeconds: number;
  /** Of all of them, from 0 to 1. */
  readonly busyShare: number;
  readonly delayP99Us: number;
  readonly delayMaxUs: number;
}

export interface MachineSummary {
  readonly cores: number;
  readonly seconds: number;
  /** In cores, of our whole process. */
  readonly cpu: number;
  readonly cpuMax: number;
  readonly rssMaxBytes: number;
  /** Absent where the system does not tell. */
  readonly descriptorsMax?: number;
  readonly descriptorsLimit?: number;
  /** Those that the run started itself. */
  readonly targets: readonly TargetSummary[];
}

export interface TargetSummary {
  readonly target: string;
  readonly cpu: number;
  readonly cpuMax: number;
  readonly rssMaxBytes: number;
}

/** In a shorter time a few pauses are a large part of it, and the lag of the starts tells what they did. */
const secondsLeast = 5;
const busySecondsLeast = 5;
const busyPart = 1 / 3;
const descriptorsPart = 0.9;
/** Of one core, on average. */
const hungryFrom = 0.8;
/** Of all cores together, above which who shares them gets in each other's way. */
const scarceFrom = 0.75;

/** Why it fell behind, each with what to change, in sentences; none where it kept up. */
export function whyBehind(health: Omit<GeneratorHealth, "healthy" | "type">): readonly string[] {
  const reasons = [tooLate(health), tooSlow(health), tooBusy(health)].flatMap((reason) => reason ?? []);
  const hungry = reasons.length === 0 ? undefined : whoAte(health);
  return [...reasons, hungry, dropped(health), outOfDescriptors(health)].flatMap((reason) => reason ?? []);
}

type Health = Parameters<typeof whyBehind>[0];

function tooLate({ starts, lagP99Us, lagMaxUs, budgetUs = Number.POSITIVE_INFINITY, late = 0 }: Health) {
  if (lagP99Us <= budgetUs) return undefined;
  const share = percent(late / Math.max(1, starts));
  const how = `p99 ${inMs(lagP99Us)}, worst ${inMs(lagMaxUs)}`;
  const mend = "lower the rate, give it more workers or a machine of its own";
  return `${share} of starts were more than ${inMs(budgetUs)} late (${how}); ${mend}`;
}

function tooSlow({ threads = [], budgetUs = Number.POSITIVE_INFINITY }: Health): string | undefined {
  const slow = threads.filter(({ seconds, delayP99Us }) => seconds >= secondsLeast && delayP99Us > budgetUs);
  const worst = slow.reduce<ThreadSummary | undefined>(
    (a, b) => (a === undefined || b.delayP99Us > a.delayP99Us ? b : a),
    undefined,
  );
  if (worst === undefined) return undefined;
  const { thread, delayP99Us, delayMaxUs } = worst;
  const how = `p99 ${inMs(delayP99Us)}, worst ${inMs(delayMaxUs)}`;
  return `the event loop of ${named(thread)}${andOthers(slow, "of ")} was held up for more than ${inMs(budgetUs)} (${how}); lower the rate, or ${relief(thread)}`;
}

function tooBusy({ threads = [] }: Health): string | undefined {
  const busy = threads.filter(
    ({ seconds, busySeconds }) => busySeconds >= Math.max(busySecondsLeast, seconds * busyPart),
  );
  const worst = busy.reduce<ThreadSummary | undefined>(
    (a, b) => (a === undefined || b.busySeconds > a.busySeconds ? b : a),
    undefined,
  );
  if (worst === undefined) return undefined;
  const { thread, seconds, busySeconds } = worst;
  return `${named(thread)}${andOthers(busy)} was busy for more than 90% of ${busySeconds} of ${counted(seconds, "second")}; lower the rate, or ${relief(thread)}`;
}

/** Whose work left too little of the machine for ours. */
function whoAte({ machine }: Health): string | undefined {
  if (machine === undefined) return undefined;
  const { cores, cpu, targets } = machine;
  const hungry = targets.filter((target) => target.cpu >= hungryFrom);
  const all = targets.reduce((sum, target) => sum + target.cpu, cpu);
  if (hungry.length === 0 || all < cores * scarceFrom) return undefined;
  const told = hungry.map((target) => `${target.target} used ${percent(target.cpu)} of a core`).join(", ");
  return `of ${counted(cores, "core")} ${told} and Squall ${percent(cpu)}; start the target on another machine`;
}

function dropped({ dropped: count = 0 }: Health): string | undefined {
  if (count === 0) return undefined;
  const they = count === 1 ? "1 arrival was" : `${count} arrivals were`;
  return `${they} dropped, so less was asked than planned; lower the rate, or give it more agents or workers`;
}

function outOfDescriptors({ machine }: Health): string | undefined {
  const { descriptorsMax = 0, descriptorsLimit = Number.POSITIVE_INFINITY } = machine ?? {};
  if (descriptorsMax <= descriptorsLimit * descriptorsPart) return undefined;
  return `${descriptorsMax} of ${descriptorsLimit} file descriptors were open; raise the limit (ulimit -n) or run fewer agents`;
}

/** What the harness may add to nearly any moment that it tells. */
export function usualLatenessUs({ lagP99Us, threads = [] }: GeneratorHealth): number {
  return Math.max(lagP99Us, ...threads.map(({ delayP99Us }) => delayP99Us));
}

/** Agents can be spread over more workers; what the supervisor does, its taps above all, cannot. */
function relief(thread: string): string {
  return isSupervisor(thread) ? "give it a machine of its own" : "give it more workers or a machine of its own";
}

function named(thread: string): string {
  return isSupervisor(thread) ? "the supervisor" : `worker ${thread}`;
}

function isSupervisor(thread: string): boolean {
  return thread === "m";
}

function andOthers(threads: readonly ThreadSummary[], of = ""): string {
  return threads.length < 2 ? "" : ` (and ${of}${threads.length - 1} more)`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** Finer than a millisecond nothing is held against it. */
function inMs(us: number): string {
  return formatDuration(Math.round(us / 1000));
}

/**
 * What the run costs the machine: once a second the processor time, memory and descriptors of our process, and of the
 * processes of each target that the run started itself.
 */
import type { Recorder, TargetEvent } from "../history/events.ts";
import type { MachineSummary, TargetSummary } from "../history/generator.ts";
import type { TargetVitals } from "../history/vitals.ts";
import type { Timer, World } from "../world.ts";
import { inSeconds, rounded, secondMs } from "./health-thread.ts";
import { realGauges, type Gauges } from "./vitals.ts";

export interface MachineHealth {
  /** Ends the watching; the same each time. */
  readonly end: () => MachineSummary;
}

/** The targets' processes that run, by their target. */
export type Processes = ReadonlyMap<string, ReadonlySet<number>>;

/** Follows what is recorded of targets: who is ready with which process, and whose has ended. */
export function followProcesses(): {
  readonly watching: (record: Recorder["record"]) => Recorder["record"];
  readonly running: Processes;
} {
  const running = new Map<string, Set<number>>();
  const instances = new Map<string, number>();
  const on = ({ target, instance = "", edge, pid }: TargetEvent): void => {
    const key = `${target}\n${instance}`;
    const before = instances.get(key);
    const pids = running.get(target) ?? new Set();
    if (before !== undefined) pids.delete(before);
    instances.delete(key);
    if (edge === "ready" && pid !== undefined) {
      pids.add(pid);
      instances.set(key, pid);
    }
    if (pids.size > 0) running.set(target, pids);
    else running.delete(target);
  };
  const watching =
    (record: Recorder["record"]): Recorder["record"] =>
    (event) => {
      if (event.type === "target") on(event);
      return record(event);
    };
  return { watching, running };
}

interface Sums {
  /** Processor time, weighed by nothing: it adds up. */
  cpuUs: number;
  lastedUs: number;
  cpuMax: number;
  rssMaxBytes: number;
}

const noSums = (): Sums => ({ cpuUs: 0, lastedUs: 0, cpuMax: 0, rssMaxBytes: 0 });

export function openMachineHealth(
  world: World,
  { recorder, running, gauges = realGauges }: { recorder: Recorder; running: Processes; gauges?: Gauges },
): MachineHealth {
  const own = noSums();
  const targets = new Map<string, Sums>();
  const descriptorsLimit = gauges.descriptorsLimit();
  const trees = openTrees(gauges);
  let descriptorsMax: number | undefined;
  let before = { cpuUs: gauges.cpuUs(), atUs: world.nowUs() };
  trees.read(running);
  let timer: Timer;

  const targetVitals = (lastedUs: number): readonly TargetVitals[] =>
    trees.read(running).map(({ target, cpuUs, rssBytes }) => {
      const sums = targets.get(target) ?? noSums();
      targets.set(target, sums);
      return { target, ...counted(sums, { cpuUs, lastedUs, rssBytes }) };
    });

  const tick = (): void => {
    const now = { cpuUs: gauges.cpuUs(), atUs: world.nowUs() };
    const lastedUs = Math.max(1, now.atUs - before.atUs);
    const used = counted(own, { cpuUs: now.cpuUs - before.cpuUs, lastedUs, rssBytes: gauges.rssBytes() });
    before = now;
    const descriptors = gauges.descriptors();
    if (descriptors !== undefined) descriptorsMax = Math.max(descriptorsMax ?? 0, descriptors);
    const ofTargets = targetVitals(lastedUs);
    recorder.record({
      type: "vitals",
      of: "machine",
      lastedUs,
      ...used,
      ...(descriptors === undefined ? {} : { descriptors }),
      ...(ofTargets.length === 0 ? {} : { targets: ofTargets }),
    });
    timer = world.timer(secondMs, tick);
  };
  timer = world.timer(secondMs, tick);

  const end = (): MachineSummary => {
    timer.cancel();
    return {
      cores: gauges.cores,
      seconds: inSeconds(own.lastedUs),
      ...summaryOf(own),
      ...(descriptorsMax === undefined ? {} : { descriptorsMax }),
      ...(descriptorsLimit === undefined ? {} : { descriptorsLimit }),
      targets: [...targets].map(([target, sums]): TargetSummary => ({ target, ...summaryOf(sums) })),
    };
  };
  let ended: MachineSummary | undefined;
  return { end: () => (ended ??= end()) };
}

function counted(
  sums: Sums,
  { cpuUs, lastedUs, rssBytes }: { readonly cpuUs: number; readonly lastedUs: number; readonly rssBytes: number },
): { readonly cpu: number; readonly rssBytes: number } {
  const cpu = rounded(cpuUs / lastedUs);
  sums.cpuUs += cpuUs;
  sums.lastedUs += lastedUs;
  sums.cpuMax = Math.max(sums.cpuMax, cpu);
  sums.rssMaxBytes = Math.max(sums.rssMaxBytes, rssBytes);
  return { cpu, rssBytes };
}

function summaryOf({ cpuUs, lastedUs, cpuMax, rssMaxBytes }: Sums): Omit<TargetSummary, "target"> {
  return { cpu: rounded(lastedUs === 0 ? 0 : cpuUs / lastedUs), cpuMax, rssMaxBytes };
}

/** Over stdio every session has a process of its own; reading more than these would itself be a load. */
const processesMost = 100;
/** Looking for new children costs more than reading those that are known. */
const lookEvery = 5;

interface TreeUse {
  readonly target: string;
  /** Since it was read before. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

/** Each process with all that it started in turn. A target of which nothing can be read is left out. */
function openTrees(gauges: Gauges) {
  const usedBefore = new Map<number, number>();
  const members = new Map<number, readonly number[]>();
  let readings = 0;

  const readTree = (root: number): { readonly cpuUs: number; readonly rssBytes: number } | undefined => {
    const known = members.get(root);
    const pids = known === undefined || readings % lookEvery === 0 ? treeOf(root, gauges) : known;
    members.set(root, pids);
    const uses = pids.flatMap((pid) => gauges.processUse(pid) ?? []);
    if (uses.length === 0) return undefined;
    const total = uses.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
    // Who leaves the tree takes its time along.
    const cpuUs = Math.max(0, total - (usedBefore.get(root) ?? total));
    usedBefore.set(root, total);
    return { cpuUs, rssBytes: uses.reduce((sum, { rssBytes }) => sum + rssBytes, 0) };
  };

  const read = (running: Processes): readonly TreeUse[] => {
    readings += 1;
    return [...running].flatMap(([target, roots]) => {
      if (roots.size > processesMost) return [];
      const trees = [...roots].flatMap((root) => readTree(root) ?? []);
      if (trees.length === 0) return [];
      const sum = (of: "cpuUs" | "rssBytes"): number => trees.reduce((total, tree) => total + tree[of], 0);
      return [{ target, cpuUs: sum("cpuUs"), rssBytes: sum("rssBytes") }];
    });
  };
  return { read };
}

function treeOf(root: number, gauges: Gauges): readonly number[] {
  const found = new Set([root]);
  // What is added on the way is walked as well.
  for (const pid of found) {
    for (const child of gauges.childrenOf(pid)) if (found.size < processesMost) found.add(child);
  }
  return [...found];
}

/**
 * The door to what the machine tells of us and of the processes that we started: processor time, memory, descriptors,
 * event loops. What it does not tell here (there is no /proc outside of Linux) is undefined, never nought.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { procStatIn } from "../processes.ts";

export interface Gauges {
  readonly cores: number;
  /** Watches the event loop of the thread that calls it. */
  readonly openLoop: () => LoopGauge;
  /** Processor time of our whole process so far. */
  readonly cpuUs: () => number;
  readonly rssBytes: () => number;
  /** Of the thread that calls it. */
  readonly heapBytes: () => number;
  readonly descriptors: () => number | undefined;
  readonly descriptorsLimit: () => number | undefined;
  /** Of one process alone; undefined where it is gone. */
  readonly processUse: (pid: number) => ProcessUse | undefined;
  /** Its children, as far as they are still its own. */
  readonly childrenOf: (pid: number) => readonly number[];
}

export interface ProcessUse {
  /** With what its children used that have ended. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

export interface LoopGauge {
  /** Since it was opened or restarted. */
  readonly read: () => LoopReading;
  readonly restart: () => void;
  readonly close: () => void;
}

export interface LoopReading {
  readonly busyShare: number;
  readonly delayP99Us: number;
  readonly delayMaxUs: number;
}

export const realGauges: Gauges = {
  cores: availableParallelism(),
  openLoop,
  cpuUs: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  rssBytes: ownRssBytes,
  heapBytes: () => getHeapStatistics().used_heap_size,
  descriptors: () => {
    // Newer kernels tell the number as a size; older ones tell nought, and want to be counted.
    const size = orUndefined(() => statSync("/proc/self/fd").size);
    return size === 0 ? orUndefined(() => readdirSync("/proc/self/fd").length) : size;
  },
  descriptorsLimit: () => {
    const soft = /^Max open files\s+(\d+)/m.exec(textOf("/proc/self/limits") ?? "")?.[1];
    return soft === undefined ? undefined : Number(soft);
  },
  processUse: (pid) => {
    const stat = procStatIn(textOf(`/proc/${pid}/stat`) ?? "");
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1];
    // A zombie has no memory any more, and its time is told by whoever waits for it.
    return stat === undefined || rss === undefined ? undefined : { cpuUs: stat.cpuUs, rssBytes: Number(rss) * 1024 };
  },
  childrenOf: (pid) =>
    // Children belong to the thread that started them.
    (orUndefined(() => readdirSync(`/proc/${pid}/task`)) ?? [])
      .flatMap((task) => (textOf(`/proc/${pid}/task/${task}/children`) ?? "").split(" "))
      .filter((child) => child !== "")
      .map(Number),
};

let lastRssBytes = 0;

/** A file is read for it, so where no more can be opened it is what it was. */
function ownRssBytes(): number {
  lastRssBytes = orUndefined(() => process.memoryUsage.rss()) ?? lastRssBytes;
  return lastRssBytes;
}

const resolutionMs = 10;

function openLoop(): LoopGauge {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let since = performance.eventLoopUtilization();
  // What it measures are the times between two of its own timers, so an idle loop has their resolution for a delay.
  const delayUs = (ns: number): number => Math.max(0, Math.round(ns / 1000 - resolutionMs * 1000));
  return {
    read: () => ({
      busyShare: performance.eventLoopUtilization(since).utilization,
      delayP99Us: delayUs(delay.percentile(99)),
      delayMaxUs: delayUs(delay.max),
    }),
    restart: () => {
      delay.reset();
      since = performance.eventLoopUtilization();
    },
    close: () => {
      delay.disable();
    },
  };
}

function textOf(path: string): string | undefined {
  return orUndefined(() => readFileSync(path, "utf8"));
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * How one thread of ours keeps up: how late its starts are, how its event loop fares. It tells so once a second into
 * its own history, and in the end in parts that can be posted between threads and put together.
 */
import type { Recorder } from "../history/events.ts";
import type { ThreadSummary } from "../history/generator.ts";
import { addTime, emptyTiming, encodeTiming, type EncodedTiming } from "../measure/histogram.ts";
import type { Timer, World } from "../world.ts";
import { realGauges, type Gauges } from "./vitals.ts";

export interface ThreadHealthOptions {
  /** As its writer is called. */
  readonly thread: string;
  readonly recorder: Recorder;
  readonly budgetUs: number;
  readonly gauges?: Gauges;
}

export interface ThreadHealthGauge {
  /** A walk begins, so much later than the plan wanted it. */
  readonly onStart: (lagUs: number) => void;
  /** Arrivals that never begin. */
  readonly dropped: (count: number) => void;
  /** Ends the watching; the same each time. */
  readonly end: () => ThreadHealth;
}

/** Plain data: it can be posted. */
export interface ThreadHealth extends ThreadSummary {
  readonly lag: EncodedTiming;
  readonly late: number;
  readonly dropped: number;
}

export const secondMs = 1000;
const busyFrom = 0.9;

export function openThreadHealth(
  world: World,
  { thread, recorder, budgetUs, gauges = realGauges }: ThreadHealthOptions,
): ThreadHealthGauge {
  const lag = emptyTiming();
  let late = 0;
  let dropped = 0;
  const seen = { us: 0, busyUs: 0, busySecondsUs: 0 };
  const second = gauges.openLoop();
  // In its first second a thread compiles what it runs; what that costs tells nothing of the rest.
  let whole: ReturnType<Gauges["openLoop"]> | undefined;
  let sinceUs = world.nowUs();
  let timer: Timer;

  const tick = (): void => {
    const nowUs = world.nowUs();
    const lastedUs = nowUs - sinceUs;
    const reading = second.read();
    second.restart();
    sinceUs = nowUs;
    recorder.record({
      type: "vitals",
      of: "thread",
      thread,
      lastedUs,
      ...reading,
      busyShare: rounded(reading.busyShare),
      heapBytes: gauges.heapBytes(),
    });
    if (whole === undefined) whole = gauges.openLoop();
    else {
      seen.us += lastedUs;
      seen.busyUs += lastedUs * reading.busyShare;
      if (reading.busyShare > busyFrom) seen.busySecondsUs += lastedUs;
    }
    timer = world.timer(secondMs, tick);
  };
  timer = world.timer(secondMs, tick);

  const end = (): ThreadHealth => {
    timer.cancel();
    second.close();
    const { delayP99Us, delayMaxUs } = whole?.read() ?? { delayP99Us: 0, delayMaxUs: 0 };
    whole?.close();
    return {
      thread,
      starts: lag.samples,
      seconds: inSeconds(seen.us),
      busySeconds: inSeconds(seen.busySecondsUs),
      busyShare: rounded(seen.us === 0 ? 0 : seen.busyUs / seen.us),
      delayP99Us,
      delayMaxUs,
      lag: encodeTiming(lag),
      late,
      dropped,
    };
  };
  let ended: ThreadHealth | undefined;

  return {
    onStart: (lagUs) => {
      addTime(lag, lagUs);
      if (lagUs > budgetUs) late += 1;
    },
    dropped: (count) => {
      dropped += count;
    },
    end: () => (ended ??= end()),
  };
}

export function inSeconds(us: number): number {
  return Math.round(us / 1e6);
}

/** Shares of a second need no fourth digit. */
export function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}

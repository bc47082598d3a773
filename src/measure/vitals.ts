/** The course of what the run cost the machine, thinned to what a chart can show, and how its memory grew. */
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { Figures, Trend, VitalsPoint } from "./figures.ts";
import { slopeOf, type Sample } from "./slope.ts";

export interface Course {
  readonly on: (event: HistoryEvent) => void;
  readonly end: (phases: Figures["phases"]) => Pick<Figures, "vitals" | "generator">;
}

const pointsMax = 120;
/** What is still coming up is left out of a slope: the warm-up, and at least so much of the whole. */
const settlingPart = 1 / 5;

type OfThread = Extract<EventOf<"vitals">, { readonly of: "thread" }>;
type OfMachine = Extract<EventOf<"vitals">, { readonly of: "machine" }>;

export function openVitals(): Course {
  let points: VitalsPoint[] = [];
  let joins = 1;
  let waiting: VitalsPoint[] = [];
  const threads = new Map<string, OfThread>();
  const memory = new Map<string, Sample[]>();
  let generator: Figures["generator"];

  const keep = (name: string, sample: Sample): void => {
    const samples = memory.get(name) ?? [];
    memory.set(name, samples);
    samples.push(sample);
  };

  const onMachine = (event: OfMachine): void => {
    const { atUs, rssBytes, targets = [] } = event;
    const point = pointOf(event, [...threads.values()]);
    keep("squall rss", { atUs, value: rssBytes });
    if (point.heapBytes !== undefined) keep("squall heap", { atUs, value: point.heapBytes });
    for (const target of targets) keep(`${target.target} rss`, { atUs, value: target.rssBytes });
    waiting.push(point);
    if (waiting.length < joins) return;
    points.push(waiting.reduce(joined));
    waiting = [];
    if (points.length < 2 * pointsMax) return;
    points = pairs(points);
    joins *= 2;
  };

  return {
    on: (event) => {
      if (event.type === "vitals") {
        if (event.of === "thread") threads.set(event.thread, event);
        else onMachine(event);
      } else if (event.type === "generator") {
        const { type: _, id: __, atUs: ___, ...health } = event;
        generator = health;
      }
    },
    end: (phases) => {
      const all = [...points, ...(waiting.length === 0 ? [] : [waiting.reduce(joined)])];
      const trends = [...memory].map(([of, samples]) => trendOf(of, samples, phases));
      return {
        ...(generator === undefined ? {} : { generator }),
        vitals: { points: all.length > pointsMax ? pairs(all) : all, memory: trends },
      };
    },
  };
}

function pointOf(event: OfMachine, threads: readonly OfThread[]): VitalsPoint {
  const { atUs, lastedUs, cpu, rssBytes, descriptors, targets = [] } = event;
  const most = (of: (thread: OfThread) => number): number => threads.reduce((max, one) => Math.max(max, of(one)), 0);
  return {
    fromUs: Math.max(0, atUs - lastedUs),
    toUs: atUs,
    cpu,
    rssBytes,
    ...(descriptors === undefined ? {} : { descriptors }),
    ...(threads.length === 0
      ? {}
      : {
          heapBytes: threads.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
          busyShare: most(({ busyShare }) => busyShare),
          delayMaxUs: most(({ delayMaxUs }) => delayMaxUs),
        }),
    targets,
  };
}

function pairs(points: readonly VitalsPoint[]): VitalsPoint[] {
  return Array.from({ length: Math.ceil(points.length / 2) }, (_, index) =>
    points.slice(2 * index, 2 * index + 2).reduce(joined),
  );
}

/** Processor time adds up, so it has a mean; of all else the worst is what matters. */
function joined(a: VitalsPoint, b: VitalsPoint): VitalsPoint {
  const lengthA = a.toUs - a.fromUs;
  const lengthB = b.toUs - b.fromUs;
  const mean = (of: number, and: number): number =>
    Math.round((1000 * (of * lengthA + and * lengthB)) / Math.max(1, lengthA + lengthB)) / 1000;
  const names = new Set([...a.targets, ...b.targets].map(({ target }) => target));
  return {
    fromUs: a.fromUs,
    toUs: b.toUs,
    cpu: mean(a.cpu, b.cpu),
    rssBytes: Math.max(a.rssBytes, b.rssBytes),
    ...worst("descriptors", a, b),
    ...worst("heapBytes", a, b),
    ...worst("busyShare", a, b),
    ...worst("delayMaxUs", a, b),
    targets: [...names].map((target) => {
      const none = { target, cpu: 0, rssBytes: 0 };
      const inA = a.targets.find((one) => one.target === target) ?? none;
      const inB = b.targets.find((one) => one.target === target) ?? none;
      return { target, cpu: mean(inA.cpu, inB.cpu), rssBytes: Math.max(inA.rssBytes, inB.rssBytes) };
    }),
  };
}

function worst<Key extends "descriptors" | "heapBytes" | "busyShare" | "delayMaxUs">(
  key: Key,
  a: VitalsPoint,
  b: VitalsPoint,
): { readonly [K in Key]?: number } {
  const values = [a[key], b[key]].flatMap((value) => value ?? []);
  // TypeScript takes the type of a computed key for string.
  return (values.length === 0 ? {} : { [key]: Math.max(...values) }) as { readonly [K in Key]?: number };
}

function trendOf(of: string, samples: readonly Sample[], phases: Figures["phases"]): Trend {
  const [firstUs = 0, lastUs = 0] = [samples[0]?.atUs, samples.at(-1)?.atUs];
  const values = samples.map(({ value }) => value);
  const warmUs = phases.reduce((us, { role, endUs }) => (role === "warm-up" ? Math.max(us, endUs) : us), 0);
  const fromUs = Math.round(Math.max(warmUs, firstUs + (lastUs - firstUs) * settlingPart));
  const slope = slopeOf(samples.filter(({ atUs }) => atUs >= fromUs));
  return {
    of,
    firstBytes: values[0] ?? 0,
    lastBytes: values.at(-1) ?? 0,
    minBytes: values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    maxBytes: values.reduce((a, b) => Math.max(a, b), 0),
    ...(slope === undefined
      ? {}
      : {
          slope: {
            fromUs,
            bytesPerMinute: Math.round(slope.perMinute),
            errorPerMinute: Math.round(slope.errorPerMinute),
            samples: slope.samples,
          },
        }),
  };
}

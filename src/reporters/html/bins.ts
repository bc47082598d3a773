/** Counts over spans long enough to be a rate: buckets of a short run are so short that each holds an op or none. */
import type { Bucket, Figures, Point } from "../../measure/figures.ts";
import { outcomes, sumOf } from "./words.ts";

export interface Bin {
  readonly fromUs: number;
  readonly toUs: number;
  /** How many of something that is a second. */
  readonly rate: (count: number) => number;
  readonly counts: Bucket;
}

const secondUs = 1e6;
const binsMin = 40;

type Measured = Pick<Figures, "series" | "points">;

/** Buckets joined until they last a second, or a fortieth of a shorter run; what remains is a shorter bin. */
export function binsOf({ series: { bucketUs, fromUs, buckets }, points }: Measured): readonly Bin[] {
  const lengthUs = Math.min(secondUs, (bucketUs * buckets.length) / binsMin);
  const each = Math.max(1, Math.round(lengthUs / bucketUs));
  return Array.from({ length: Math.ceil(buckets.length / each) }, (_, index) => {
    const parts = buckets.slice(index * each, (index + 1) * each);
    const lastsUs = bucketUs * parts.length;
    const startUs = fromUs + index * each * bucketUs;
    const span = { fromUs: startUs, toUs: startUs + lastsUs };
    const rate = (count: number): number => (count * secondUs) / lastsUs;
    const [only] = parts;
    return {
      ...span,
      rate,
      counts: parts.length === 1 && only !== undefined ? only : joined(parts, tookIn(points, span)),
    };
  });
}

/** How long the ok ops of a span took, in order. */
function tookIn(points: readonly Point[], span: { readonly fromUs: number; readonly toUs: number }): readonly number[] {
  return points
    .filter(({ outcome, atUs }) => outcome === "ok" && atUs >= span.fromUs && atUs < span.toUs)
    .map(({ tookUs }) => tookUs)
    .sort((a, b) => a - b);
}

/** Counts add up; percentiles do not, so they are taken again of the ops that are drawn, a fair sample of all. */
function joined(parts: readonly Bucket[], took: readonly number[]): Bucket {
  const of = (count: (bucket: Bucket) => number): number => sumOf(parts, count);
  const [p50Us, p95Us] = [took[Math.ceil(took.length * 0.5) - 1], took[Math.ceil(took.length * 0.95) - 1]];
  const ops = { ok: 0, failed: 0, unknown: 0, "not-run": 0 };
  for (const outcome of outcomes) ops[outcome] = of((part) => part.ops[outcome]);
  return {
    offered: of(({ offered }) => offered),
    ops,
    attempts: of(({ attempts }) => attempts),
    ...(p50Us === undefined ? {} : { p50Us }),
    ...(p95Us === undefined ? {} : { p95Us }),
    exchanges: of(({ exchanges }) => exchanges),
    effects: of(({ effects }) => effects),
  };
}

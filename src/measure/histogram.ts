/**
 * Times in a histogram of fixed configuration, with what it rounds kept exactly beside it. Two of them merge without
 * loss, and only two of one configuration: a coarser one would lose digits without a word.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import { z } from "zod";
import type { Latency } from "./figures.ts";

export type Digits = 2 | 3;

/** An hour. What takes longer is counted as that long; its maximum and sum stay exact. */
export const highestUs = 3_600_000_000;

/** The digits of all that is kept or merged beyond one reading. */
export const keptDigits = 3;

export interface Timing {
  readonly digits: Digits;
  samples: number;
  minUs: number;
  maxUs: number;
  sumUs: number;
  /** How many were longer than the histogram reaches. */
  overflow: number;
  /** Made with the first sample: most cells of a run stay empty. */
  histogram?: Histogram;
}

export function emptyTiming(digits: Digits = keptDigits): Timing {
  return { digits, samples: 0, minUs: Number.POSITIVE_INFINITY, maxUs: 0, sumUs: 0, overflow: 0 };
}

export function addTime(timing: Timing, tookUs: number): void {
  const us = Math.max(0, Math.round(tookUs));
  timing.samples += 1;
  timing.minUs = Math.min(timing.minUs, us);
  timing.maxUs = Math.max(timing.maxUs, us);
  timing.sumUs += us;
  // The library throws beyond its range; counted at the edge, the percentiles below it stay right.
  if (us > highestUs) timing.overflow += 1;
  histogramOf(timing).recordValue(Math.min(us, highestUs));
}

export function mergeTiming(into: Timing, from: Timing): void {
  if (into.digits !== from.digits) {
    throw new Error(`histograms of ${into.digits} and ${from.digits} digits cannot be merged without loss`);
  }
  into.samples += from.samples;
  into.minUs = Math.min(into.minUs, from.minUs);
  into.maxUs = Math.max(into.maxUs, from.maxUs);
  into.sumUs += from.sumUs;
  into.overflow += from.overflow;
  if (from.histogram !== undefined) histogramOf(into).add(from.histogram);
}

/** The share of 1 that is not longer; undefined where there is no sample. */
export function percentile(timing: Timing, share: number): number | undefined {
  if (timing.histogram === undefined) return undefined;
  // The library answers the upper edge of a bucket, which may lie beyond anything that was measured.
  return Math.max(timing.minUs, Math.min(timing.maxUs, timing.histogram.getValueAtPercentile(share * 100)));
}

export function meanUs({ sumUs, samples }: Timing): number {
  return Math.round(sumUs / samples);
}

/** So few samples above a percentile tell nothing of it: of p95, 100 samples leave five. */
export function samplesFor(share: number): number {
  return Math.round(5 / (1 - share));
}

export function latencyOf(timing: Timing): Latency {
  const { samples, minUs, maxUs } = timing;
  if (samples === 0) return { samples };
  const at = <Key extends string>(key: Key, share: number): { readonly [K in Key]?: number } => {
    const value = samples < samplesFor(share) ? undefined : percentile(timing, share);
    // TypeScript takes the type of a computed key for string.
    return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: number };
  };
  return {
    samples,
    minUs,
    meanUs: meanUs(timing),
    ...at("p50Us", 0.5),
    ...at("p90Us", 0.9),
    ...at("p95Us", 0.95),
    ...at("p99Us", 0.99),
    maxUs,
  };
}

export const encodedTiming = z.strictObject({
  samples: z.int().min(0),
  minUs: z.int().min(0).optional(),
  maxUs: z.int().min(0).optional(),
  sumUs: z.int().min(0),
  overflow: z.int().min(0),
  /** HdrHistogram V2, compressed, base64; absent where there is no sample. */
  hdr: z.string().optional(),
});

export type EncodedTiming = z.output<typeof encodedTiming>;

export function encodeTiming(timing: Timing): EncodedTiming {
  const { samples, minUs, maxUs, sumUs, overflow, histogram } = timing;
  if (histogram === undefined) return { samples, sumUs, overflow };
  return { samples, minUs, maxUs, sumUs, overflow, hdr: encodeIntoCompressedBase64(histogram) };
}

export function decodeTiming(encoded: EncodedTiming): Timing {
  const { samples, sumUs, overflow, hdr, minUs = Number.POSITIVE_INFINITY, maxUs = 0 } = encoded;
  const timing: Timing = { digits: keptDigits, samples, minUs, maxUs, sumUs, overflow };
  if (hdr === undefined) return timing;
  const decoded = decodeFromCompressedBase64(hdr);
  const { numberOfSignificantValueDigits: digits, highestTrackableValue } = decoded;
  const lowest = "lowestDiscernibleValue" in decoded ? Number(decoded.lowestDiscernibleValue) : Number.NaN;
  if (digits !== timing.digits || lowest !== 1 || highestTrackableValue !== highestUs) {
    throw new Error(
      `expected a histogram of ${timing.digits} digits from 1 up to ${highestUs} us, ` +
        `got ${digits} digits from ${lowest} up to ${highestTrackableValue} us: ` +
        "they cannot be merged without loss",
    );
  }
  if (decoded.totalCount !== samples) {
    throw new Error(`the histogram holds ${decoded.totalCount} samples, and ${samples} were counted`);
  }
  // What was decoded may grow by itself; added to one of ours it has our configuration again.
  histogramOf(timing).add(decoded);
  return timing;
}

function histogramOf(timing: Timing): Histogram {
  timing.histogram ??= build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestUs,
    numberOfSignificantValueDigits: timing.digits,
  });
  return timing.histogram;
}

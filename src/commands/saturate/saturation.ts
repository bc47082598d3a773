/** What `squall saturate` found, as one document. */
import { z } from "zod";

const share = z.strictObject({ k: z.int(), n: z.int(), low: z.number(), high: z.number() });

const load = z.strictObject({
  /** Chain walks begun a second, of all groups together. */
  walksPerSecond: z.number(),
  callsPerSecond: z.number(),
});

const rangeEnd = load.extend({ held: share });

const step = load.extend({
  seconds: z.number(),
  came: z.enum(["held", "not-held", "unknown"]),
  /** Why it did not hold, or why that cannot be told. */
  because: z.string().exactOptional(),
  /** Of the slowest tool. */
  p50Ms: z.number().exactOptional(),
  p95Ms: z.number().exactOptional(),
  errorShare: z.number().exactOptional(),
  /** The run's folder. */
  run: z.string(),
});

export const saturationDocument = z.strictObject({
  schema: z.literal("squall.saturation/1"),
  squall: z.string(),
  scenario: z.string(),
  seed: z.int(),
  /** The thresholds that a rate must hold. */
  bounds: z.array(z.string()),
  /** Absent where no tool was named. */
  raw: z
    .strictObject({
      server: z.string(),
      tool: z.string(),
      connections: z.int(),
      seconds: z.number(),
      calls: z.int(),
      perSecond: z.number(),
      p50Ms: z.number(),
      p99Ms: z.number(),
      refused: z.int(),
      unanswered: z.int(),
    })
    .exactOptional(),
  steps: z.array(step),
  /** The highest rate that held; absent where none did. */
  holds: rangeEnd.exactOptional(),
  /** The lowest that did not; absent where all held. */
  fails: rangeEnd.exactOptional(),
  /** Calls of real agents at the highest rate that held, of those of the raw ceiling. */
  shareOfRaw: z.number().exactOptional(),
  verdict: z.enum(["found", "never-held", "not-reached", "unknown"]),
  /** Where it was not found: why. */
  because: z.string().exactOptional(),
  exitCode: z.int(),
  replay: z.string(),
});

export type Saturation = z.output<typeof saturationDocument>;
export type Step = Saturation["steps"][number];
export type Raw = NonNullable<Saturation["raw"]>;

/**
 * The figures of one run, as one document: what figures.json holds and what reports draw. Times are microseconds from
 * the run's start. Only what was measured stands here; where samples are too few, a figure is absent.
 */
import { z } from "zod";
import { count, list, opOutcome, outcomeClass, record, text, us } from "./figure-shapes.ts";
import { listingFigures } from "./listing-figures.ts";
import { faultSpan, markFigures, phaseSpan } from "./span-figures.ts";
import { story } from "./story-figures.ts";

export const figuresSchema = "squall.figures/2";

const reasons = z.record(text, count).readonly();
const byOutcome = z.record(opOutcome, count).readonly();

/** A percentile is there only where samples suffice: 5/(1−q) of them. */
const latency = record({
  samples: count,
  minUs: us.exactOptional(),
  meanUs: us.exactOptional(),
  p50Us: us.exactOptional(),
  p90Us: us.exactOptional(),
  p95Us: us.exactOptional(),
  p99Us: us.exactOptional(),
  maxUs: us.exactOptional(),
});

const outcomeTimes = {
  /** Of ops: from the intended start to the end. */
  response: latency,
  /** Of attempts: from the request to what it came to. */
  service: latency,
};

/** One tool, called by one group in one phase. */
const toolFigures = record({
  group: text,
  server: text,
  tool: text,
  phase: text,
  /** The step of its chain that they stand in for. */
  insteadOf: count.exactOptional(),
  ops: byOutcome,
  /** Ops that were not ok, and their agents went on with something else. Absent where there is none. */
  degraded: count.exactOptional(),
  /** Why ops were not run, and how many: for lack of input or budget, or held back by a policy. Absent where all were. */
  notRun: reasons.exactOptional(),
  /** Why a policy did not try ops again, and how many. Absent where there is none. */
  heldBack: reasons.exactOptional(),
  attempts: count,
  classes: z.partialRecord(outcomeClass, count).readonly(),
  /** Of the ops and of the attempts that were ok. */
  ...outcomeTimes,
  /** Of those that failed: how long their callers waited to hear it. Absent where there is none, as below. */
  failed: record(outcomeTimes).exactOptional(),
  /** Of those whose fate is unknown: how long their callers waited in vain, unless the run itself cut it short. */
  unknown: record(outcomeTimes).exactOptional(),
});

/** How many requests one hop made of those that came to it. */
const hopFigures = record({
  link: text,
  plane: z.enum(["agent-server", "server-upstream"]),
  phase: text,
  /** agent→server: attempts; server→upstream: exchanges. */
  requests: count,
  /** agent→server: ops that were tried; server→upstream: attempts that were sent to the server. */
  callers: count,
  /** requests / callers; absent where there was no caller, or where requests cannot be counted (tcp). */
  ratio: z.number().exactOptional(),
});

/** Ops against the world: how many ops of each outcome had how many effects. */
const effectFigures = record({
  effect: text,
  ledger: text,
  quiet: z.boolean(),
  counts: list(record({ outcome: opOutcome, effects: z.enum(["0", "1", "more"]), ops: count })),
});

/** One episode of fault and recovery. */
const episode = record({
  phase: text,
  /** The off edge of its last observed fault (in a control run: of the empty one); absent where there was none. */
  clearUs: us.exactOptional(),
  /** From there until goodput held 95 % of the baseline's over 5 s (or half of what was seen); absent: it did not. */
  recoveryUs: us.exactOptional(),
  /** Why the time to recovery is absent. */
  because: text.exactOptional(),
});

/** Ops by their intended start, attempts by their own. */
const bucket = record({
  offered: count,
  ops: byOutcome,
  attempts: count,
  /** Of the ops that were ok; no sample rule here, a line in a chart claims less than a figure. */
  p50Us: us.exactOptional(),
  p95Us: us.exactOptional(),
  /** At links to upstreams, by when they began. */
  exchanges: count,
  /** By when they were committed at the latest. */
  effects: count,
});

const series = record({
  bucketUs: us,
  /** From the first phase's start, without gaps. */
  fromUs: us,
  buckets: list(bucket),
});

const point = record({
  /** The intended start. */
  atUs: us,
  /** From there to the end, or to the history's end. */
  tookUs: us,
  /** `server.Tool` */
  tool: text,
  outcome: opOutcome,
  class: outcomeClass.exactOptional(),
});

const threadSummary = record({
  thread: text,
  starts: count,
  seconds: count,
  busySeconds: count,
  busyShare: z.number(),
  delayP99Us: us,
  delayMaxUs: us,
});

const targetSummary = { cpu: z.number(), cpuMax: z.number(), rssMaxBytes: count };

/** How well the generator itself kept up: what src/history/generator.ts says of it. */
const generator = record({
  starts: count,
  lagMaxUs: us,
  lagP99Us: us,
  healthy: z.boolean(),
  budgetUs: us.exactOptional(),
  late: count.exactOptional(),
  dropped: count.exactOptional(),
  threads: list(threadSummary).exactOptional(),
  machine: record({
    cores: count,
    seconds: count,
    ...targetSummary,
    descriptorsMax: count.exactOptional(),
    descriptorsLimit: count.exactOptional(),
    targets: list(record({ target: text, ...targetSummary })),
  }).exactOptional(),
});

/** A second of the run, or several joined. */
const vitalsPoint = record({
  fromUs: us,
  toUs: us,
  /** In cores, of our whole process. */
  cpu: z.number(),
  rssBytes: count,
  /** Of all our threads that tell it. */
  heapBytes: count.exactOptional(),
  descriptors: count.exactOptional(),
  /** Of the thread that fared worst. */
  busyShare: z.number().exactOptional(),
  delayMaxUs: us.exactOptional(),
  /** Those that the run started itself, where the system tells of them. */
  targets: list(record({ target: text, cpu: z.number(), rssBytes: count })),
});

const trend = record({
  /** `squall rss`, `squall heap`, or a target's name with ` rss`. */
  of: text,
  firstBytes: count,
  lastBytes: count,
  minBytes: count,
  maxBytes: count,
  /** After the warm-up and at least a fifth of the run; absent where less than a minute remains. */
  slope: record({
    fromUs: us,
    /** Of least squares, with its standard error. */
    bytesPerMinute: z.int(),
    errorPerMinute: count,
    samples: count,
  }).exactOptional(),
});

export const figuresDocument = record({
  schema: z.literal(figuresSchema),
  run: text,
  scenario: text,
  mode: z.enum(["faults", "control"]),
  seed: z.int(),
  startedAt: text,
  squall: text,
  /** When the last event was recorded, and why the run ended; `cut` where the history has no end mark. */
  endUs: us,
  ended: z.enum([
    "finished",
    "baseline-failed",
    "not-recovered",
    "interrupted",
    "terminated",
    "unreachable",
    "engine-lost",
    "broken",
    "stopped",
    "aborted",
    "cut",
  ]),
  phases: list(phaseSpan),
  faults: list(faultSpan),
  /** Those that never came about among them. */
  faultsPlanned: count.exactOptional(),
  /** Single moments worth a line in every chart: a server that exits, sessions that are lost. At most 200. */
  marks: list(markFigures),
  tools: list(toolFigures),
  hops: list(hopFigures),
  effects: list(effectFigures),
  /** Absent where no policy lists tools. */
  listings: list(listingFigures).exactOptional(),
  episodes: list(episode),
  series,
  /** Absent in histories that were cut off. */
  generator: generator.exactOptional(),
  /** What the run cost the machine: at most 120 points, and how memory grew. */
  vitals: record({ points: list(vitalsPoint), memory: list(trend) }),
  /** Every op that was not ok and a fair sample of the others, at most 2,000, in order of time. */
  points: list(point),
  /** The ops of each finding, told in full. */
  stories: list(story),
});

export type Figures = z.output<typeof figuresDocument>;
export type PhaseSpan = z.output<typeof phaseSpan>;
export type FaultSpan = z.output<typeof faultSpan>;
export type ToolFigures = z.output<typeof toolFigures>;
export type Latency = z.output<typeof latency>;
export type OutcomeTimes = Pick<ToolFigures, "response" | "service">;
export type HopFigures = z.output<typeof hopFigures>;
export type EffectFigures = z.output<typeof effectFigures>;
export type Episode = z.output<typeof episode>;
export type Series = z.output<typeof series>;
export type Bucket = z.output<typeof bucket>;
export type VitalsPoint = z.output<typeof vitalsPoint>;
export type Trend = z.output<typeof trend>;
export type Point = z.output<typeof point>;
export type Story = z.output<typeof story>;

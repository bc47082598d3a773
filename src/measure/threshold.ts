/**
 * The grammar of a threshold, a bound on a measured figure:
 *
 *     metric(SCOPE, PHASE) < BOUND [of baseline] [within DURATION] [from at least N samples]
 *     metric(SCOPE, PHASE) = EXPECTED [± TOLERANCE] …
 *
 * A text comes in; its parts go out, or what is wrong with it. Whether the names mean anything is asked in scope.ts.
 */
import { parseDuration, parseRate, shown } from "../units.ts";
import { samplesFor } from "./histogram.ts";
import { opsMin } from "./recovery.ts";

/** How a figure is told: milliseconds, percent, per second, a plain ratio, or how many. */
export type Unit = "ms" | "%" | "/s" | "ratio" | "count";

interface MetricKind {
  readonly unit: Unit;
  readonly samplesMin: number;
  /** May be bounded by a share of what it is in the baseline. */
  readonly toBaseline: boolean;
}

const latency = (samplesMin: number): MetricKind => ({ unit: "ms", samplesMin, toBaseline: true });

// Of fewer than 20, one more or less shifts a rate by more than the bounds that people set.
export const metrics = {
  p50: latency(samplesFor(0.5)),
  p90: latency(samplesFor(0.9)),
  p95: latency(samplesFor(0.95)),
  p99: latency(samplesFor(0.99)),
  max: latency(opsMin),
  mean: latency(opsMin),
  "error-rate": { unit: "%", samplesMin: opsMin, toBaseline: false },
  goodput: { unit: "/s", samplesMin: opsMin, toBaseline: true },
  amplification: { unit: "ratio", samplesMin: opsMin, toBaseline: true },
  requests: { unit: "count", samplesMin: 1, toBaseline: false },
  "requests-per-op": { unit: "ratio", samplesMin: opsMin, toBaseline: true },
  "time-to-recovery": { unit: "ms", samplesMin: opsMin, toBaseline: false },
} as const satisfies Record<string, MetricKind>;

/** What people read of thresholds where they write them. */
export const aboutThresholds = [
  "bounds on what is measured: metric(SCOPE, PHASE) < BOUND, with <, <=, > or >=; or what is expected: = VALUE ± TOLERANCE.",
  "SCOPE: a group, a server, server.Tool, group@server, group@server.Tool, agents->server; all of them where absent.",
  "PHASE: a phase, or a role (baseline, fault, recovery) for all of that role together; where absent, all but the warm-up.",
  "p50, p90, p95, p99, max, mean < 400ms: response time of the ops that were ok, from the intended start.",
  "error-rate <= 1%: ops that failed, whose fate is unknown or that could not be run (no input, no budget, held back), of all ops.",
  "goodput >= 9/s: ops that were ok, a second; >= 95% of baseline: ok ops of those offered, against the baseline's share.",
  "goodput(SCOPE, recovery) … within 5s: counted from 5s after the faults were healed, in each episode.",
  "amplification <= 1.1: attempts per op; of a link server->upstream, requests per attempt that was sent to the server.",
  "requests = 1: attempts of a scope, or requests on a link server->upstream; how many, whatever the number of ops.",
  "requests-per-op = 64: the same for each op of the agents that could lead to them, over any number of servers; sent or not.",
  "time-to-recovery(SCOPE, EPISODE) < 5s: from healing until goodput held 95% of the baseline's, in each episode.",
  "What began before its fault was healed is none of a recovery's, and what the next fault overtook breaks no bound alone.",
  "= 64 is met exactly; = 50% ± 2% from 48% to 52%, both included; +- is the same as ±. A tolerance has the figure's unit.",
  "Behind the bound may stand: of baseline (times, goodput, ratios), or of another SCOPE in the same phases (= 43% ± 8% of plain);",
  "then within DURATION (goodput), from at least N samples.",
  "Or { expect: BOUND, abortOnFail: true, grace: 10s }: the run ends as soon as it fails on what was seen, past its grace.",
  "Too few samples are unknown, never a pass: p50 10, p90 50, p95 100, p99 500, requests 1, all others 20.",
].join("\n");

export type Metric = keyof typeof metrics;

export const comparators = ["<=", ">=", "<", ">", "="] as const;
export type Comparator = (typeof comparators)[number];

export interface Threshold {
  readonly metric: Metric;
  /** What stands in the brackets: a scope, a phase, both in this order, or neither. */
  readonly names: readonly string[];
  readonly comparator: Comparator;
  readonly bound: {
    readonly value: number;
    readonly unit: Unit;
    readonly ofBaseline: boolean;
    /** With =: how far off it may be. Absent: not at all. */
    readonly tolerance?: number;
    /** It is a share of what the figure is in this scope. */
    readonly ofScope?: string;
  };
  readonly withinMs?: number;
  readonly samplesMin?: number;
}

/** What is wrong, and either what to do or the names of which one may have been meant. */
export interface Wrong {
  readonly says: string;
  readonly hint?: string;
  readonly given?: string;
  readonly known?: readonly string[];
}

const example = "for example p95(cloud.FetchResources, baseline) < 400ms";

export function parseThreshold(text: string): Threshold | Wrong {
  const [, name, inside = "", behind = ""] = /^\s*([\w-]+)\s*\(([^()]*)\)\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name === undefined) {
    const hint = /\([^)]*$/.test(text) ? "inside { } a comma ends the text: put all of it in quotes" : example;
    return { says: `expected metric(scope, phase) < bound, got ${shown(text)}`, hint };
  }
  if (!isMetric(name)) {
    return { says: `there is no metric "${name}"`, given: name, known: Object.keys(metrics) };
  }
  const names = inside.trim() === "" ? [] : inside.split(",").map(plainName);
  if (names.length > 2 || names.includes("")) {
    return { says: `expected a scope and a phase in the brackets, got ${shown(inside.trim())}`, hint: example };
  }
  const [signs = ""] = /^[<>=]*/.exec(behind) ?? [];
  const comparator = comparators.find((sign) => sign === signs);
  if (comparator === undefined) {
    return { says: `expected <, <=, >, >= or = behind the brackets, got ${shown(behind)}`, hint: example };
  }
  const [, number = "", tolerance, tail = ""] = numberPattern.exec(behind.slice(signs.length)) ?? [];
  const clauses = clausesIn(tail);
  if ("says" in clauses) return clauses;
  const bound = boundOf(metrics[name], { number, tolerance, comparator }, clauses.of);
  if ("says" in bound) return { ...bound, says: `${name}: ${bound.says}` };
  const { withinMs, samplesMin } = clauses;
  const wrong = misusedClause(name, clauses);
  if (wrong !== undefined) return wrong;
  return {
    metric: name,
    names,
    comparator,
    bound,
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(samplesMin === undefined ? {} : { samplesMin }),
  };
}

function isMetric(name: string): name is Metric {
  return Object.hasOwn(metrics, name);
}

const numberPattern = /^\s*([^\s±+]*)(?:\s*(?:±|\+-)\s*([^\s±+]*))?(.*)$/s;

/** An arrow may be drawn either way. */
function plainName(name: string): string {
  return name.trim().replace(/\s*(?:→|->)\s*/g, "->");
}

interface Clauses {
  /** What it is a share of: the baseline, or another scope. */
  readonly of?: string;
  readonly withinMs?: number;
  readonly samplesMin?: number;
}

function clausesIn(tail: string): Clauses | Wrong {
  const pattern = /^(?:\s+of\s+(\S+))?(?:\s+within\s+(\S+))?(?:\s+from\s+at\s+least\s+(\d+)\s+samples?)?\s*(.*)$/s;
  const [, of, within, samples, rest = ""] = pattern.exec(tail) ?? [];
  if (rest !== "") {
    const hint =
      'behind a bound may stand "of baseline" or of another scope, "within 5s", "from at least 200 samples", in this order';
    return { says: `cannot tell what ${shown(rest)} means`, hint };
  }
  const withinMs = within === undefined ? undefined : parseDuration(within);
  if (within !== undefined && withinMs === undefined) {
    return { says: `expected a duration such as "5s" behind within, got ${shown(within)}` };
  }
  return {
    ...(of === undefined ? {} : { of: plainName(of) }),
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(samples === undefined ? {} : { samplesMin: Number(samples) }),
  };
}

/** What a bound of this unit looks like. */
export function exampleOf(unit: Unit): string {
  return bounds[unit].like;
}

const bounds: Readonly<Record<Unit, { readonly like: string; readonly read: (text: string) => number | undefined }>> = {
  ms: { like: 'a duration such as "400ms"', read: parseDuration },
  "%": { like: 'a share such as "1%"', read: percent },
  "/s": { like: 'a rate such as "9/s"', read: parseRate },
  ratio: { like: 'a plain number such as "1.1"', read: decimal },
  count: { like: 'a whole number such as "64"', read: whole },
};

function boundOf(
  { unit: own, toBaseline }: MetricKind,
  given: { readonly number: string; readonly tolerance: string | undefined; readonly comparator: Comparator },
  of: string | undefined,
): Threshold["bound"] | Wrong {
  const isShare = of !== undefined;
  if (isShare && !toBaseline) {
    const says = `cannot be compared with ${of === "baseline" ? "the baseline" : of}`;
    return { says, hint: `bound it by ${bounds[own].like}` };
  }
  const unit = isShare ? "%" : own;
  const { like, read } = bounds[unit];
  const value = read(given.number);
  if (value === undefined) {
    const forgotten = toBaseline && percent(given.number) !== undefined;
    return {
      says: `expected ${like}, got ${shown(given.number)}`,
      ...(forgotten ? { hint: `did you mean ${given.number} of baseline?` } : {}),
    };
  }
  const share = { value, unit, ofBaseline: of === "baseline" } as const;
  const scoped = isShare && of !== "baseline" ? { ...share, ofScope: of } : share;
  if (given.tolerance === undefined) return scoped;
  if (given.comparator !== "=") {
    return { says: `± goes with =, got ${given.comparator}`, hint: "write = VALUE ± TOLERANCE, or leave ± out" };
  }
  const tolerance = read(given.tolerance);
  if (tolerance !== undefined) return { ...scoped, tolerance };
  return { says: `expected ${like} behind ±, got ${shown(given.tolerance)}` };
}

function misusedClause(metric: Metric, { withinMs, samplesMin }: Clauses): Wrong | undefined {
  if (withinMs !== undefined && metric !== "goodput") {
    return {
      says: `${metric}: within goes with goodput`,
      hint: "for example goodput(planner, recovery) >= 95% of baseline within 5s",
    };
  }
  const { samplesMin: own } = metrics[metric];
  if (samplesMin !== undefined && samplesMin < own) {
    return {
      says: `${metric} takes at least ${own} samples by itself, got ${samplesMin}`,
      hint: `leave it out, or ask for ${own} and more`,
    };
  }
  return undefined;
}

function percent(text: string): number | undefined {
  return text.endsWith("%") ? decimal(text.slice(0, -1)) : undefined;
}

function decimal(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function whole(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * The figures of one run, as one document: what figures.json holds and what reports draw. Times are microseconds from
 * the run's start. Only what was measured stands here; where samples are too few, a figure is absent.
 */
import type { DeclaredLink, Mode, PhaseRole } from "../history/declared.ts";
import type { FaultEdge, RunEnded } from "../history/events.ts";
import type { Outcome, OutcomeClass, OpOutcome } from "../history/outcomes.ts";

export const figuresSchema = "squall.figures/1";

export interface Figures {
  readonly schema: typeof figuresSchema;
  readonly run: string;
  readonly scenario: string;
  readonly mode: Mode;
  readonly seed: number;
  readonly startedAt: string;
  readonly squall: string;
  /** When the last event was recorded, and why the run ended; `cut` where the history has no end mark. */
  readonly endUs: number;
  readonly ended: RunEnded["reason"] | "cut";
  readonly phases: readonly PhaseSpan[];
  readonly faults: readonly FaultSpan[];
  /** Single moments worth a line in every chart: a server that exits, a session that is lost. At most 200. */
  readonly marks: readonly { readonly atUs: number; readonly says: string }[];
  readonly tools: readonly ToolFigures[];
  readonly hops: readonly HopFigures[];
  readonly effects: readonly EffectFigures[];
  readonly episodes: readonly Episode[];
  readonly series: Series;
  /** Every op that was not ok and a fair sample of the others, at most 2,000, in order of time. */
  readonly points: readonly Point[];
  /** The ops of each finding, told in full. */
  readonly stories: readonly Story[];
}

export interface PhaseSpan {
  readonly phase: string;
  readonly role: PhaseRole;
  readonly startUs: number;
  readonly endUs: number;
}

export interface FaultSpan {
  readonly fault: string;
  readonly kind: string;
  readonly link: string;
  readonly window: number;
  readonly requestedUs: number;
  /** Absent: nothing at the tap showed it. */
  readonly observedUs?: number;
  /** Absent: it was never healed, or the history ends first. */
  readonly healedUs?: number;
  readonly form?: NonNullable<FaultEdge["form"]>;
  readonly control: boolean;
}

/** One tool, called by one group in one phase. */
export interface ToolFigures {
  readonly group: string;
  readonly server: string;
  readonly tool: string;
  readonly phase: string;
  readonly ops: Readonly<Record<OpOutcome, number>>;
  readonly attempts: number;
  readonly classes: Readonly<Partial<Record<OutcomeClass, number>>>;
  /** Of the ops that were ok: from the intended start to the end. */
  readonly response: Latency;
  /** Of the attempts that were ok: from the request to the answer. */
  readonly service: Latency;
}

/** A percentile is there only where samples suffice: 5/(1−q) of them. */
export interface Latency {
  readonly samples: number;
  readonly minUs?: number;
  readonly meanUs?: number;
  readonly p50Us?: number;
  readonly p90Us?: number;
  readonly p95Us?: number;
  readonly p99Us?: number;
  readonly maxUs?: number;
}

/** How many requests one hop made of those that came to it. */
export interface HopFigures {
  readonly link: string;
  readonly plane: DeclaredLink["plane"];
  readonly phase: string;
  /** agent→server: attempts; server→upstream: exchanges. */
  readonly requests: number;
  /** agent→server: ops that were tried; server→upstream: attempts at the server. */
  readonly callers: number;
  /** requests / callers; absent where there was no caller, or where requests cannot be counted (tcp). */
  readonly ratio?: number;
}

/** Ops against the world: how many ops of each outcome had how many effects. */
export interface EffectFigures {
  readonly effect: string;
  readonly ledger: string;
  readonly quiet: boolean;
  readonly counts: readonly {
    readonly outcome: OpOutcome;
    readonly effects: "0" | "1" | "more";
    readonly ops: number;
  }[];
}

/** One episode of fault and recovery. */
export interface Episode {
  readonly phase: string;
  /** The observed off edge of its last fault; absent where there was none. */
  readonly clearUs?: number;
  /** From there until goodput held 95 % of the baseline's over 5 s windows; absent: not within what was seen. */
  readonly recoveryUs?: number;
  /** Why the time to recovery is absent. */
  readonly because?: string;
}

export interface Series {
  readonly bucketUs: number;
  /** From the first phase's start, without gaps. */
  readonly fromUs: number;
  readonly buckets: readonly Bucket[];
}

/** Ops by their intended start. */
export interface Bucket {
  readonly offered: number;
  readonly ops: Readonly<Record<OpOutcome, number>>;
  readonly attempts: number;
  /** Of the ops that were ok; no sample rule here, a line in a chart claims less than a figure. */
  readonly p50Us?: number;
  readonly p95Us?: number;
  /** At links to upstreams, by when they began. */
  readonly exchanges: number;
  readonly effects: number;
}

export interface Point {
  readonly atUs: number;
  readonly tookUs: number;
  readonly tool: string;
  readonly outcome: OpOutcome;
  readonly class?: OutcomeClass;
}

export interface Story {
  readonly op: string;
  readonly group: string;
  readonly server: string;
  readonly tool: string;
  readonly phase: string;
  readonly intendedUs: number;
  readonly startUs: number;
  readonly endUs?: number;
  readonly outcome: OpOutcome;
  readonly because?: string;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly startUs: number;
    readonly endUs: number;
    readonly class: OutcomeClass;
    readonly outcome: Outcome;
    readonly says?: string;
  }[];
  readonly exchanges: readonly {
    readonly link: string;
    readonly startUs: number;
    readonly endUs: number;
    readonly method: string;
    readonly path: string;
    readonly ended: string;
    readonly status?: number;
  }[];
  readonly effects: readonly { readonly row: string; readonly fromUs: number; readonly toUs: number }[];
}

/**
 * The event union: all that a history can hold. Checks and reporters see nothing else of a run.
 * Times are microseconds on one monotonic clock, counted from the run's start.
 */
import type { ServerAsked } from "./asked-events.ts";
import type { Declared, FailOn, HealForm, Mode, PhaseRole } from "./declared.ts";
import type { UnexpectedEgress } from "./egress-events.ts";
import type { Effect, EffectGone, LedgerRead } from "./effect-events.ts";
import type { DiscoveredEvent } from "./discovered.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { FailedThreshold } from "./failed-threshold.ts";
import type { FaultPlace } from "./fault-place.ts";
import type { GeneratorHealth } from "./generator.ts";
import type { ListChanged } from "./list-changes.ts";
import type { ListedEvent, ToolsListed } from "./listing.ts";
import type { Meddled } from "./meddled.ts";
import type { Outcome, OutcomeClass, OpOutcome } from "./outcomes.ts";
import type { AttemptMarks, EndMarks } from "./policy-marks.ts";
import type { ProgressSeen, StrayProgress } from "./progress.ts";
import type { ScheduleEvent } from "./schedule-events.ts";
import type { Shape } from "./shape.ts";
import type { TokenEvent } from "./token-events.ts";
import type { Vitals } from "./vitals.ts";

export const historySchema = "squall.history/1";

/** What every event carries: `<writer>:<n>` is its id for ever, also after merging. */
export interface Stamp {
  readonly id: string;
  readonly atUs: number;
}

export interface RunStarted {
  readonly type: "run-started";
  readonly schema: typeof historySchema;
  readonly squall: string;
  readonly run: string;
  readonly nonce: string;
  readonly scenario: string;
  readonly seed: number;
  readonly mode: Mode;
  /** Time of day, for people. */
  readonly startedAt: string;
  /** The command line that repeats the run. */
  readonly replay: string;
  /** Absent: violations fail it. */
  readonly failOn?: FailOn;
  readonly declared: Declared;
}

export interface PhaseEdge {
  readonly type: "phase";
  readonly phase: string;
  readonly role: PhaseRole;
  readonly edge: "start" | "end";
}

export interface TargetEvent {
  readonly type: "target";
  readonly target: string;
  readonly role: "server" | "upstream";
  /** Which of its processes: over stdio each session has one of its own, named like its agent. */
  readonly instance?: string;
  /** Exited by itself, killed by a fault, stopped by us; ready again: restarted; unready: so too, but in vain. */
  readonly edge: "ready" | "exited" | "killed" | "unready" | "stopped";
  readonly address?: string;
  /** Of a process that the run started, when it is ready. */
  readonly pid?: number;
  readonly code?: number;
  readonly signal?: string;
  /** The last lines it wrote to stderr before it exited. */
  readonly stderr?: string;
}

export interface SessionEvent {
  readonly type: "session";
  readonly group: string;
  readonly agent: number;
  readonly server: string;
  readonly edge: "opened" | "lost" | "failed" | "closed";
  readonly protocolVersion?: string;
  /** The server gave it an id. Failed all the same: it refused the first request that named it. */
  readonly named?: true;
  /** Where it was to listen: whether it hears what its server says outside of answers. Absent: its wire does not tell. */
  readonly listens?: boolean;
  readonly because?: string;
  /** Closed without a word to its server. */
  readonly abandoned?: true;
}

export interface OpStarted {
  readonly type: "op-started";
  readonly op: string;
  readonly group: string;
  readonly agent: number;
  readonly walk: number;
  readonly step: number;
  readonly server: string;
  /** What it calls; of other kinds, their method and name: `resources/read`. */
  readonly tool: string;
  /** The kind of its step; absent: a tool is called. */
  readonly kind?: string | undefined;
  readonly phase: string;
  /** When the plan wanted it; latency counts from here. */
  readonly intendedUs: number;
  readonly argsShape: string;
  readonly effect?: string | undefined;
  /** It stands in for this step of its walk, which was not ok: the two are one piece of work. */
  readonly insteadOf?: number | undefined;
  /** Where its effect's content is compared: digests of what it asks for, in the order of what the effect declares. */
  readonly asked?: readonly string[] | undefined;
}

/** One request for an op, written when its caller stopped waiting. */
export interface Attempt extends AttemptMarks {
  readonly type: "attempt";
  readonly op: string;
  readonly attempt: number;
  readonly startedUs: number;
  readonly class: OutcomeClass;
  readonly outcome: Outcome;
  /** The server's own words, shortened and without secrets. */
  readonly says?: string;
  readonly status?: number;
  readonly rpcCode?: number;
  readonly bytes?: number;
  readonly retryAfterMs?: number;
  readonly reusedSocket?: boolean;
  /** What the caller did when its patience ended. */
  readonly onTimeout?: "cancel" | "close" | "abandon";
  /** The shape of a result: of every `ok`, and of a tool error that carries data. */
  readonly answer?: Shape;
  /** Where it asked to be told how far it is: what it was told. */
  readonly progress?: ProgressSeen;
  /** Where its step says what the answer must echo: what it does not. Of another op's, whose it is. */
  readonly strays?:
    | readonly { readonly path: string; readonly is: "missing" | "other"; readonly op?: string }[]
    | undefined;
}

/** An answer that came after its caller had stopped waiting. */
export interface LateAnswer {
  readonly type: "late-answer";
  readonly op: string;
  readonly attempt: number;
  readonly class: OutcomeClass;
}

export interface OpEnded extends EndMarks {
  readonly type: "op-ended";
  readonly op: string;
  readonly outcome: OpOutcome;
  /** Why it was not run. */
  readonly because?: string;
  /** Its agent would have tried again, but the run was over. */
  readonly cutShort?: true;
  /** Its agent went on all the same: with another step, with what this one gave last, or with values from the scenario. */
  readonly degraded?: "step" | "cached" | "values";
}

export interface ConnectionEvent {
  readonly type: "connection";
  readonly link: string;
  readonly connection: number;
  readonly edge: "opened" | "refused" | "closed";
  readonly by?: "caller" | "callee" | "tap";
  readonly how?: "fin" | "rst";
  readonly bytesUp?: number;
  readonly bytesDown?: number;
}

/** One request at a link, written when it ended, however it ended. */
export interface Exchange {
  readonly type: "exchange";
  readonly link: string;
  readonly connection: number;
  /** A request had passed on its connection before, so it may have been dead already. */
  readonly reusedSocket?: true;
  /** The ops it was made for, joined by the canary. */
  readonly ops: readonly string[];
  readonly attempt?: number;
  readonly method: string;
  /** Without the query's values. */
  readonly path: string;
  /** The same for requests of one path in this run with the same query and body; absent where they have neither. */
  readonly asks?: string;
  /** On agent→server links: what the JSON-RPC body asks for, as ops call it. */
  readonly tool?: string;
  readonly startedUs: number;
  /** When the whole request had passed the tap. */
  readonly sentUs?: number;
  readonly firstByteUs?: number;
  /** When its caller closed its side while it was under way; the callee may have gone on, and even answered. */
  readonly leftUs?: number;
  /** Eaten: it was answered, but the caller got no whole answer. Lost: its callee never got it, nor its caller an answer. */
  readonly ended: "answered" | "refused" | "reset" | "closed" | "caller-left" | "eaten" | "lost" | "open";
  readonly status?: number;
  /** The answer is of our own balancer, which had none of a replica to pass on. */
  readonly answeredBy?: "balancer";
  /** How long the answer asked its caller to wait. */
  readonly retryAfterMs?: number;
  readonly answer?: Shape;
  readonly meddled?: Meddled;
  /** A fault was for it, but it was too large to be held, so it passed as it was. */
  readonly tooLarge?: true;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface FaultEdge extends FaultPlace {
  readonly type: "fault";
  readonly fault: string;
  readonly kind: string;
  /** Which activation of the fault: a flap has many. */
  readonly window: number;
  readonly edge: "requested" | "observed" | "healed" | "unhealed";
  /** Control runs play the same plan with empty injections. */
  readonly control?: true;
  /** How it was healed: the callee may depend on it. */
  readonly form?: HealForm;
  readonly says?: string;
}

export interface RunEnded {
  readonly type: "run-ended";
  readonly reason:
    | "finished"
    | "baseline-failed"
    | "not-recovered"
    | "interrupted"
    | "terminated"
    | "unreachable"
    /** A Toxiproxy that is not ours, or would not stay up: nothing of Squall's went wrong. */
    | "engine-lost"
    | "broken"
    /** A stop condition held. */
    | "stopped"
    /** A threshold failed that ends the run. */
    | "aborted";
  readonly says?: string;
  /** What aborted it. */
  readonly thresholds?: readonly FailedThreshold[];
  /** How many events each other writer has written, so that a lost end of one is noticed. */
  readonly written?: Readonly<Record<string, number>>;
}

export type Unstamped =
  | RunStarted
  | EngineEvent
  | PhaseEdge
  | TargetEvent
  | SessionEvent
  | ToolsListed
  | DiscoveredEvent
  | OpStarted
  | Attempt
  | ListedEvent
  | ListChanged
  | LateAnswer
  | StrayProgress
  | ServerAsked
  | OpEnded
  | ConnectionEvent
  | Exchange
  | UnexpectedEgress
  | FaultEdge
  | ScheduleEvent
  | Effect
  | EffectGone
  | LedgerRead
  | TokenEvent
  | Vitals
  | GeneratorHealth
  | RunEnded;

export type HistoryEvent = Unstamped & Stamp;
export type EventType = HistoryEvent["type"];
export type EventOf<T extends EventType> = Extract<HistoryEvent, { readonly type: T }>;

/** Where events go while a run lives. */
export interface Recorder {
  /** Stamps the event and keeps it; the stamp tells where it stands. */
  readonly record: (event: Unstamped) => Stamp;
  /** Now, on the history's clock. */
  readonly nowUs: () => number;
  /** While too much waits for the disk: resolves once there is room again. Nothing new should begin before. */
  readonly pressure?: () => Promise<void> | undefined;
}

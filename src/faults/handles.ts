/**
 * All that a fault may see of the rest: the handle of a link or of processes, and the signs of what it does. Links,
 * engines and targets implement these; no fault knows them.
 */
export type Stream = "upstream" | "downstream";

/** One toxic, in Toxiproxy's words. */
export interface Toxic {
  readonly type: "bandwidth" | "latency" | "limit_data" | "reset_peer" | "slicer" | "slow_close" | "timeout";
  readonly stream: Stream;
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number>>;
}

/** How a fault is taken back. What depends on it recovers differently, so the history keeps which it was. */
export type HealForm = LinkHealForm | "start-again";
export type LinkHealForm = "let-through" | "drop-connections";

export interface Cure {
  heal(): Promise<void>;
  /** Where what was injected is a toxic: has it act as this one does from now on. */
  update?(toxic: Toxic): Promise<void>;
}

/** A toxic that is on a link. */
export type ToxicOn = Required<Cure>;

/** Which requests a rule is for; what is absent does not matter. */
export interface Asking {
  /** On agent→server links: only calls of this tool. */
  readonly tool?: string;
  /** On agent→server links: only requests of this JSON-RPC method; `tools/call` where absent. */
  readonly rpc?: string;
  /** On HTTP upstreams: only this method. */
  readonly method?: string;
  /** On HTTP upstreams: only paths that start so. */
  readonly path?: string;
  /** So many that it would be for are let be first. */
  readonly after?: number;
  /** At most so many; absent means all. */
  readonly count?: number;
  /** The share of them that it takes. */
  readonly probability?: number;
}

/** What a caller sees in place of an answer. Over stdio there is only to hang. */
export type Instead = "close" | "reset" | "hang";

/** Draws from [0, 1), the same ones in each run of a plan. */
export type Chance = () => number;

/** What was asked, as far as an answer to it must know. */
export interface Question {
  readonly method: string;
  readonly path: string;
  /** On agent→server links. */
  readonly rpc?: string;
  readonly tool?: string;
  readonly id?: string | number;
}

/** The callee's own answer. */
export interface GivenAnswer {
  /** Over HTTP. */
  readonly status?: number;
  readonly contentType?: string;
  /** Its body as text, or on agent→server links the JSON-RPC message alone, though it came in an event stream. */
  readonly text: string;
  /** All of the event stream that it came in, as far as it has come. */
  readonly stream?: string;
}

/** An answer that a fault makes. Over stdio there is only its body, as a line. */
export interface MadeAnswer {
  /** What stands in it; data: what the callee said itself. Checks must know what its caller had to work with. */
  readonly holds: "data" | "nothing" | "error" | "garbage";
  /** 200 where absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** Over stdio only: what stands on stdout before it. */
  readonly linesBefore?: readonly string[];
  /** What follows the body in place of its end, and whether the answer already stands in it. */
  readonly unended?: { readonly how: "cut" | "hang"; readonly answered: boolean; readonly everySecond?: string };
}

/** What is done with a request, or with the answer to it. */
export type Deed =
  /** The callee never hears of it. */
  | { readonly does: "lose-request"; readonly instead: Instead }
  /** The callee has acted, the caller never hears. */
  | { readonly does: "lose-answer"; readonly instead: Instead }
  | { readonly does: "delay-request" | "delay-answer"; readonly delayMs: number; readonly jitterMs: number }
  /** The callee gets it twice, the caller one answer: the second. */
  | { readonly does: "deliver-twice" }
  /** An answer waits for the next one, and both go on in the other order, or each to the other's caller. */
  | { readonly does: "reorder-answers" | "cross-answers"; readonly withinMs: number }
  /** The caller is answered, and the callee never asked. */
  | { readonly does: "answer-request"; readonly make: MakeAnswer }
  /** The callee has acted, and the caller gets another answer than it gave. */
  | { readonly does: "replace-answer"; readonly make: MakeAnswer };

/** What the callee gave is absent where it was not asked. */
export type MakeAnswer = (asked: Question, given?: GivenAnswer) => MadeAnswer;

export interface Rule extends Asking {
  readonly deed: Deed;
}

export interface LinkHandle {
  readonly name: string;
  setEnabled(enabled: boolean): Promise<void>;
  addToxic(toxic: Toxic): Promise<ToxicOn>;
  /** Meddles with what the rule is for, until it is healed: what is held back then goes on. */
  meddle(rule: Rule, chance: Chance): Cure;
  /** Closes every live connection; answers how many there were. */
  dropConnections(): number;
}

/** What can be had too little of. */
export type Resource = "descriptors" | "heap";

/**
 * The processes of one server or upstream that the run has started: over stdio there is one for each session.
 */
export interface ProcessHandle {
  readonly name: string;
  /** Ends them all; they are started again after so long, at the latest when this is healed. */
  kill(how: { readonly signal: "SIGKILL" | "SIGTERM"; readonly backAfterMs?: number }): Promise<Cure>;
  /** They stand still, and so do those that are started meanwhile. */
  pause(): Promise<Cure>;
  /** They run for this share of the time only, in short turns, and so do those that are started meanwhile. */
  slowDown(share: number): Promise<Cure>;
  /** Each of those that run may have so many more than it has when this begins: descriptors, or bytes of data. */
  limit(what: Resource, more: number): Promise<Cure>;
  /** Of a server that runs as several. */
  readonly replicas?: ReplicasHandle;
}

/** All replicas of one server, behind their balancer. */
export interface ReplicasHandle {
  /** Restarts one after another, each once the one before it answers again. */
  roll(how: { readonly drainMs: number }): Promise<Cure>;
  /** Ends so many, and keeps them away until this is healed. */
  takeAway(count: number, how: { readonly drainMs: number }): Promise<Cure>;
}

/** What a tap saw, or who keeps the processes, that may be the mark of a fault. */
export type Sign =
  | { readonly is: "refused" }
  | {
      readonly is: "cut";
      readonly how: "fin" | "rst";
      readonly inFlight: boolean;
      /** Bytes over the connection's life; absent where there is no network. */
      readonly passed?: Readonly<Record<Stream, number>>;
    }
  | { readonly is: "answered"; readonly waitedMs: number; readonly usualMs: number | undefined }
  | { readonly is: "silent"; readonly waitedMs: number; readonly usualMs: number | undefined }
  /** A request and its answer, from the request's last byte to the last of the answer that has come. */
  | {
      readonly is: "exchanged";
      readonly passed: Readonly<Record<Stream, number>>;
      readonly tookMs: number;
      readonly usualMs: number | undefined;
    }
  /** A connection that both were done with, and how long it stayed open all the same. */
  | { readonly is: "closed"; readonly lateMs: number; readonly usualMs: number | undefined }
  /** No mark of anything: a tool call has passed whole, or has ended in whatever way. Faults may wait for it. */
  | { readonly is: "called" | "returned"; readonly tool: string }
  /** A rule has done its deed. */
  | { readonly is: "meddled"; readonly rule: Rule }
  /** The end of a process, seen by who had started it. */
  | { readonly is: "killed"; readonly how: string }
  /** So many replicas were restarted, each of them, or have gone. */
  | { readonly is: "rolled" | "scaled-in"; readonly replicas: number }
  /** Every process of a group was seen to stand still. */
  | { readonly is: "paused" }
  /** For how much of the time a process could run, as its state was seen. */
  | { readonly is: "slowed"; readonly ranShare: number; readonly overMs: number }
  /** Read back from the process, with what it had then. */
  | { readonly is: "limited"; readonly what: Resource; readonly most: number };

/** A request that stayed unanswered much longer than answers usually take on its link. */
export function unusuallySilent(sign: Sign): boolean {
  return sign.is === "silent" && sign.waitedMs >= Math.max(50, 3 * (sign.usualMs ?? 0));
}

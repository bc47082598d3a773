/**
 * All that a fault may see of the rest: the handle of a link, the signs its tap reports, and what a fault kind is.
 * Links and engines implement these; no fault knows them.
 */
import type { z } from "zod";

export type Stream = "upstream" | "downstream";

/** One toxic, in Toxiproxy's words. */
export interface Toxic {
  readonly type: "bandwidth" | "latency" | "limit_data" | "reset_peer" | "slicer" | "slow_close" | "timeout";
  readonly stream: Stream;
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number>>;
}

/** How a fault is taken back. Real servers recover differently from the two, so the history keeps which it was. */
export type HealForm = "let-through" | "drop-connections";

export interface Cure {
  heal(): Promise<void>;
}

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
  addToxic(toxic: Toxic): Promise<Cure>;
  /** Meddles with what the rule is for, until it is healed: what is held back then goes on. */
  meddle(rule: Rule, chance: Chance): Cure;
  /** Closes every live connection; answers how many there were. */
  dropConnections(): number;
}

/** What a tap saw that may be the mark of a fault. */
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
  /** A rule has done its deed. */
  | { readonly is: "meddled"; readonly rule: Rule };

/** A request that stayed unanswered much longer than answers usually take on its link. */
export function unusuallySilent(sign: Sign): boolean {
  return sign.is === "silent" && sign.waitedMs >= Math.max(50, 3 * (sign.usualMs ?? 0));
}

export interface FaultTags {
  /** Does the caller get told, or must it notice? */
  readonly seen: "explicit" | "implicit";
  readonly lasts: "transient" | "permanent";
}

/** Down and up in turn, for as long as the fault lasts. */
export interface Cycle {
  readonly downMs: number;
  readonly upMs: number;
  /** Each span varies by up to this much, either way. */
  readonly jitterMs: number;
}

/** A fault with its attributes checked, ready to be injected. */
export interface PreparedFault {
  readonly cycle?: Cycle;
  readonly healForm: HealForm;
  readonly inject: (link: LinkHandle, chance?: Chance) => Promise<Cure>;
  /** Whether this sign, seen while the fault was on, proves that the fault took hold. */
  readonly showsIn: (sign: Sign) => boolean;
}

export interface FaultDescription<Kind extends string = string> {
  readonly kind: Kind;
  readonly about: string;
  /** What the caller at the link sees of it. */
  readonly callerSees: string;
  readonly plane: "network" | "protocol";
  readonly tags: FaultTags;
  /** What the caller may believe of what it asked, whatever it was told. */
  readonly mayBelieve?: "not executed" | "executed" | "unknown";
  /** How often the callee executes what is asked once. */
  readonly executes?: readonly (0 | 1 | 2)[];
  /** Where it can be, if not on every link. */
  readonly only?: { readonly plane?: "agent-server" | "server-upstream"; readonly wire?: "http" | "stdio" };
}

/** A kind as the registry holds it: attributes come as the scenario wrote them. */
export interface FaultKind<
  Kind extends string = string,
  Schema extends z.ZodObject = z.ZodObject,
> extends FaultDescription<Kind> {
  readonly attributes: Schema;
  readonly prepare: (attributes: unknown) => PreparedFault;
}

export function faultKind<const Kind extends string, Schema extends z.ZodObject>(
  kind: FaultDescription<Kind> & {
    readonly attributes: Schema;
    readonly prepare: (attributes: z.output<Schema>) => PreparedFault;
  },
): FaultKind<Kind, Schema> {
  return { ...kind, prepare: (attributes) => kind.prepare(kind.attributes.parse(attributes)) };
}

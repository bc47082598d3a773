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
  /** Where what was injected is a toxic: has it act as this one does from now on. */
  update?(toxic: Toxic): Promise<void>;
}

/** A toxic that is on a link. */
export type ToxicOn = Required<Cure>;

/** Which answers a link shall eat: the callee has acted, the caller never hears. */
export interface AnswerRule {
  /** On agent→server links: only answers to calls of this tool. */
  readonly tool?: string;
  /** On HTTP upstreams: only answers to this method. */
  readonly method?: string;
  /** On HTTP upstreams: only answers to paths that start so. */
  readonly path?: string;
  /** At most so many; absent means all. */
  readonly count?: number;
  /** What the caller sees in place of the answer. */
  readonly instead: "close" | "reset" | "hang";
}

export interface LinkHandle {
  readonly name: string;
  setEnabled(enabled: boolean): Promise<void>;
  addToxic(toxic: Toxic): Promise<ToxicOn>;
  eatAnswers(rule: AnswerRule): Cure;
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
  | { readonly is: "answer-eaten"; readonly rule: AnswerRule }
  /** No mark of anything: a tool call has passed whole, or has ended in whatever way. Faults may wait for it. */
  | { readonly is: "called" | "returned"; readonly tool: string };

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
  readonly inject: (link: LinkHandle) => Promise<Cure>;
  /** Turns what the same kind has injected with other attributes into this. Where absent, nothing of it can grow. */
  readonly change?: (on: Cure) => Promise<void>;
  /** How long what passes may be held: a change lets it go at once. */
  readonly holdsMs?: number;
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
  /** Attributes for an example, where the plainest that its schema allows would not do. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** The attributes that may grow or shrink while the fault is on. */
  readonly grows?: readonly string[];
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

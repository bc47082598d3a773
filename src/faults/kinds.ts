/** What a fault kind is: a schema of attributes, a description, and how a fault of it is injected and seen. */
import type { z } from "zod";
import type { Chance, Cure, HealForm, LinkHandle, ProcessHandle, ReplicasHandle, Sign } from "./handles.ts";

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
export interface PreparedFault<Handle = LinkHandle> {
  readonly cycle?: Cycle;
  readonly healForm: HealForm;
  readonly inject: (handle: Handle, chance?: Chance) => Promise<Cure>;
  /** Turns what the same kind has injected with other attributes into this. Where absent, nothing of it can grow. */
  readonly change?: (on: Cure) => Promise<void>;
  /** How long what passes may be held: a change lets it go at once. */
  readonly holdsMs?: number;
  /** No answer gets through while it is on, whoever asks. */
  readonly silences?: boolean;
  /** Whether this sign, seen while the fault was on, proves that the fault took hold. */
  readonly showsIn: (sign: Sign) => boolean;
}

export interface Only {
  readonly plane?: "agent-server" | "server-upstream";
  readonly wire?: "http" | "stdio";
}

export interface FaultDescription<Kind extends string = string> {
  readonly kind: Kind;
  readonly about: string;
  /** What the caller at the link sees of it. */
  readonly callerSees: string;
  readonly plane: "network" | "protocol" | "process";
  readonly tags: FaultTags;
  /** What the caller may believe of what it asked, whatever it was told. */
  readonly mayBelieve: "not executed" | "executed" | "unknown";
  /** How often the callee executes what is asked once. */
  readonly executes: readonly (0 | 1 | 2)[];
  /** Where it can be, if not on every link. */
  readonly only?: Only;
  /** The same for single values of its attribute `form`. */
  readonly onlyForms?: Readonly<Record<string, Only>>;
  /** Attributes for an example, where the plainest that its schema allows would not do. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** The attributes that may grow or shrink while the fault is on. */
  readonly grows?: readonly string[];
}

/** A kind as the registry holds it: attributes come as the scenario wrote them. */
export type FaultKind<Kind extends string = string, Schema extends z.ZodObject = z.ZodObject> =
  | LinkFaultKind<Kind, Schema>
  | ProcessFaultKind<Kind, Schema>;

export interface LinkFaultKind<
  Kind extends string = string,
  Schema extends z.ZodObject = z.ZodObject,
> extends FaultDescription<Kind> {
  readonly on: "link";
  readonly attributes: Schema;
  readonly prepare: (attributes: unknown) => PreparedFault;
}

export interface ProcessFaultKind<
  Kind extends string = string,
  Schema extends z.ZodObject = z.ZodObject,
> extends FaultDescription<Kind> {
  readonly on: "process";
  /** Whose requests meet it at a server: those of its callers alone, or those that it makes itself as well. */
  readonly meets: "callers" | "callers-and-own";
  /** A program of the system that it is done with. */
  readonly needs?: "prlimit";
  /** It is about all replicas of a server together. */
  readonly needsReplicas: boolean;
  readonly attributes: Schema;
  readonly prepare: (attributes: unknown) => PreparedFault<ProcessHandle>;
}

export function faultKind<const Kind extends string, Schema extends z.ZodObject>(
  kind: FaultDescription<Kind> & {
    readonly attributes: Schema;
    readonly prepare: (attributes: z.output<Schema>) => PreparedFault;
  },
): LinkFaultKind<Kind, Schema> {
  return { ...kind, on: "link", prepare: (attributes) => kind.prepare(kind.attributes.parse(attributes)) };
}

/** The same for what breaks processes in place of a link. */
export function processFaultKind<const Kind extends string, Schema extends z.ZodObject>(
  kind: Omit<FaultDescription<Kind>, "plane"> &
    Pick<ProcessFaultKind, "meets" | "needs"> & {
      readonly attributes: Schema;
      readonly prepare: (attributes: z.output<Schema>) => PreparedFault<ProcessHandle>;
    },
): ProcessFaultKind<Kind, Schema> {
  const prepare = (attributes: unknown): PreparedFault<ProcessHandle> =>
    kind.prepare(kind.attributes.parse(attributes));
  return { ...kind, plane: "process", on: "process", needsReplicas: false, prepare };
}

/** The same for what is done to the replicas of a server together. */
export function replicasFaultKind<const Kind extends string, Schema extends z.ZodObject>(
  kind: Omit<FaultDescription<Kind>, "plane"> &
    Pick<ProcessFaultKind, "meets"> & {
      readonly attributes: Schema;
      readonly prepare: (
        attributes: z.output<Schema>,
      ) => PreparedFault<ProcessHandle & { readonly replicas: ReplicasHandle }>;
    },
): ProcessFaultKind<Kind, Schema> {
  const prepare = (attributes: unknown): PreparedFault<ProcessHandle> => {
    const prepared = kind.prepare(kind.attributes.parse(attributes));
    const inject = async ({ replicas, ...handle }: ProcessHandle): Promise<Cure> => {
      if (replicas === undefined) throw new Error(`${handle.name} has no replicas`);
      return prepared.inject({ ...handle, replicas });
    };
    return { ...prepared, inject };
  };
  return { ...kind, plane: "process", on: "process", needsReplicas: true, prepare };
}

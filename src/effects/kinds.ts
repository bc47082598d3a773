/** What a read-back is: a way to read what a server has done from where it has done it, past every link. */
import type { z } from "zod";
import type { Session } from "../wire/session.ts";
import type { World } from "../world.ts";

/** One way to read, opened. */
export interface Source {
  /**
   * All rows there are now: parts of JSON. Throws where not all could be read; one that is given `rowsMax + 1` of them
   * knows that there are too many.
   */
  read(limits: ReadLimits): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export interface ReadLimits {
  readonly rowsMax: number;
  readonly timeoutMs: number;
  /** The time is over, or nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What a source may need of the run. */
export interface Around {
  /** The folder that relative paths start from. */
  readonly home: string;
  readonly lease: string;
  readonly world: World;
  /** Where the effect's upstream itself listens. */
  readonly upstream?: URL;
  /** With a server of the scenario, straight and not over any link. */
  readonly openSession: (server: string) => Promise<Session>;
}

/** A package that people install beside Squall when they need it. */
export type Driver = "pg" | "mysql2" | "redis";

export interface PreparedRead {
  /** Where it reads, as written. */
  readonly url?: string;
  readonly needs?: Driver;
  /** The server that is asked. */
  readonly server?: string;
  readonly open: (around: Around) => Source;
}

interface ReadDescription<Kind extends string> {
  readonly kind: Kind;
  readonly about: string;
  /** How often it reads where the scenario says nothing; absent: before the run and after it. */
  readonly everyMs?: number;
  /** The schemes of its URL, without colons; absent: it has none. */
  readonly schemes?: readonly string[];
}

export interface ReadKind<
  Kind extends string = string,
  Schema extends z.ZodObject = z.ZodObject,
> extends ReadDescription<Kind> {
  readonly attributes: Schema;
  readonly prepare: (attributes: unknown) => PreparedRead;
}

export function readKind<const Kind extends string, Schema extends z.ZodObject>(
  kind: ReadDescription<Kind> & {
    readonly attributes: Schema;
    readonly prepare: (attributes: z.output<Schema>) => PreparedRead;
  },
): ReadKind<Kind, Schema> {
  return { ...kind, prepare: (attributes) => kind.prepare(kind.attributes.parse(attributes)) };
}

/**
 * What a toxic kind is: its attributes, and what it does with the bytes of one direction of one connection.
 * A kind sees one stage of the chain and nothing else; the words and their meaning are Toxiproxy's.
 */
import { z } from "zod";
import type { Stream } from "../../../faults/handles.ts";
import type { Random } from "../../../world.ts";

export interface Chunk {
  readonly data: Buffer;
  /** When it arrived: delays count from here. */
  readonly sinceUs: number;
}

/** A toxic's hands on one direction of one connection. */
export interface Stage {
  readonly random: Random;
  /** A count for the toxic to keep: 0 at first, and an update leaves it as it is. */
  tally: number;
  nowUs(): number;
  /** Hands bytes on. */
  pass(chunk: Chunk): void;
  /** Ready for the next chunk; every chunk needs this once, unless the stage closes. */
  next(): void;
  /**
   * Calls `then` after `ms`, at once if there is nothing to wait for; a stage waits for one thing at a time. If the
   * toxic is updated or removed before, `then` is never called and `held` passes at once.
   */
  wait(ms: number, then: () => void, held?: Chunk): void;
  /** Ends the direction here: what comes after is told, what comes before is never taken again. */
  close(): void;
}

export interface Behaviour {
  chunk(chunk: Chunk): void;
  /** The source has ended and every chunk before is done with. */
  end(): void;
}

export type Attributes = Readonly<Record<string, number>>;
export type AttributesSchema = z.ZodObject<Readonly<Record<string, z.ZodType<number>>>>;

interface ToxicTraits {
  readonly type: string;
  /** How many chunks may wait at the stage before its source must pause; 1 unless said. */
  readonly bufferChunks?: number;
  /** Connections that start while the toxic exists end by reset, whatever ends them. */
  readonly resets?: true;
  /** Removing the toxic closes the connections it could act on, also those its toxicity spared. */
  readonly closesOnRemoval?: true;
  /** After an update, a chunk it held is taken anew; without this, the chunk passes at once. */
  readonly retakes?: true;
}

/** A kind as the registry holds it. */
export interface ToxicKind extends ToxicTraits {
  readonly attributes: AttributesSchema;
  /** Checks the attributes; throws a ZodError that says what is wrong. */
  readonly prepare: (attributes: unknown) => PreparedToxic;
}

export interface PreparedToxic {
  readonly attributes: Attributes;
  readonly start: (stage: Stage) => Behaviour;
}

/** A toxic as a proxy holds it; an update makes a new one with the same `nth`. */
export interface LiveToxic {
  /** Which of the proxy's toxics it is, counted over the proxy's life. */
  readonly nth: number;
  readonly name: string;
  readonly stream: Stream;
  /** The stream as the client spelt it: the API gives it back so. */
  readonly streamAsWritten: string;
  /** The share of connections that it acts on. */
  readonly toxicity: number;
  readonly kind: ToxicKind;
  readonly prepared: PreparedToxic;
}

export function toxicKind<Schema extends AttributesSchema>(
  kind: ToxicTraits & {
    readonly attributes: Schema;
    readonly start: (stage: Stage, attributes: z.output<Schema>) => Behaviour;
  },
): ToxicKind {
  const { start, ...traits } = kind;
  return {
    ...traits,
    prepare: (given) => {
      const attributes = kind.attributes.parse(given);
      return { attributes, start: (stage) => start(stage, attributes) };
    },
  };
}

/** Hands everything on at once: what a toxic does to the connections that its toxicity spares. */
export function passThrough(stage: Stage): Behaviour {
  return {
    chunk: (chunk) => {
      stage.pass(chunk);
      stage.next();
    },
    end: () => stage.close(),
  };
}

/** Toxiproxy counts in whole units, takes 0 where nothing is said, and lets in less than nothing, which we do not. */
export const whole = z.int().min(0).default(0);

/** What a policy is: how an agent reacts, as a pure function of what it has seen of the op so far. */
import { z } from "zod";
import { rungs, type Outcome, type OutcomeClass, type Rung } from "../history/outcomes.ts";
import { duration } from "../units.ts";
import type { Random } from "../world.ts";

export interface Seen {
  readonly class: OutcomeClass;
  readonly rung: Rung;
  readonly outcome: Outcome;
  readonly retryAfterMs?: number;
}

export type Decision = { readonly do: "stop" } | { readonly do: "retry"; readonly afterMs: number };

/** Asked after each attempt of an op that is not ok; `seen` holds every attempt so far, the last one last. */
export interface Policy {
  /** How often it tries one op at most. */
  readonly attemptsMax: number;
  readonly decide: (seen: readonly [...Seen[], Seen], random: Random) => Decision;
}

/** What every policy has: the patience for one attempt, and what happens when it ends. */
export const patience = {
  timeout: duration({ leastMs: 1 }).default(60_000).describe("patience for one attempt (SDKs wait 60s)"),
  onTimeout: z
    .enum(["cancel", "close", "abandon"])
    .default("cancel")
    .describe("cancel: say so and leave the request open, as the SDKs of 2025 do; close: drop the connection; abandon"),
};

export interface PolicyKind<Kind extends string = string, Schema extends z.ZodObject = z.ZodObject> {
  readonly kind: Kind;
  readonly about: string;
  readonly attributes: Schema;
  readonly prepare: (attributes: unknown) => Policy;
}

export function policyKind<const Kind extends string, Schema extends z.ZodObject>(kind: {
  readonly kind: Kind;
  readonly about: string;
  readonly attributes: Schema;
  readonly prepare: (attributes: z.output<Schema>) => Policy;
}): PolicyKind<Kind, Schema> {
  return { ...kind, prepare: (attributes) => kind.prepare(kind.attributes.parse(attributes)) };
}

/** The rungs below ok: what a policy may retry. */
export const retriableRungs = rungs.filter((rung) => rung !== "ok");

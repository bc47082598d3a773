/**
 * What a policy is: how an agent reacts, made of parts that are pure. A part that decides is a function of what it has
 * seen; a part that guards is a state machine whose events are attempts. Clocks and chance are handed in.
 */
import { z } from "zod";
import type { Outcome, OutcomeClass, Rung } from "../history/outcomes.ts";
import { duration } from "../units.ts";
import type { Random } from "../world.ts";

/** What an agent has seen of one attempt. */
export interface Seen {
  readonly class: OutcomeClass;
  readonly rung: Rung;
  readonly outcome: Outcome;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /** What the server itself says of trying again. */
  readonly retryable?: boolean | undefined;
  readonly suggestedAction?: string | undefined;
  readonly tookMs?: number;
}

export type Decision =
  | {
      readonly do: "stop";
      /** Why it does not try again though it would have liked to. */
      readonly because?: string;
      /** The rest of the chain makes no sense any more. */
      readonly endsChain?: true;
    }
  | { readonly do: "retry"; readonly afterMs: number };

/** Every attempt of one op so far, the last one last. */
export type SeenSoFar = readonly [Seen, ...Seen[]];

export interface Deciding {
  readonly random: Random;
  /** How long it waited before the last attempt. */
  readonly waitedMs: number;
  /** The tool says that a repeat changes nothing: read-only or idempotent. */
  readonly isSafe: boolean;
}

/** Asked after each attempt of an op that is not ok; undefined where it has no opinion. */
export interface Reaction {
  /** How often it tries one op at most. */
  readonly attemptsMax: number;
  decide(seen: SeenSoFar, about: Deciding): Decision | undefined;
}

export interface Ask {
  readonly nowMs: number;
  /** The first attempt of an op, rather than a repeat or a hedge. */
  readonly isFirst: boolean;
  /** What the attempt before it came to. */
  readonly last?: Seen | undefined;
  readonly random: Random;
}

export type Say =
  /** The stamp is handed back with what the attempt came to. */
  | { readonly do: "go"; readonly stamp?: number }
  | { readonly do: "hold"; readonly because: string }
  /** Until another attempt of the same place has ended; then it asks again. */
  | { readonly do: "wait"; readonly atMostMs: number; readonly because: string };

export interface Said<State> {
  readonly state: State;
  readonly say: Say;
}

export interface Came {
  readonly nowMs: number;
  readonly isFirst: boolean;
  readonly stamp: number;
  /** Absent: it was let through here, and then not sent after all. */
  readonly seen?: Seen | undefined;
}

/** Asked before each attempt is sent, and told what each came to. States are values: none is ever changed. */
export interface Guard<State> {
  /** One state for each of these, of each agent. */
  readonly per: Place;
  readonly start: State;
  ask(state: State, ask: Ask): Said<State>;
  came(state: State, came: Came): State;
  /** What it holds back is answered with the last answer that was ok. */
  readonly fallsBack?: boolean;
}

export type Place = "agent" | "server" | "tool";

export interface Hedge {
  readonly afterMs: number;
  /** How many attempts beside the first one. */
  readonly most: number;
  readonly onlySafe: boolean;
}

export interface Chain {
  /** For one walk of all of it. */
  readonly budgetMs: number;
  readonly elapsedMs: number;
  /** What was usual for each step in the baseline; undefined where that is not known yet. */
  readonly usualMs: readonly (number | undefined)[];
  readonly step: number;
}

/** How much time one step of a chain gets. */
export interface Deadline {
  readonly shareMs: (chain: Chain) => number;
}

/** How long sessions last, and how they end. */
export interface SessionHabits {
  readonly each: "run" | "walk" | "call";
  /** How many walks or calls one lasts. */
  readonly count: number;
  readonly end: "close" | "abandon";
}

/** What becomes of a session that is lost, and of an event stream. */
export interface Reconnecting {
  readonly session: "anew" | "never";
  /** Absent: what a lost stream did not bring is not asked for. */
  readonly resuming?: {
    /** After so many times in vain, and what its server wants; undefined: never. */
    readonly afterMs: (inVain: number, retryMs: number | undefined) => number | undefined;
  };
}

/** When a server's tools are listed, and how long that is believed. */
export interface Discovery {
  readonly when: "up-front" | "first-use";
  readonly keeps: "session" | "run";
  readonly relist: readonly ("list-changed" | "refused")[];
}

/** What one part brings into a policy. */
export interface Brings {
  readonly reaction?: Reaction;
  // Each guard knows its own state; who keeps the states need not.
  readonly guard?: Guard<unknown>;
  readonly hedge?: Hedge;
  readonly deadline?: Deadline;
  readonly sessions?: SessionHabits;
  readonly discovery?: Discovery;
  readonly reconnect?: Reconnecting;
  /** The key of an op that `${op.key}` stands for is another one with each attempt. */
  readonly freshKeys?: boolean;
  /** It asks what tools say of themselves. */
  readonly needsHints?: boolean;
}

export interface Policy {
  readonly attemptsMax: number;
  readonly reactions: readonly Reaction[];
  readonly guards: readonly Guard<unknown>[];
  readonly hedge?: Hedge;
  readonly deadline?: Deadline;
  readonly sessions: SessionHabits;
  /** Absent: it lists nothing, and calls what its chain says. */
  readonly discovery?: Discovery;
  readonly reconnect: Reconnecting;
  readonly freshKeys: boolean;
  readonly needsHints: boolean;
}

/** What every policy has: the patience for one attempt, and what happens when it ends. */
export const patience = {
  timeout: duration({ leastMs: 1 }).default(60_000).describe("patience for one attempt (SDKs wait 60s)"),
  onTimeout: z
    .enum(["cancel", "close", "abandon"])
    .default("cancel")
    .describe("cancel: say so and leave the request open, as the SDKs of 2025 do; close: drop the connection; abandon"),
  resetOnProgress: duration({ leastMs: 1 })
    .optional()
    .describe("progress begins the timeout anew, but so long after the start it ends all the same; asks for progress"),
};

export interface PolicyPart<Schema extends z.ZodObject = z.ZodObject> {
  readonly about: string;
  /** Where its defaults and its rule come from. */
  readonly source: string;
  readonly attributes: Schema;
  readonly prepare: (attributes: unknown) => Brings;
}

export function policyPart<Schema extends z.ZodObject>(part: {
  readonly about: string;
  readonly source: string;
  readonly attributes: Schema;
  readonly prepare: (attributes: z.output<Schema>) => Brings;
}): PolicyPart<Schema> {
  return { ...part, prepare: (attributes) => part.prepare(part.attributes.parse(attributes)) };
}

/** Of several reactions the first that has an opinion decides. */
export function decide({ reactions }: Pick<Policy, "reactions">, seen: SeenSoFar, about: Deciding): Decision {
  for (const reaction of reactions) {
    const decision = reaction.decide(seen, about);
    if (decision !== undefined) return decision;
  }
  return { do: "stop" };
}

/**
 * What a kind of step is: the keys it is written with, what of which server it asks for, and how it asks. To add one: a
 * file beside this one, and its line in registry.ts.
 */
import type { z } from "zod";
import type { Answer, CallRequest, McpRequest, Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { Listing } from "../history/listing.ts";

export type Values = Readonly<Record<string, unknown>>;

/** What a step asks for, as ops, exchanges and bounds call it. */
export interface Aim {
  readonly server: string;
  readonly tool: string;
}

export interface Asked {
  readonly tool: string;
  /** With all values filled in. */
  readonly args: Values;
  readonly settings?: Values | undefined;
  readonly manner: Manner;
  readonly nowUs: () => number;
  readonly world: World;
  /** Of the budget. */
  readonly leftMs: () => number;
  /**
   * The answer is not the last word on it: it is kept, and the next request of the same attempt at the op is to be made in
   * this manner. Undefined where there is no time for one.
   */
  readonly goOn: (answer: Answer) => Manner | undefined;
  /** The session, or another one where it has been lost; undefined where there is none. */
  readonly sessionNow: () => Promise<Session | undefined>;
}

/** How long it is waited for, and what goes with it whatever it is. */
export type Manner = Omit<CallRequest, keyof McpRequest>;

export type Came = Answer & { readonly listing?: Listing };

export interface StepKind<Key extends string = string, Keys extends z.ZodRawShape = z.ZodRawShape> {
  /** Steps of this kind are written with it: `call: server.Tool`. */
  readonly key: Key;
  readonly about: string;
  /** What its value looks like. */
  readonly like: string;
  /** The keys that only this kind takes. */
  readonly keys: Keys;
  /** Those of them that it cannot do without. */
  readonly needs?: readonly string[];
  /** It takes `args`. */
  readonly takesArgs: boolean;
  /** It calls a tool, which may change something; all else only reads. */
  readonly callsTool?: true;
  /** What its own keys say that is not filled in. */
  readonly settingsOf?: (step: Values) => Values | undefined;
  /** Of a step as written, right or wrong: what it does not name is empty. */
  readonly aimOf: (value: string, step: Values) => Aim;
  /** What is filled in before it asks. */
  readonly argsOf: (step: Values) => Values;
  /** Tells requests of one name apart whose answers need not be alike; where absent, names and kinds of arguments do. */
  readonly shapeOf?: (step: Values) => string;
  readonly ask: (session: Session, asked: Asked) => Promise<Came>;
}

/** Keeps the names of its keys, which the scenario's schema is put together from. */
export function stepKind<const Key extends string, Keys extends z.ZodRawShape>(
  kind: StepKind<Key, Keys>,
): StepKind<Key, Keys> {
  return kind;
}

export function textIn(step: Values, key: string): string {
  const value = step[key];
  return typeof value === "string" ? value : "";
}

export function valuesIn(step: Values, key: string): Values {
  const value = step[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** `server.Name`; a tool's or a prompt's name may hold dots of its own. */
export function splitName(text: string): { readonly server: string; readonly name: string } {
  const dot = text.indexOf(".");
  return { server: text.slice(0, Math.max(0, dot)), name: text.slice(dot + 1) };
}

/** The keys of a chain: those of every step, those of each kind, and what holds steps or stands between them. */
import { z } from "zod";
import { stepKinds } from "../steps/registry.ts";
import { duration, shown } from "../units.ts";

type KeyOf<Kind> = Kind extends { readonly key: infer Key extends string } ? Key : never;
type OwnKeys<Kind> = Kind extends { readonly keys: infer Keys } ? Keys : never;
type All<Kinds> = Kinds extends readonly [infer First, ...infer Rest] ? OwnKeys<First> & All<Rest> : unknown;
type KindKeys = { [Key in KeyOf<(typeof stepKinds)[number]>]: z.ZodOptional<z.ZodString> };

// TypeScript cannot follow keys through a list, so their types are spelled out.
const kindKeys = Object.fromEntries(
  stepKinds.flatMap(({ key, about, keys }) => [[key, z.string().optional().describe(about)], ...Object.entries(keys)]),
) as KindKeys & All<typeof stepKinds>;

const savedName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/, {
  error: ({ input }) => `expected a name of at most 64 letters, digits, "-" and "_", got ${shown(input)}`,
});

const ownKeys = {
  ...kindKeys,
  args: z.record(z.string(), z.unknown()).optional().describe("with call and prompt; values may hold ${…}"),
  save: z.record(savedName, z.string()).optional().describe("name → JSONPath over the answer, for later steps"),
  effect: z.string().optional().describe("the effect that this call is meant to have"),
  timeout: duration({ leastMs: 1 }).optional().describe("patience for one attempt, in place of the policy's"),
  mayBeEmpty: z.boolean().default(false).describe("an empty answer is fine here"),
};

const step = z.strictObject({ ...ownKeys });

/** A step by itself, or what holds several; which keys go together is for the references to say. */
export const chainEntry = step;

export type ChainEntry = z.output<typeof chainEntry>;

/** The keys of a chain: those of every step, those of each kind, and what holds steps or stands between them. */
import { z } from "zod";
import { answersSchema } from "../steps/answers.ts";
import { stepKinds } from "../steps/registry.ts";
import { duration, shown } from "../units.ts";
import { timeSpan } from "./time-span.ts";

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
  progress: z.boolean().optional().describe("it asks to be told how far it is, or not, whatever its group says"),
  echo: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("JSONPath → what the answer must hold there: what the call gave, as ${op.id}; the check bleed judges it"),
  answers: answersSchema
    .optional()
    .describe("what its server gets to hear that asks something back, in place of the group's"),
  mayBeEmpty: z.boolean().default(false).describe("an empty answer is fine here"),
};

const otherwise = z
  .strictObject({
    ...ownKeys,
    cached: z.literal(true).optional().describe("what the step gave this agent last, also in an earlier walk"),
    values: z.record(savedName, z.unknown()).optional().describe("these, under the names that the step would save"),
  })
  .optional()
  .describe("what stands in for the step when it is not ok: another step, cached: true, or values");

const step = z.strictObject({ ...ownKeys, otherwise });

/** A step by itself, several at once, or a pause; which keys go together is for the references to say. */
const chainEntry = z.strictObject({
  ...ownKeys,
  otherwise,
  parallel: z.array(step).min(1).optional().describe("steps that run at once; what they save is there behind them all"),
  pause: timeSpan.optional().describe("between two turns of one session; each turn has the budget to itself"),
});

/** Of a group. */
export const chainKeys = {
  chain: z.array(chainEntry).min(1),
  turns: z.int().min(1).max(100).default(1).describe("how often a walk goes through the chain; what is saved stays"),
  pause: timeSpan.optional().describe("between two of these turns"),
  progress: z.literal(true).optional().describe("each step asks to be told how far it is"),
  listens: z
    .literal(true)
    .optional()
    .describe("sessions hear what servers say outside of answers, such as that a list has changed"),
  answers: answersSchema
    .optional()
    .describe("scripted answers to what servers ask back; what is not here they are not offered"),
};

export type WrittenChain = z.output<z.ZodObject<typeof chainKeys>>;

type Written = z.output<typeof chainEntry>;
/** Also what stands in for one. */
export type ChainEntry = Written & Pick<NonNullable<Written["otherwise"]>, "cached" | "values">;

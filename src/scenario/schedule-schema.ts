/** When a fault is on, and how it grows meanwhile: the keys that all kinds of faults share. */
import { z } from "zod";
import type { FaultKind } from "../faults/kinds.ts";
import { bareOf, byteRate, duration, percentage, quantityOf, shown, size } from "../units.ts";

const when = z.strictObject({
  step: z.string().optional().describe("server.Tool, or group@server.Tool: begins while a call of it is under way"),
  is: z.literal("in-flight").optional().describe("goes with step"),
  calls: z.int().min(1).max(1_000_000).optional().describe("begins with so many calls, counted from `at` on"),
  returns: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      "begins when so many calls have ended, counted from `at` on: right behind the answer to the last of them",
    ),
  of: z.string().optional().describe("goes with calls and returns: server.Tool, or group@server.Tool"),
  first: z.string().optional().describe("an effect: begins when its first commit since `at` is seen in the ledger"),
});

/** What a condition says, before it is known whether it makes sense. */
export type WrittenCondition = z.output<typeof when>;

export const schedule = {
  at: duration().optional().describe("after the episode's start"),
  for: duration({ leastMs: 1 })
    .optional()
    .describe("until the end of the episode's fault phase where absent; with when, it must be said"),
  when: when.optional().describe("begins when this comes true, looked for from `at` on; once"),
  within: duration({ leastMs: 1 })
    .optional()
    .describe("how long when is waited for; where absent, as long as there is room for the fault in its phase"),
  every: z
    .strictObject({
      on: duration({ leastMs: 10 }).describe("how long it lasts each time"),
      off: duration({ leastMs: 10 }).describe("how long all is well in between"),
      jitter: duration().default(0).describe("each spell varies by up to this much, either way"),
    })
    .optional()
    .describe("comes and goes for as long as it is on"),
  swizzle: duration({ leastMs: 1 })
    .optional()
    .describe("several links break one after another, so long apart, and heal one after another in another order"),
};

export const linkOrLinks = z
  .union([z.string(), z.array(z.string()).min(1)], {
    error: (issue) => `expected a link or a list of links, got ${shown(issue.input)}`,
  })
  .describe("agents->server, group@server or server->upstream; or a list: all of them at the same moments");

/** How one attribute grows, or shrinks: from what the fault says to what stands here, so much at a time. */
export interface Growth {
  readonly to: number;
  readonly by: number;
  readonly every: number;
}

type WrittenGrowth = { readonly [Key in "to" | "by"]: string | number } & { readonly every: string };
type Ramp = z.ZodOptional<
  z.ZodType<Readonly<Record<string, Growth | undefined>>, Readonly<Record<string, WrittenGrowth | undefined>>>
>;

/** The attributes of a kind that may grow, each in its own unit. */
export function rampOf({ kind, attributes, grows = [] }: FaultKind): Ramp {
  const growths = grows.map((name) => {
    const value = bareOf(attributes.shape[name]);
    const growth = z.strictObject({
      to: value,
      by: amountLike(value),
      every: duration({ leastMs: 100 }).describe("how long after one another"),
    });
    return [name, growth.optional()] as const;
  });
  const ramp = z
    .strictObject(Object.fromEntries(growths))
    .optional()
    .describe("attributes that grow or shrink, step by step, from what the fault says; anew in each spell");
  const nothing = z.never({ error: `expected no ramp: ${kind} has nothing that could grow` }).optional();
  // TypeScript cannot follow names and units through a list, so what they come to is spelled out.
  return (grows.length === 0 ? nothing : ramp) as unknown as Ramp;
}

const amounts = {
  duration: duration({ leastMs: 0.001 }),
  size: size({ leastBytes: 1 }),
  "size per second": byteRate(),
  share: percentage({ least: 0.001 }),
} as const;

function amountLike(value: z.core.$ZodType): z.core.$ZodType {
  const quantity = quantityOf(value);
  return quantity === undefined ? z.number().gt(0).max(1) : amounts[quantity.takes];
}

/** How a scenario writes a policy: one part alone, under a kind; or parts by their names, from a profile if it likes. */
import { z } from "zod";
import { duration } from "../units.ts";
import { composePolicy, partsShape } from "./composition.ts";
import { patience, type Policy } from "./policy.ts";
import { profileNames, profiles } from "./profiles.ts";
import { retry } from "./retry.ts";

const ofTools = z
  .record(z.string(), duration({ leastMs: 1 }))
  .optional()
  .describe("server.Tool → patience for one attempt of it, in place of timeout");

export const policySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none"), ...patience }).describe("Every call is tried once."),
  z.strictObject({ kind: z.literal("retry"), ...patience, ...retry.attributes.shape }).describe(retry.about),
  z
    .strictObject({
      kind: z.literal("composed").optional(),
      profile: z.enum(profileNames).optional().describe("what a real client does, see `squall list profiles`"),
      timeout: patience.timeout.unwrap().optional().describe("patience for one attempt; 60s where no profile says so"),
      timeouts: ofTools,
      onTimeout: patience.onTimeout.unwrap().optional().describe("cancel where absent; as with kind: retry"),
      resetOnProgress: patience.resetOnProgress,
      ...partsShape,
    })
    .describe("Parts that are put together in one order, however they are written."),
]);

type Written = z.output<typeof policySchema>;

export interface ReadPolicy {
  readonly timeoutMs: number;
  /** By server.Tool. */
  readonly timeoutsMs: Readonly<Record<string, number>>;
  readonly onTimeout: "cancel" | "close" | "abandon";
  /** Progress begins the timeout of an attempt anew, and so long after its start it ends all the same. */
  readonly progressMostMs?: number;
  readonly attemptsMax: number;
  /** It asks for what a lost event stream did not bring. */
  readonly resumes?: true;
  readonly kind: PolicyKind;
  /** As written, for the parts to read. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

export type PolicyKind = NonNullable<Written["kind"]>;

const ofNoPart: ReadonlySet<string> = new Set(["kind", "profile", "timeouts", ...Object.keys(patience)]);

/** Takes a policy in which nothing is wrong, as it is written and as the schema reads it. */
export function readPolicy(raw: Readonly<Record<string, unknown>>, parsed: Written): ReadPolicy {
  const profile = "profile" in parsed && parsed.profile !== undefined ? profiles[parsed.profile].policy : {};
  const { kind = "composed" } = parsed;
  const own = Object.fromEntries(Object.entries({ ...profile, ...raw }).filter(([name]) => !ofNoPart.has(name)));
  const usual = policySchema.parse(profile);
  const timeoutMs = parsed.timeout ?? usual.timeout ?? patience.timeout.parse(undefined);
  const onTimeout = parsed.onTimeout ?? usual.onTimeout ?? "cancel";
  const timeoutsMs = "timeouts" in parsed ? (parsed.timeouts ?? {}) : {};
  const progressMostMs = parsed.resetOnProgress ?? usual.resetOnProgress;
  const resets = progressMostMs === undefined ? {} : { progressMostMs };
  const { attemptsMax, reconnect } = preparePolicy({ kind, attributes: own });
  const resumes = reconnect.resuming === undefined ? {} : { resumes: true as const };
  return { timeoutMs, timeoutsMs, onTimeout, ...resets, attemptsMax, ...resumes, kind, attributes: own };
}

export function preparePolicy({ kind, attributes }: Pick<ReadPolicy, "kind" | "attributes">): Policy {
  switch (kind) {
    case "none":
      return composePolicy({});
    case "retry":
      return composePolicy({ retry: attributes });
    case "composed":
      return composePolicy(attributes);
    default:
      return kind satisfies never;
  }
}

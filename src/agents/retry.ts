import { z } from "zod";
import { backoffAttributes, waitMs } from "./backoff.ts";
import { policyPart, type Decision, type Deciding, type Seen, type SeenSoFar } from "./policy.ts";
import { isAmong, troubles } from "./troubles.ts";

const attributes = z.strictObject({
  attempts: z.int().min(2).max(100).default(3).describe("attempts in all, the first one included"),
  ...backoffAttributes,
  retryOn: troubles(["timeout", "connection", "http", "protocol"]).describe(
    "what is tried again: rungs of the success ladder, classes such as reset, statuses such as http-429 or http-5xx",
  ),
  retryAfter: z
    .enum(["ignore", "obey"])
    .default("ignore")
    .describe("obey: wait as long as the server says, and stop where that is longer than delayMax"),
  resend: z
    .enum(["any", "safe", "unsent"])
    .default("any")
    .describe(
      "safe: what may have happened is sent again only to tools that say they are read-only or idempotent; unsent: only " +
        "what never left",
    ),
  key: z
    .enum(["stable", "fresh"])
    .default("stable")
    .describe("whether all attempts of an op bring the same idempotency key, where args hold ${op.key}"),
});
type Settings = z.output<typeof attributes>;

export const retry = policyPart({
  about: "A call that did not succeed is tried again, after a wait.",
  source: "tries, back-off and jitter as in the AWS Builders' Library, gRPC and resilience4j; ours where they differ",
  attributes,
  prepare: (settings) => ({
    reaction: { attemptsMax: settings.attempts, decide: (seen, about) => decision(settings, seen, about) },
    freshKeys: settings.key === "fresh",
    needsHints: settings.resend === "safe",
  }),
});

function decision(settings: Settings, seen: SeenSoFar, { random, waitedMs, isSafe }: Deciding): Decision {
  const last = seen.at(-1) ?? seen[0];
  if (seen.length >= settings.attempts || !isAmong(settings.retryOn, last)) return { do: "stop" };
  const because = unsafe(settings, seen, isSafe);
  if (because !== undefined) return { do: "stop", because };
  const ownMs = waitMs(settings, { attempts: seen.length, lastMs: waitedMs, random });
  const toldMs = settings.retryAfter === "obey" ? (last.retryAfterMs ?? 0) : 0;
  if (toldMs > settings.delayMax) return { do: "stop", because: "told to wait longer than it would" };
  return { do: "retry", afterMs: Math.max(ownMs, toldMs) };
}

/** Told in the history wherever an op ends because of it. */
const notResent = "outcome unknown, not resent";

function unsafe({ resend }: Settings, seen: readonly Seen[], isSafe: boolean): string | undefined {
  const mayHaveHappened = seen.some(({ outcome }) => outcome === "unknown");
  if (resend === "any" || (resend === "safe" && isSafe)) return undefined;
  return mayHaveHappened ? notResent : undefined;
}

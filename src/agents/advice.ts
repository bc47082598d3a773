import { z } from "zod";
import { duration } from "../units.ts";
import { policyPart, type Decision, type SeenSoFar } from "./policy.ts";

const attributes = z.strictObject({
  attempts: z.int().min(1).max(100).default(3).describe("attempts in all, however often it is told to try again"),
  delay: duration().default(1000).describe("the wait where the server says no delay"),
  delayMax: duration().default(30_000).describe("told to wait longer, it gives up"),
  endsChain: z
    .array(z.string().min(1))
    .default(["escalate"])
    .describe("suggested actions after which nothing else of the chain is tried"),
});

export const advice = policyPart({
  about: "The server's own words decide: it tries again only where they say so, and after as long as they say.",
  source: "structured errors as servers send them: retryable, retry_after_ms, suggested_action",
  attributes,
  prepare: (settings) => ({
    reaction: { attemptsMax: settings.attempts, decide: (seen) => obey(settings, seen) },
  }),
});

function obey(settings: z.output<typeof attributes>, seen: SeenSoFar): Decision | undefined {
  const { retryable, retryAfterMs, suggestedAction } = seen.at(-1) ?? seen[0];
  if (suggestedAction !== undefined && settings.endsChain.includes(suggestedAction)) {
    return { do: "stop", because: `told to ${suggestedAction}`, endsChain: true };
  }
  const again = retryable ?? (suggestedAction === undefined ? undefined : suggestedAction.startsWith("retry"));
  if (again === undefined) return undefined;
  if (!again) return { do: "stop", because: "told not to try again" };
  if (seen.length >= settings.attempts) return { do: "stop" };
  const afterMs = retryAfterMs ?? settings.delay;
  if (afterMs > settings.delayMax) return { do: "stop", because: "told to wait longer than it would" };
  return { do: "retry", afterMs };
}

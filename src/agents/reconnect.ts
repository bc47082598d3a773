import { z } from "zod";
import { duration } from "../units.ts";
import { waitMs } from "./backoff.ts";
import { policyPart, type Reconnecting } from "./policy.ts";

const attributes = z.strictObject({
  session: z
    .enum(["anew", "never"])
    .default("anew")
    .describe("anew: another session is opened where the server answers 404 to one; never: it is used on, in vain"),
  stream: z
    .enum(["resume", "never"])
    .default("never")
    .describe(
      "resume: what a lost event stream did not bring is asked for by the id of its last event, before 2026-07-28 and " +
        "with wire: lean (SDKs do as they do); never: the call has no answer",
    ),
  tries: z.int().min(1).max(100).default(2).describe("with stream: resume, how often in a row it asks in vain"),
  delay: duration({ mostMs: 600_000 })
    .default(1000)
    .describe("with stream: resume, the wait before it asks; what the server says in retry: goes before"),
  growth: z.number().min(1).max(10).default(1.5).describe("by what the wait is multiplied after each time in vain"),
  delayMax: duration({ mostMs: 600_000 }).default(30_000).describe("no wait of its own is longer"),
});
type Settings = z.output<typeof attributes>;

/** Where a policy says nothing: what the specification asks for. */
export const usualReconnecting = reconnecting(attributes.parse({}));

export const reconnect = policyPart({
  about: "What becomes of a session that its server knows no more, and of an event stream that is lost.",
  source: "the specification: a new session after a 404, resuming before 2026-07-28; tries and waits as in the SDKs",
  attributes,
  prepare: (settings) => ({ reconnect: reconnecting(settings) }),
});

function reconnecting(settings: Settings): Reconnecting {
  const { session, stream } = settings;
  if (stream === "never") return { session };
  return { session, resuming: { afterMs: (inVain, retryMs) => afterMs(settings, inVain, retryMs) } };
}

/** It need not be spread out: each waits from the moment at which it lost its own stream. */
const noChance = { next: () => 0 };

function afterMs(settings: Settings, inVain: number, retryMs: number | undefined): number | undefined {
  const { tries, delay, growth, delayMax } = settings;
  if (inVain >= tries) return undefined;
  // The specification: a client MUST respect it.
  if (retryMs !== undefined) return retryMs;
  const backoff = { delay, growth, delayMax, backoff: "exponential", jitter: "none", spread: 0 } as const;
  return waitMs(backoff, { attempts: inVain + 1, lastMs: 0, random: noChance });
}

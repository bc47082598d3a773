import { z } from "zod";
import { duration } from "../units.ts";
import { policyPart, type Guard } from "./policy.ts";
import { counted, emptyWindow, sumOf, within, type Window } from "./sliding-window.ts";
import { isAmong, serverTroubles, tellsNothing, troubles } from "./troubles.ts";

const attributes = z.strictObject({
  k: z.number().min(1).max(100).default(2).describe("it begins to refuse when requests are k times the accepted ones"),
  window: duration({ leastMs: 100, mostMs: 3_600_000 }).default(120_000).describe("how far back it looks"),
  refusals: troubles([...serverTroubles, "http-429"]).describe("what counts as not accepted"),
  per: z.enum(["agent", "server", "tool"]).default("server").describe("each of them is counted by itself"),
});

export const throttle = policyPart({
  about: "The more a server refuses, the more its agent refuses by itself, by chance: adaptive throttling.",
  source: "Google SRE ch. 21: max(0, (requests - K * accepts) / (requests + 1)), K 2, two minutes",
  attributes,
  prepare: ({ k, window: lastsMs, refusals, per }) => {
    // Yes counts what was accepted, no all that was asked for, refused by ourselves or not.
    const guard: Guard<Window> = {
      per,
      start: emptyWindow,
      ask: (window, { nowMs, random }) => {
        const moment = { nowMs, lastsMs };
        const { yes: accepts, no: requests } = sumOf(within(window, moment));
        const share = refusedShare({ requests, accepts, k });
        const state = counted(window, moment, { no: 1 });
        // Nothing is drawn while all is well.
        if (share > 0 && random.next() < share) return { state, say: { do: "hold", because: "throttled" } };
        return { state, say: { do: "go" } };
      },
      came: (window, { nowMs, seen }) => {
        const isAccepted = seen !== undefined && !tellsNothing(seen) && !isAmong(refusals, seen);
        return isAccepted ? counted(window, { nowMs, lastsMs }, { yes: 1 }) : window;
      },
    };
    return { guard };
  },
});

export function refusedShare(about: {
  readonly requests: number;
  readonly accepts: number;
  readonly k: number;
}): number {
  const { requests, accepts, k } = about;
  return Math.max(0, (requests - k * accepts) / (requests + 1));
}

import { z } from "zod";
import { duration } from "../units.ts";
import { byToxic, noiseMs, toxicOn, whichConnections } from "./by-toxic.ts";
import { unusuallySilent } from "./handles.ts";
import { faultKind } from "./kinds.ts";

export const latency = faultKind({
  kind: "latency",
  about: "Every answer on the link comes later by a delay, give or take a jitter.",
  callerSees: "slow answers; a timeout where the delay is longer than its patience",
  plane: "network",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  grows: ["delay", "jitter", "toxicity"],
  attributes: z.strictObject({
    delay: duration({ leastMs: 1, mostMs: 600_000 }).describe("how much later each answer comes"),
    jitter: duration({ mostMs: 600_000 }).default(0).describe("the delay varies by up to this much, either way"),
    ...whichConnections,
  }),
  prepare: ({ delay, jitter, ...where }) => ({
    healForm: "let-through",
    ...byToxic(toxicOn(where, "latency", { latency: delay, jitter })),
    holdsMs: delay + jitter,
    // An answer that waited the shortest delay, clearly longer than usual; or a caller who gave up on one before. The tap
    // notes a request once it has been sent on, which on a busy machine is a little late.
    showsIn: (sign) =>
      (sign.is === "answered" &&
        sign.waitedMs >= 0.9 * Math.max(0, delay - jitter) &&
        sign.waitedMs - (sign.usualMs ?? 0) >= Math.max(0.5 * delay, Math.min(0.9 * delay, noiseMs))) ||
      unusuallySilent(sign),
  }),
});

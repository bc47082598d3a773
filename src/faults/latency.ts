import { z } from "zod";
import { duration } from "../units.ts";
import { faultKind } from "./handles.ts";

export const latency = faultKind({
  kind: "latency",
  about: "Every answer on the link comes later by a delay, give or take a jitter.",
  callerSees: "slow answers; a timeout where the delay is longer than its patience",
  plane: "network",
  tags: { seen: "implicit", lasts: "transient" },
  attributes: z.strictObject({
    delay: duration({ leastMs: 1, mostMs: 600_000 }).describe("how much later each answer comes"),
    jitter: duration({ mostMs: 600_000 }).default(0).describe("the delay varies by up to this much, either way"),
  }),
  prepare: ({ delay, jitter }) => ({
    healForm: "let-through",
    inject: (link) => link.addToxic({ type: "latency", stream: "downstream", attributes: { latency: delay, jitter } }),
    // The answer waited at least the shortest delay, and clearly longer than answers usually do on this link.
    showsIn: (sign) =>
      (sign.is === "answered" || sign.is === "silent") &&
      sign.waitedMs >= Math.max(0, delay - jitter) &&
      sign.waitedMs - (sign.usualMs ?? 0) >= 0.5 * delay,
  }),
});

import { z } from "zod";
import { duration } from "../units.ts";
import { replicasFaultKind } from "./kinds.ts";

export const drainAttribute = {
  drain: duration({ mostMs: 60_000 })
    .default(1000)
    .describe("it gets no new requests, and so long it may finish those that it has; then it is asked to end"),
};

export const scaleIn = replicasFaultKind({
  kind: "scale-in",
  about: "Some of the replicas are taken away, the last ones, and come back when it is healed.",
  callerSees: "sessions that the other replicas do not know, and more work for those",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  meets: "callers",
  attributes: z.strictObject({
    ...drainAttribute,
    count: z.int().min(1).max(15).default(1).describe("how many, but never all of them"),
  }),
  prepare: ({ count, drain }) => ({
    healForm: "start-again",
    inject: ({ replicas }) => replicas.takeAway(count, { drainMs: drain }),
    showsIn: (sign) => sign.is === "scaled-in",
  }),
});

import { z } from "zod";
import { replicasFaultKind } from "./kinds.ts";
import { drainAttribute } from "./scale-in.ts";

export const rollingRestart = replicasFaultKind({
  kind: "rolling-restart",
  about: "The replicas are restarted one after another, each once the one before it answers again.",
  callerSees: "sessions that other replicas do not know; requests that were under way when their replica ended",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  meets: "callers",
  attributes: z.strictObject(drainAttribute),
  prepare: ({ drain }) => ({
    healForm: "start-again",
    inject: ({ replicas }) => replicas.roll({ drainMs: drain }),
    // A part of them is no rolling restart.
    showsIn: (sign) => sign.is === "rolled",
  }),
});

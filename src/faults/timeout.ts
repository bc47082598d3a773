import { z } from "zod";
import { duration } from "../units.ts";
import { byToxic, toxicOn, whichConnections } from "./by-toxic.ts";
import { healedBy } from "./egress-block.ts";
import { unusuallySilent } from "./handles.ts";
import { faultKind } from "./kinds.ts";

export const timeout = faultKind({
  kind: "timeout",
  about: "All data is swallowed, and a connection closes once none has come for a while, as behind a tired gateway.",
  callerSees: "no answer, then a closed connection",
  plane: "network",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  grows: ["after", "toxicity"],
  attributes: z.strictObject({
    after: duration({ leastMs: 1, mostMs: 600_000 }).describe(
      "how long without data until a connection closes; for one that never does, egress-block with how: black-hole",
    ),
    ...whichConnections,
  }),
  prepare: ({ after, ...where }) => {
    const { inject, change } = byToxic(toxicOn(where, "timeout", { timeout: after }));
    return {
      // What was swallowed is lost, so no live connection could go on.
      healForm: "drop-connections",
      inject: async (link) => healedBy(link, await inject(link), "drop-connections"),
      change,
      silences: where.toxicity === 1,
      // It waits anew after each change.
      holdsMs: after,
      showsIn: (sign) => (sign.is === "cut" && sign.inFlight) || unusuallySilent(sign),
    };
  },
});

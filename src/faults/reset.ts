import { z } from "zod";
import { duration } from "../units.ts";
import { byToxic, toxicOn, whichConnections } from "./by-toxic.ts";
import { unusuallySilent } from "./handles.ts";
import { faultKind } from "./kinds.ts";

export const reset = faultKind({
  kind: "reset",
  about: "The first data swallowed, a connection is reset after a while: downstream, the callee has acted already.",
  callerSees: "a connection reset in place of the answer; what was open before closes",
  plane: "network",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  grows: ["after", "toxicity"],
  attributes: z.strictObject({
    // A real Toxiproxy takes no toxic away while it waits to reset, and whatever is injected must heal in seconds.
    after: duration({ mostMs: 3000 }).default(0).describe("how long after the first data the reset comes"),
    ...whichConnections,
  }),
  prepare: ({ after, ...where }) => ({
    healForm: "let-through",
    ...byToxic(toxicOn(where, "reset_peer", { timeout: after })),
    holdsMs: after,
    silences: where.toxicity === 1,
    showsIn: (sign) => (sign.is === "cut" && sign.inFlight) || (after > 0 && unusuallySilent(sign)),
  }),
});

import { z } from "zod";
import { duration } from "../units.ts";
import { byToxic, toxicOn, whichConnections } from "./by-toxic.ts";
import { faultKind } from "./kinds.ts";

export const slowClose = faultKind({
  kind: "slow-close",
  about: "Data passes as ever, but the end of a connection arrives later by a delay.",
  callerSees: "connections that stay open after the callee is done with them; nothing where all are kept alive",
  plane: "network",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "executed",
  executes: [1],
  grows: ["delay", "toxicity"],
  attributes: z.strictObject({
    delay: duration({ leastMs: 20, mostMs: 600_000 }).describe("how much later the end of a connection arrives"),
    ...whichConnections,
  }),
  prepare: ({ delay, ...where }) => ({
    healForm: "let-through",
    ...byToxic(toxicOn(where, "slow_close", { delay })),
    holdsMs: delay,
    showsIn: (sign) => {
      if (sign.is !== "closed") return false;
      const usualMs = sign.usualMs ?? 0;
      // Healed before the delay is over, a connection has been open for too long already.
      return sign.lateMs - usualMs >= 0.5 * delay || sign.lateMs >= Math.max(50, 3 * usualMs);
    },
  }),
});

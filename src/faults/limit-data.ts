import { z } from "zod";
import { size } from "../units.ts";
import { byToxic, toxicOn, whichConnections } from "./by-toxic.ts";
import { faultKind } from "./kinds.ts";

export const limitData = faultKind({
  kind: "limit-data",
  about: "Each connection closes once so many bytes have passed, wherever in an answer that is.",
  callerSees: "answers cut off in the middle, then a closed connection",
  plane: "network",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  grows: ["bytes", "toxicity"],
  attributes: z.strictObject({
    bytes: size().describe("how much passes on each connection before it closes, from the fault's beginning on"),
    ...whichConnections,
  }),
  prepare: ({ bytes, ...where }) => ({
    healForm: "let-through",
    ...byToxic(toxicOn(where, "limit_data", { bytes })),
    // A connection that was there before has passed more. Between answers, only the exact number tells it from an idle end.
    showsIn: (sign) => {
      if (sign.is !== "cut" || sign.passed === undefined) return false;
      const passed = sign.passed[where.direction];
      return passed === bytes || (sign.inFlight && passed > bytes);
    },
  }),
});

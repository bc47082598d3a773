import { z } from "zod";
import { byteRate } from "../units.ts";
import { byToxic, chunkBytesMax, slowAsExplained, toxicOn, whichConnections } from "./by-toxic.ts";
import { unusuallySilent } from "./handles.ts";
import { faultKind } from "./kinds.ts";

export const bandwidth = faultKind({
  kind: "bandwidth",
  about: "Each connection of the link carries only so many bytes a second.",
  callerSees: "answers that trickle; a timeout where they are longer than its patience allows",
  plane: "network",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  grows: ["rate", "toxicity"],
  attributes: z.strictObject({
    rate: byteRate().describe("bytes a second in whole KB of 1000 bytes, for each connection"),
    ...whichConnections,
  }),
  prepare: ({ rate, ...where }) => ({
    healForm: "let-through",
    ...byToxic(toxicOn(where, "bandwidth", { rate: rate / 1000 })),
    holdsMs: (chunkBytesMax * 1000) / rate,
    showsIn: (sign) => slowAsExplained(sign, where.direction, 1000 / rate) || unusuallySilent(sign),
  }),
});

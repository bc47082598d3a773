import { z } from "zod";
import { duration, size } from "../units.ts";
import { byToxic, chunkBytesMax, slowAsExplained, toxicOn, whichConnections } from "./by-toxic.ts";
import { unusuallySilent } from "./handles.ts";
import { faultKind } from "./kinds.ts";

export const slicer = faultKind({
  kind: "slicer",
  about: "What passes is cut into small pieces, with a pause after each.",
  callerSees: "answers, and within them characters and events, that come in many pieces, slowly",
  plane: "network",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  grows: ["size", "delay", "toxicity"],
  attributes: z
    .strictObject({
      size: size({ leastBytes: 1, mostBytes: 32_000 }).describe("how large a piece is on the average"),
      variation: size({ mostBytes: 32_000 })
        .default(0)
        .describe("pieces vary by up to this much, at most by their size"),
      delay: duration({ leastMs: 0.001, mostMs: 60_000 })
        .default(5)
        .describe("the pause after each piece; what shows at the tap is that answers take longer by these"),
      ...whichConnections,
    })
    .refine(({ size: average, variation }) => variation <= average, {
      path: ["variation"],
      error: "expected at most the size of a piece",
    }),
  prepare: ({ size: average, variation, delay, ...where }) => ({
    healForm: "let-through",
    ...byToxic(toxicOn(where, "slicer", { average_size: average, size_variation: variation, delay: delay * 1000 })),
    holdsMs: (chunkBytesMax / average) * delay,
    showsIn: (sign) => slowAsExplained(sign, where.direction, delay / (average + variation)) || unusuallySilent(sign),
  }),
});

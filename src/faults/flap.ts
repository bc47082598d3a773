import { z } from "zod";
import { duration } from "../units.ts";
import { blockAttributes, prepareBlock } from "./egress-block.ts";
import { faultKind } from "./kinds.ts";

export const flap = faultKind({
  kind: "flap",
  about: "The link goes down and comes up again, in turn.",
  callerSees: "what egress-block shows, again and again, with good spells between",
  plane: "network",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  attributes: z.strictObject({
    down: duration({ leastMs: 10 }).describe("how long the link is down each time"),
    up: duration({ leastMs: 10 }).describe("how long it is up in between"),
    jitter: duration().default(0).describe("each spell varies by up to this much, either way"),
    ...blockAttributes,
  }),
  prepare: ({ down, up, jitter, ...block }) => ({
    ...prepareBlock(block),
    cycle: { downMs: down, upMs: up, jitterMs: jitter },
  }),
});

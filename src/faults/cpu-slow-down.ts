import { z } from "zod";
import { percentage } from "../units.ts";
import { processFaultKind } from "./kinds.ts";

export const cpuSlowDown = processFaultKind({
  kind: "cpu-slow-down",
  about: "The process runs for a share of the time only, in turns of a few milliseconds, as on a crowded machine.",
  callerSees: "answers that take longer, the more the more there is to compute for them",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  meets: "callers",
  attributes: z.strictObject({
    share: percentage({ least: 5, most: 90 }).describe(
      "of the time in which it may run; kept over a second to some percent, and what it was is in the history",
    ),
  }),
  prepare: ({ share }) => ({
    healForm: "let-through",
    inject: (target) => target.slowDown(share / 100),
    // Of the time that it was to lose it must have lost half at least.
    showsIn: (sign) => sign.is === "slowed" && sign.ranShare <= (1 + share / 100) / 2,
  }),
});

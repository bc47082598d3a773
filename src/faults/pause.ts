import { z } from "zod";
import { unusuallySilent } from "./handles.ts";
import { processFaultKind } from "./kinds.ts";

export const pause = processFaultKind({
  kind: "pause",
  about: "The process stands still, as a frozen machine does: its connections stay open, and nothing answers.",
  callerSees: "connections that are accepted and never answered; once it goes on, answers that come late",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  meets: "callers",
  attributes: z.strictObject({}),
  prepare: () => ({
    healForm: "let-through",
    silences: true,
    inject: (target) => target.pause(),
    // Where nobody can see the state of a process, its silence shows as well.
    showsIn: (sign) => sign.is === "paused" || unusuallySilent(sign),
  }),
});

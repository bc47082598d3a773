import { z } from "zod";
import { passThrough, toxicKind, whole } from "./toxic.ts";

export const slowClose = toxicKind({
  type: "slow_close",
  attributes: z.object({ delay: whole }),
  start: (stage, { delay }) => ({
    ...passThrough(stage),
    end: () => stage.wait(delay, () => stage.close()),
  }),
});

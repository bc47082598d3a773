import { z } from "zod";
import { toxicKind, whole } from "./toxic.ts";

export const timeout = toxicKind({
  type: "timeout",
  attributes: z.object({ timeout: whole }),
  closesOnRemoval: true,
  start: (stage, { timeout }) => {
    const arm = (): void => {
      if (timeout > 0) stage.wait(timeout, () => stage.close());
    };
    arm();
    return {
      // All data is dropped; it only puts off the close.
      chunk: () => {
        arm();
        stage.next();
      },
      end: () => stage.close(),
    };
  },
});

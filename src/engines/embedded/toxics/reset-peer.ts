import { z } from "zod";
import { toxicKind, whole } from "./toxic.ts";

export const resetPeer = toxicKind({
  type: "reset_peer",
  attributes: z.object({ timeout: whole }),
  resets: true,
  // Updating must not let the very data through that the reset was to swallow.
  retakes: true,
  start: (stage, { timeout }) => ({
    chunk: (chunk) => stage.wait(timeout, () => stage.close(), chunk),
    end: () => stage.wait(timeout, () => stage.close()),
  }),
});

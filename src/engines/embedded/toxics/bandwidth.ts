import { z } from "zod";
import { toxicKind, whole, type Chunk } from "./toxic.ts";

/** What is worth more than this leaves in pieces, so that a slow line trickles and does not gush. */
const pieceMs = 100;

export const bandwidth = toxicKind({
  type: "bandwidth",
  // In KB a second, which are bytes a millisecond.
  attributes: z.object({ rate: whole }),
  start: (stage, { rate }) => {
    /** How much later than it should the last piece left; the next waits so much less. */
    let lateMs = 0;
    const send = (chunk: Chunk): void => {
      const piece = { ...chunk, data: chunk.data.subarray(0, rate * pieceMs) };
      const rest = { ...chunk, data: chunk.data.subarray(rate * pieceMs) };
      const startedUs = stage.nowUs();
      const waitMs = piece.data.length / rate - lateMs;
      const leave = (): void => {
        lateMs = (stage.nowUs() - startedUs) / 1000 - waitMs;
        stage.pass(piece);
        if (rest.data.length > 0) send(rest);
        else stage.next();
      };
      stage.wait(waitMs, leave, chunk);
    };
    return {
      // At no rate, nothing passes until the toxic is changed or removed.
      chunk: (chunk) => (rate > 0 ? send(chunk) : stage.wait(Number.POSITIVE_INFINITY, () => stage.next(), chunk)),
      end: () => stage.close(),
    };
  },
});

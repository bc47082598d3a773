import { z } from "zod";
import { toxicKind, whole } from "./toxic.ts";

export const latency = toxicKind({
  type: "latency",
  attributes: z.object({ latency: whole, jitter: whole }),
  // A line with latency carries many chunks at once; with few, it would be a limit of bandwidth too.
  bufferChunks: 1024,
  start: (stage, { latency, jitter }) => ({
    chunk: (chunk) => {
      const delayMs = latency + (jitter > 0 ? stage.random.integer(-jitter, jitter - 1) : 0);
      const dueUs = chunk.sinceUs + Math.max(0, delayMs) * 1000;
      const leave = (): void => {
        stage.pass({ data: chunk.data, sinceUs: dueUs });
        stage.next();
      };
      stage.wait((dueUs - stage.nowUs()) / 1000, leave, chunk);
    },
    end: () => stage.close(),
  }),
});

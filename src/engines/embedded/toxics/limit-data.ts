import { z } from "zod";
import { toxicKind, whole } from "./toxic.ts";

export const limitData = toxicKind({
  type: "limit_data",
  attributes: z.object({ bytes: whole }),
  start: (stage, { bytes }) => ({
    chunk: (chunk) => {
      const data = chunk.data.subarray(0, Math.max(0, bytes - stage.tally));
      if (data.length > 0) stage.pass({ ...chunk, data });
      stage.tally += data.length;
      if (stage.tally >= bytes) stage.close();
      else stage.next();
    },
    end: () => stage.close(),
  }),
});

/** One op told in full: each attempt, what was seen at the links for it, and what it left in the world. */
import { z } from "zod";
import { attemptOutcome, count, list, opOutcome, outcomeClass, record, text, us } from "./figure-shapes.ts";

export const story = record({
  op: text,
  group: text,
  server: text,
  tool: text,
  phase: text,
  intendedUs: us,
  startUs: us,
  endUs: us.exactOptional(),
  outcome: opOutcome,
  because: text.exactOptional(),
  attempts: list(
    record({
      attempt: count,
      startUs: us,
      endUs: us,
      class: outcomeClass,
      outcome: attemptOutcome,
      says: text.exactOptional(),
      /** Its event stream was lost, and it asked for the rest; times from its start on. */
      lostStream: record({
        afterUs: us,
        events: count,
        resumptions: list(
          record({
            afterUs: us,
            came: z.enum(["answer", "ended", "refused", "unreached", "silent"]),
            status: z.int().exactOptional(),
            events: count,
            twice: count.exactOptional(),
            foreign: count.exactOptional(),
          }),
        ),
      }).exactOptional(),
    }),
  ),
  exchanges: list(
    record({
      link: text,
      startUs: us,
      endUs: us,
      method: text,
      path: text,
      ended: text,
      status: z.int().exactOptional(),
    }),
  ),
  effects: list(record({ row: text, fromUs: us, toUs: us })),
});

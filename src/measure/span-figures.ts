/** The figures of what lay over a run: its phases, when each fault was on, and the moments that stand out. */
import { z } from "zod";
import { count, list, record, text, us } from "./figure-shapes.ts";

const role = z.enum(["warm-up", "baseline", "fault", "recovery", "final"]);

export const phaseSpan = record({ phase: text, role, startUs: us, endUs: us });

export const markFigures = record({ atUs: us, says: text });

export const faultSpan = record({
  fault: text,
  kind: text,
  link: text.exactOptional(),
  server: text.exactOptional(),
  upstream: text.exactOptional(),
  replica: count.exactOptional(),
  window: count,
  requestedUs: us,
  /** Absent: nothing showed it. */
  observedUs: us.exactOptional(),
  /** Absent: it was never healed, or the history ends first. */
  healedUs: us.exactOptional(),
  form: z.enum(["let-through", "drop-connections", "start-again"]).exactOptional(),
  control: z.boolean(),
  /** How it grew while it was on: the first hundred steps. */
  steps: list(markFigures).exactOptional(),
});

/** A time that is always the same, or drawn between two bounds. */
import { z } from "zod";
import { duration, shown } from "../units.ts";

export const timeSpan = z.union([duration(), z.strictObject({ least: duration(), most: duration() })], {
  error: (issue) => `expected a duration such as "500ms", or { least: 200ms, most: 2s }, got ${shown(issue.input)}`,
});

export interface TimeSpan {
  readonly least: number;
  readonly most: number;
}

export function timeSpanOf(written: z.output<typeof timeSpan>): TimeSpan {
  return typeof written === "number" ? { least: written, most: written } : written;
}

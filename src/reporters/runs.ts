/** Several runs as one document: what `--json` prints for a folder. Its schema is a contract. */
import { z } from "zod";
import type { Batch } from "./reporter.ts";
import { verdictsDocument } from "./verdicts.ts";

export const notRunSchema = z.strictObject({
  scenario: z.string(),
  replay: z.string(),
  exitCode: z.int(),
  because: z.string(),
  times: z.int(),
});

export const runsSchema = z.strictObject({
  schema: z.literal("squall.runs/1"),
  exitCode: z.int(),
  runs: z.array(verdictsDocument),
  /** What was asked for and came to no verdict. */
  notRun: z.array(notRunSchema),
});

export function runsDocument({ results, notRun, exitCode }: Batch): z.output<typeof runsSchema> {
  return { schema: "squall.runs/1", exitCode, runs: results.map(({ verdicts }) => verdicts), notRun: [...notRun] };
}

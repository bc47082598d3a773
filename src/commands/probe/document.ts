/** A probe as one document: what `--json` prints. Its schema is a contract. */
import { z } from "zod";

export const probeSchema = "squall.probe/1";

const told = z.strictObject({ what: z.string(), because: z.string(), hint: z.string().optional() });

export const probeDocument = z.strictObject({
  schema: z.literal(probeSchema),
  squall: z.string(),
  /** As it was named. */
  server: z.string(),
  transport: z.enum(["http", "stdio"]),
  protocol: z.string(),
  seed: z.int(),
  /** Absent: nothing was played. */
  verdict: z.enum(["pass", "fail", "unknown"]).optional(),
  exitCode: z.int(),
  /** How many tools it lists. */
  tools: z.int(),
  called: z.array(
    z.strictObject({
      tool: z.string(),
      args: z.record(z.string(), z.unknown()),
      from: z.string(),
      because: z.string(),
      tookMs: z.number(),
    }),
  ),
  /** `shown`: something at its place showed that it took hold; absent where nothing was played. */
  troubles: z.array(z.strictObject({ name: z.string(), about: z.string(), shown: z.boolean().optional() })),
  /** How long its phases take. */
  durationMs: z.int(),
  /** What hurts most comes first. */
  findings: z.array(
    z.strictObject({
      grade: z.enum(["violation", "weakness", "info"]),
      of: z.string(),
      blames: z.enum(["server", "agents", "upstream", "harness"]),
      says: z.string(),
      fix: z.string(),
      again: z.string(),
      /** How many more say the same with other numbers. */
      alike: z.int().optional(),
    }),
  ),
  held: z.array(z.strictObject({ check: z.string(), strength: z.string() })),
  /** Judged, and the evidence was not there. */
  unproven: z.array(told),
  /** What would make it testable stands in the hint. */
  untested: z.array(told),
  baseline: z.array(z.strictObject({ tool: z.string(), calls: z.int(), p50: z.string() })),
  scenario: z.string(),
  /** The run's folder, where one was played. */
  run: z.string().optional(),
  replay: z.string(),
  /** What it comes to, in a sentence. */
  says: z.string(),
});

export type ProbeDocument = z.output<typeof probeDocument>;

/** What `--repeat` comes to: of so many runs, how often each check passed, failed or could not tell. */
import { z } from "zod";
import { wilson } from "../measure/wilson.ts";
import type { Batch, RunResult } from "./reporter.ts";
import { notRunSchema } from "./runs.ts";
import { wasInterrupted, type Verdicts } from "./verdicts.ts";

const share = z.strictObject({ k: z.int(), n: z.int(), low: z.number(), high: z.number() });
const tally = z.strictObject({ pass: share, fail: share, unknown: share });

export const repeatSchema = z.strictObject({
  schema: z.literal("squall.repeat/1"),
  exitCode: z.int(),
  scenarios: z.array(
    z.strictObject({
      scenario: z.string(),
      seed: z.int(),
      mode: z.enum(["faults", "control"]),
      asked: z.int(),
      /** Runs that came to their own end; only these are counted. */
      done: z.int(),
      runs: z.array(
        z.strictObject({
          run: z.string(),
          directory: z.string(),
          verdict: z.enum(["pass", "fail", "unknown"]),
          exitCode: z.int(),
          durationMs: z.int(),
        }),
      ),
      verdicts: tally,
      checks: z.array(z.strictObject({ check: z.string(), verdicts: tally })),
      thresholds: z.array(z.strictObject({ expression: z.string(), verdicts: tally })),
      replay: z.string(),
    }),
  ),
  notRun: z.array(notRunSchema),
});

export type Repeated = z.output<typeof repeatSchema>;

export function repeatDocument(batch: Batch, asked: number): Repeated {
  // Two scenarios may share a name; the command line that repeats them tells them apart.
  const groups = Map.groupBy(batch.results, ({ verdicts }) => verdicts.replay);
  return {
    schema: "squall.repeat/1",
    exitCode: batch.exitCode,
    scenarios: [...groups.values()].flatMap((results) => repeatOf(results, asked)),
    notRun: [...batch.notRun],
  };
}

function repeatOf(results: readonly RunResult[], asked: number): Repeated["scenarios"] {
  const [first] = results;
  if (first === undefined) return [];
  const { scenario, seed, mode, replay } = first.verdicts;
  const done = results.map(({ verdicts }) => verdicts).filter((verdicts) => !wasInterrupted(verdicts));
  const named = (names: readonly string[]): string[] => [...new Set(names)];
  return [
    {
      scenario,
      seed,
      mode,
      asked,
      done: done.length,
      runs: results.map(({ directory, verdicts: { run, verdict, exitCode, durationMs } }) => ({
        run,
        directory,
        verdict,
        exitCode,
        durationMs,
      })),
      verdicts: tallyOf(done.map(({ verdict }) => verdict)),
      checks: named(done.flatMap(({ checks }) => checks.map(({ check }) => check))).map((check) => ({
        check,
        verdicts: tallyOf(
          done.flatMap(({ checks }) => checks.filter((one) => one.check === check)).map(({ verdict }) => verdict),
        ),
      })),
      thresholds: named(done.flatMap(({ thresholds }) => thresholds.map(({ expression }) => expression))).map(
        (expression) => ({
          expression,
          verdicts: tallyOf(
            done
              .flatMap(({ thresholds }) => thresholds.filter((one) => one.expression === expression))
              .map(({ verdict }) => verdict),
          ),
        }),
      ),
      replay,
    },
  ];
}

function tallyOf(verdicts: readonly Verdicts["verdict"][]): z.output<typeof tally> {
  const count = (wanted: Verdicts["verdict"]) =>
    wilson(verdicts.filter((verdict) => verdict === wanted).length, verdicts.length);
  return { pass: count("pass"), fail: count("fail"), unknown: count("unknown") };
}

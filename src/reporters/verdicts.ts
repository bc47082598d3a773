/** The verdicts of a run as one document: what verdicts.json holds and `--json` prints. Its schema is a contract. */
import { z } from "zod";
import type { Judged } from "../checks/judge.ts";
import { exitCodes, type ExitCode } from "../errors.ts";

const verdictsSchema = "squall.verdicts/1";

const verdict = z.enum(["pass", "fail", "unknown"]);
const finding = z.strictObject({
  grade: z.enum(["violation", "weakness", "info"]),
  blames: z.enum(["server", "agents", "upstream", "harness"]),
  says: z.string(),
  why: z.string(),
  fix: z.string(),
  witness: z.strictObject({ events: z.array(z.string()).max(10), ops: z.array(z.string()).max(10) }),
});

export const verdictsDocument = z.strictObject({
  schema: z.literal(verdictsSchema),
  squall: z.string(),
  mode: z.enum(["faults", "control"]),
  run: z.string(),
  scenario: z.string(),
  seed: z.int(),
  startedAt: z.string(),
  /** What made the faults: its kind, the version of Toxiproxy that it speaks, its file, image or address. */
  engine: z
    .strictObject({
      kind: z.enum(["embedded", "binary", "docker", "remote"]),
      version: z.string(),
      says: z.string().optional(),
    })
    .optional(),
  /** Until the last event that was recorded. */
  durationMs: z.int(),
  failOn: z.enum(["violation", "weakness"]),
  verdict,
  exitCode: z.int(),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      verdict,
      because: z.string().optional(),
      looked: z.int(),
      strength: z.string().optional(),
      warnings: z.int(),
      findings: z.array(finding),
    }),
  ),
  thresholds: z.array(
    z.strictObject({
      expression: z.string(),
      verdict,
      /** In the unit of the bound: milliseconds, percent, per second, or a ratio. */
      value: z.number().optional(),
      shown: z.string().optional(),
      samples: z.int(),
      because: z.string().optional(),
    }),
  ),
  notCovered: z.array(z.strictObject({ check: z.string(), because: z.string() })),
  /** What servers asked their egress gateways for and no link leads to. Absent where no server has a gateway. */
  egress: z
    .strictObject({
      unexpected: z.array(
        z.strictObject({ server: z.string(), destination: z.string(), passed: z.boolean(), requests: z.int() }),
      ),
      unexpectedMore: z.int(),
    })
    .optional(),
  gaps: z.array(z.strictObject({ gap: z.string(), says: z.string() })),
  replay: z.string(),
});

export type Verdicts = z.output<typeof verdictsDocument>;

export function verdictsOf(judged: Judged): Verdicts {
  const { started, account } = judged;
  return verdictsDocument.parse({
    schema: verdictsSchema,
    squall: started.squall,
    mode: started.mode,
    run: started.run,
    scenario: started.scenario,
    seed: started.seed,
    startedAt: started.startedAt,
    ...engineOf(account),
    durationMs: Math.round(account.endUs / 1000),
    failOn: judged.failOn,
    verdict: judged.verdict,
    exitCode: exitCodeOf(judged),
    checks: judged.checks,
    thresholds: judged.thresholds,
    notCovered: judged.notCovered,
    ...egressOf(account),
    gaps: account.gaps,
    replay: started.replay,
  });
}

function engineOf({ engine }: Judged["account"]): Pick<Verdicts, "engine"> {
  if (engine === undefined) return {};
  const { kind, version, says } = engine;
  return { engine: { kind, version, ...(says === undefined ? {} : { says }) } };
}

function egressOf({ egress }: Judged["account"]): Pick<Verdicts, "egress"> {
  if (egress === undefined) return {};
  const { unexpected, unexpectedMore } = egress;
  return { egress: { unexpected: [...unexpected], unexpectedMore } };
}

/** As a person reads it: `binary, Toxiproxy 2.12.0 (/usr/bin/toxiproxy-server)`. */
export function engineSaid({ kind, version, says }: NonNullable<Verdicts["engine"]>): string {
  return `${kind}, Toxiproxy ${version}${says === undefined ? "" : ` (${says})`}`;
}

function exitCodeOf({ verdict, account }: Judged): ExitCode {
  if (account.unhealed.length > 0) return exitCodes.unhealed;
  if (account.reason === "broken") return exitCodes.internal;
  if (account.reason === "unreachable") return exitCodes.unreachable;
  if (account.reason === "interrupted") return exitCodes.interrupted;
  if (account.reason === "terminated") return exitCodes.terminated;
  if (verdict === "fail") return exitCodes.failed;
  return verdict === "pass" ? exitCodes.passed : exitCodes.inconclusive;
}

/** Whether a signal ended the run, so that it did not come to its own end. */
export function wasInterrupted({ exitCode }: Pick<Verdicts, "exitCode">): boolean {
  return exitCode === exitCodes.interrupted || exitCode === exitCodes.terminated;
}

type Finding = Verdicts["checks"][number]["findings"][number];

/** What makes a check fail: its violations, or its weaknesses where it has none and weaknesses fail. */
export function failing(findings: readonly Finding[]): readonly Finding[] {
  const violations = findings.filter(({ grade }) => grade === "violation");
  return violations.length > 0 ? violations : findings.filter(({ grade }) => grade === "weakness");
}

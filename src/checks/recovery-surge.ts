/**
 * Whether the upstream gets more requests per op once the fault is over than it got in the baseline. Compared with
 * what an op costs that does ask its upstream, so that a cache that fills again is no surge.
 */
import type { JoinedExchange, OpRecord } from "../history/records.ts";
import type { Finding } from "./check.ts";
import { roleAt, type PhaseStart } from "./phase-roles.ts";
import { keepWitness, witnessOf, type Witness } from "./storm-witness.ts";

type Counts = { ops: number; asking: number; attempts: number; requests: number };

export interface Surge {
  readonly baseline: Counts;
  readonly recovery: Counts;
  /** The ops that asked most while it recovered. */
  readonly witnesses: Witness[];
}

const counts = (): Counts => ({ ops: 0, asking: 0, attempts: 0, requests: 0 });
export const emptySurge = (): Surge => ({ baseline: counts(), recovery: counts(), witnesses: [] });

const opsMin = 20;
const surges = 1.5;

/** Only requests that say for which op they are: what is joined by time alone hangs on how busy the server was. */
export function noteSurge(
  surge: Surge,
  record: OpRecord,
  exchanges: readonly JoinedExchange[],
  { ofOp, phases }: { readonly ofOp: string | undefined; readonly phases: readonly PhaseStart[] },
): void {
  const counted = countsOf(surge, ofOp);
  if (counted !== undefined && record.outcome !== "not-run") {
    counted.ops += 1;
    if (exchanges.length > 0) counted.asking += 1;
  }
  for (const { startedUs } of record.attempts) {
    const when = countsOf(surge, roleAt(phases, startedUs));
    if (when !== undefined) when.attempts += 1;
  }
  const late: string[] = [];
  for (const { id, startedUs, ops } of exchanges) {
    const when = countsOf(surge, roleAt(phases, startedUs));
    // A request for many ops is met in each of their records.
    if (when !== undefined) when.requests += 1 / ops.length;
    if (when === surge.recovery) late.push(id);
  }
  if (late.length > 0) keepWitness(surge.witnesses, { op: record.op, weight: late.length, events: late });
}

function countsOf(surge: Surge, role: string | undefined): Counts | undefined {
  return role === "baseline" || role === "recovery" ? surge[role] : undefined;
}

export function surgeFinding(server: string, { baseline, recovery, witnesses }: Surge): Finding | undefined {
  if (baseline.ops < opsMin || recovery.ops < opsMin || baseline.asking === 0) return undefined;
  const before = baseline.requests / baseline.asking;
  const after = recovery.requests / recovery.ops;
  if (after <= surges * before) return undefined;
  const agentsGrowth = recovery.attempts / recovery.ops / (baseline.attempts / baseline.ops);
  const blames = agentsGrowth >= after / before / agentsGrowth ? "agents" : "server";
  const whose = blames === "agents" ? "mostly by attempts of the agents" : "mostly of the server's own making";
  return {
    grade: "weakness",
    blames,
    says:
      `after the fault ${server} sent its upstream ${after.toFixed(2)} requests per op, ${before.toFixed(2)} before it: ` +
      `a surge at recovery, ${whose}`,
    why: "An upstream that has just come back gets more than it usually bears, and may go down again.",
    fix: "Drop what nobody waits for any more, spread repeats with jitter, and keep a budget of repeats.",
    witness: witnessOf(witnesses),
  };
}

/**
 * Whether many agents' first repeats came at the same moments. Told only of a sharp edge that hit many agents at once:
 * where failures are spread, repeats are too, and the index tells nothing.
 */
import { synchrony } from "../measure/synchrony.ts";
import { witnessesMax, type Blamed, type Finding } from "./check.ts";

export interface FirstRetry {
  readonly agent: string;
  readonly op: string;
  readonly event: string;
  readonly failedUs: number;
  readonly retriedUs: number;
}

/** By fault window, then by agent. */
export type FirstRetries = Map<string, Map<string, FirstRetry>>;

const agentsMin = 200;
const edgeUs = 100_000;
// Without jitter nearly all come in one bin; equal and full jitter spread them over many.
const crowdedShare = 0.25;

export function noteRetry(retries: FirstRetries, window: string, retry: FirstRetry): void {
  const byAgent = retries.get(window) ?? new Map<string, FirstRetry>();
  retries.set(window, byAgent);
  const known = byAgent.get(retry.agent);
  if (known === undefined || retry.failedUs < known.failedUs) byAgent.set(retry.agent, retry);
}

export function synchronyFinding(
  retries: FirstRetries,
  { blames, whose }: { readonly blames: Blamed; readonly whose: string },
): Finding | undefined {
  for (const byAgent of retries.values()) {
    const edge = sharpestEdge([...byAgent.values()]);
    const index = edge.length < agentsMin ? undefined : synchrony(edge.map(({ retriedUs }) => retriedUs));
    if (index === undefined || index <= edge.length * crowdedShare) continue;
    const shown = edge.slice(0, witnessesMax);
    return {
      grade: "weakness",
      blames,
      says:
        `after a failure that hit them within 100 ms, the first repeats for ${edge.length} agents came ${whose} ` +
        `all together (synchrony index ${index.toFixed(0)}; 1 where each waits for itself)`,
      why: "Repeats in step hit an upstream that comes back as one wave, again and again.",
      fix: "Add jitter to every wait: anything up to the wait itself (full jitter) spreads them best.",
      witness: { events: shown.map(({ event }) => event), ops: shown.map(({ op }) => op) },
    };
  }
  return undefined;
}

/** The most failures that lie within the width of an edge. */
function sharpestEdge(retries: readonly FirstRetry[]): readonly FirstRetry[] {
  const ordered = retries.toSorted((a, b) => a.failedUs - b.failedUs || (a.agent < b.agent ? -1 : 1));
  let best = { from: 0, to: 0 };
  let from = 0;
  for (const [index, { failedUs }] of ordered.entries()) {
    while ((ordered[from]?.failedUs ?? failedUs) < failedUs - edgeUs) from += 1;
    if (index + 1 - from > best.to - best.from) best = { from, to: index + 1 };
  }
  return ordered.slice(best.from, best.to);
}

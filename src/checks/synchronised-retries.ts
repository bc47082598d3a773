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

export interface FirstRetries {
  /** By fault window, then by agent. */
  readonly byWindow: Map<string, Map<string, FirstRetry>>;
  /** The first that came all together, of windows that are looked at already. */
  together: Together | undefined;
}

interface Together {
  readonly edge: readonly FirstRetry[];
  readonly index: number;
}

export const noRetries = (): FirstRetries => ({ byWindow: new Map(), together: undefined });

/** A flap has thousands; when so many have come after one, no more of its ops will. */
const windowsMax = 32;

const agentsMin = 200;
const edgeUs = 100_000;
// Without jitter nearly all come in one bin; equal and full jitter spread them over many.
const crowdedShare = 0.25;

export function noteRetry(retries: FirstRetries, window: string, retry: FirstRetry): void {
  const { byWindow } = retries;
  const byAgent = byWindow.get(window) ?? new Map<string, FirstRetry>();
  byWindow.set(window, byAgent);
  const [[oldest, done] = ["", undefined]] = byWindow.size > windowsMax ? byWindow : [];
  if (done !== undefined) {
    retries.together ??= togetherIn(done);
    byWindow.delete(oldest);
  }
  const known = byAgent.get(retry.agent);
  if (known === undefined || retry.failedUs < known.failedUs) byAgent.set(retry.agent, retry);
}

export function synchronyFinding(
  retries: FirstRetries,
  { blames, whose }: { readonly blames: Blamed; readonly whose: string },
): Finding | undefined {
  const together = firstTogether(retries);
  if (together === undefined) return undefined;
  const { edge, index } = together;
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

function firstTogether({ byWindow, together }: FirstRetries): Together | undefined {
  if (together !== undefined) return together;
  for (const byAgent of byWindow.values()) {
    const found = togetherIn(byAgent);
    if (found !== undefined) return found;
  }
  return undefined;
}

function togetherIn(byAgent: ReadonlyMap<string, FirstRetry>): Together | undefined {
  const edge = byAgent.size < agentsMin ? [] : sharpestEdge([...byAgent.values()]);
  const index = edge.length < agentsMin ? undefined : synchrony(edge.map(({ retriedUs }) => retriedUs));
  return index === undefined || index <= edge.length * crowdedShare ? undefined : { edge, index };
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

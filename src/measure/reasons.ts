/** Why ops were not run, and why ops were not tried again: reasons, each with how often it was told. */
import type { OpRecord } from "../history/records.ts";

export type Reasons = Map<string, number>;

// What a server tells its callers to do is part of a reason, so a server could make as many as it likes.
const reasonsMax = 20;
const otherReasons = "other reasons";

/** Undefined where an op was run, or where nothing is known of it but that its record broke off. */
export function notRunBecause({ outcome, ended }: Pick<OpRecord, "outcome" | "ended">): string | undefined {
  return outcome === "not-run" ? ended?.because : undefined;
}

export function addReason(reasons: Reasons, because: string | undefined, times = 1): void {
  if (because === undefined) return;
  const name = reasons.has(because) || reasons.size < reasonsMax ? because : otherReasons;
  reasons.set(name, (reasons.get(name) ?? 0) + times);
}

export function mergeReasons(into: Reasons, from: Reasons): void {
  for (const [because, times] of from) addReason(into, because, times);
}

/** The most frequent first. */
export function reasonsOf(reasons: Reasons): Readonly<Record<string, number>> {
  return Object.fromEntries([...reasons].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
}

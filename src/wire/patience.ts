/** When the wait for one answer ends: after its timeout, or where progress begins that anew, at the latest at its maximum. */

export interface Patience {
  readonly timeoutMs: number;
  /** Progress begins the timeout anew, but so long after the start it ends whatever comes. Absent: progress changes nothing. */
  readonly mostMs?: number | undefined;
}

/** After the start; `progressMs`: when progress came last, if it did. */
export function endsAfterMs({ timeoutMs, mostMs }: Patience, progressMs?: number): number {
  if (mostMs === undefined) return timeoutMs;
  return Math.min(mostMs, (progressMs ?? 0) + timeoutMs);
}

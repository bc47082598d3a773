/** Why a run ends that does not come to its own end. */
import { exitCodes, messageOf, UnhealedError, UserError } from "../errors.ts";
import type { RunEnded } from "../history/events.ts";

type StoppedBy = "interrupted" | "terminated";

/** Which signal ended the run, if any did. */
export function endOf({ stopping }: { readonly stopping: AbortSignal }): StoppedBy | undefined {
  if (!stopping.aborted) return undefined;
  return stopping.reason === "SIGTERM" ? "terminated" : "interrupted";
}

/** What an error means for the run: how it ended, and whether there is nothing to judge. */
export function endedBy(
  error: unknown,
  { signal, lostEngine }: { readonly signal: StoppedBy | undefined; readonly lostEngine: Error | undefined },
): { readonly ended: RunEnded; readonly isThrown: boolean } {
  const ended = (reason: RunEnded["reason"], says?: string): RunEnded => ({
    type: "run-ended",
    reason,
    ...(says === undefined ? {} : { says }),
  });
  if (error instanceof UnhealedError) return { ended: ended(signal ?? "broken", messageOf(error)), isThrown: true };
  // What a signal broke off fails with words of its own, which tell nothing more.
  if (signal !== undefined) return { ended: ended(signal), isThrown: false };
  // Whatever failed, failed because of it; what was seen until then is judged.
  if (lostEngine instanceof UserError) return { ended: ended("engine-lost", lostEngine.message), isThrown: false };
  return { ended: ended(brokenBy(error), messageOf(error)), isThrown: true };
}

function brokenBy(error: unknown): RunEnded["reason"] {
  return error instanceof UserError && error.exitCode === exitCodes.unreachable ? "unreachable" : "broken";
}

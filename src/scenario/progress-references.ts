/** What is wrong with a patience that progress begins anew: a maximum below the timeout, and nobody who asks for progress. */
import { patience } from "../agents/policy.ts";
import { profiles } from "../agents/profiles.ts";
import { formatDuration, parseDuration } from "../units.ts";
import type { Finding, Path } from "./mistakes.ts";
import type { SurveyedGroup } from "./survey.ts";

export function progressFindings({ policy, steps }: SurveyedGroup, at: Path): Finding[] {
  const most = durationIn(policy?.["resetOnProgress"]);
  if (policy === undefined || most === undefined) return [];
  const path = [...at, "resetOnProgress"];
  if (steps.length > 0 && steps.every(({ written }) => written["progress"] === false)) {
    const says = "waits for progress, and no step asks for it";
    return [{ path, atKey: true, says, hint: "leave progress: false out of a step, or this out of the policy" }];
  }
  const asking = steps.filter(({ written }) => written["progress"] !== false);
  const longest = Math.max(usualOf(policy), ...asking.flatMap(({ written }) => durationIn(written["timeout"]) ?? []));
  if (most > longest) return [];
  const says = `is no longer than a timeout of ${formatDuration(longest)}, so progress could never begin that anew`;
  return [{ path, says, hint: "say how long a call may take in all, or a shorter timeout" }];
}

/** The timeout of steps that have none of their own. */
function usualOf(policy: Readonly<Record<string, unknown>>): number {
  const named = Object.entries(profiles).find(([name]) => name === policy["profile"])?.[1];
  return durationIn(policy["timeout"]) ?? durationIn(named?.policy.timeout) ?? patience.timeout.parse(undefined);
}

function durationIn(value: unknown): number | undefined {
  return typeof value === "string" ? parseDuration(value) : undefined;
}

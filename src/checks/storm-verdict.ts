/** What a run's repeats are worth as a verdict: why they prove nothing, or how much they do. */
import type { Finding } from "./check.ts";
import { baselineMin, hitsMin, mean, requestsPerAttempt, type Storm, type Tally } from "./storm-tally.ts";

export interface Tool {
  readonly tool: string;
  readonly tally: Tally;
  /** Its requests name their op; else their time alone tells whose they are. */
  readonly named: boolean;
  readonly storm: Storm | undefined;
  /** What it asked for by path alone, where that may be a storm that hides behind other queries or bodies. */
  readonly unclear: Tally | undefined;
}

interface Seen {
  readonly control: boolean;
  /** Some upstream request was for a call of this run. */
  readonly joined: boolean;
}

export function doubtOf(
  { control, joined }: Seen,
  tools: readonly Tool[],
  findings: readonly Finding[],
): string | undefined {
  if (control && findings.some(({ grade }) => grade !== "info")) {
    return "requests were multiplied although nothing was broken";
  }
  const leftOut = tools.reduce((sum, { tally }) => sum + tally.leftOut, 0);
  const hint = "let the server pass on the traceparent that it gets";
  if (!joined && leftOut === 0) return `no upstream request could be joined to a call; ${hint}`;
  const exposed = tools.filter(({ tally }) => tally.exposed.attempts > 0);
  if (exposed.length === 0) {
    if (leftOut > 0) return `nobody can tell which upstream requests ${leftOut} calls made; ${hint}`;
    return control ? "nothing was called after the baseline" : "no call met the fault behind its server";
  }
  for (const { tool, tally, named, storm, unclear } of exposed) {
    const asked = tally.before.attempts;
    if (asked < baselineMin) {
      return `only ${asked} calls of ${tool} asked their upstream in the baseline; ${baselineMin} are needed`;
    }
    if (storm === "eager-perhaps") {
      const { attempts } = tally.hit;
      return `${tool} repeated without waiting, but only ${attempts} calls met the fault; ${hitsMin} are needed`;
    }
    if (!named && (storm === "eager" || storm === "endless")) {
      return `only their time tells which call the upstream requests of ${tool} were for; ${hint}`;
    }
    if (unclear !== undefined) {
      return (
        `${tool} asked one path ${mean(unclear.hit).toFixed(2)} times per call that failed upstream, ` +
        `${mean(unclear.before).toFixed(2)} before, with other queries or bodies: ` +
        "nobody can tell whether it repeated itself"
      );
    }
  }
  return undefined;
}

export function strengthOf({ control }: Seen, tools: readonly Tool[]): string {
  const sum = (of: (tally: Tally) => number): number => tools.reduce((total, { tally }) => total + of(tally), 0);
  const looked = sum(({ exposed }) => exposed.attempts);
  const now = sum(({ exposed }) => exposed.requests) / looked;
  // What the same calls would have cost in the baseline.
  const before = sum(
    ({ exposed, before }) => exposed.attempts * (exposed.attempts > 0 ? requestsPerAttempt(before) : 0),
  );
  const leftOut = sum((tally) => tally.leftOut);
  const aside = leftOut > 0 ? `; ${leftOut} left out, whose requests nobody can tell apart` : "";
  const calls = `${looked} ${control ? "" : "exposed "}${looked === 1 ? "call" : "calls"}`;
  const when = control ? "after the baseline" : "under the fault";
  return (
    `0 storms in ${calls}: ${now.toFixed(2)} upstream requests per call ${when}, ` +
    `${(before / looked).toFixed(2)} before${aside}`
  );
}

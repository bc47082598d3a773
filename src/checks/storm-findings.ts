/** A tool's repeats in words, graded, with what they come to from end to end. */
import { counted, formatDuration } from "../units.ts";
import type { Finding } from "./check.ts";
import {
  attemptsPerOp,
  hasteOf,
  hitsMin,
  mean,
  medianOf,
  requestsPerAttempt,
  type Storm,
  type Tally,
  type Tries,
} from "./storm-tally.ts";
import { examplesOf, witnessOf, type Witness } from "./storm-witness.ts";

const grades: Readonly<Record<Storm, Finding["grade"]>> = {
  endless: "violation",
  eager: "violation",
  "eager-perhaps": "weakness",
  often: "weakness",
  pressing: "weakness",
  "once-at-once": "weakness",
  once: "info",
  hedged: "info",
  resent: "info",
};

const did: Readonly<Record<Storm, string>> = {
  endless: "repeated a failed upstream request again and again",
  eager: "repeated failed upstream requests",
  "eager-perhaps": "repeated failed upstream requests",
  often: "repeated failed upstream requests several times",
  pressing: "sent upstream requests again and again while they were still unanswered",
  "once-at-once": "repeated a failed upstream request at once",
  once: "repeated a failed upstream request once, after a wait, which is accepted practice",
  hedged: "sent an upstream request once more while it was still unanswered",
  resent: "sent requests again that a dead connection had lost, as HTTP clients do",
};

const why =
  "When the upstream is weakest, each call costs it several, and every layer above multiplies that: 3 tries in each of " +
  "3 layers make 27 requests. It does not come back, or goes down again.";
const fix =
  "Repeat once or twice at most, with exponential back-off and jitter, wait as long as Retry-After says, keep a budget " +
  "of repeats (10 % of all requests, say), and let one layer repeat, not all.";

interface Stormy {
  readonly tool: string;
  readonly storm: Storm;
  readonly tally: Tally;
  readonly named: boolean;
}

export function stormFinding({ tool, storm, tally, named }: Stormy): Finding {
  const { before, hit } = tally;
  const grade = grades[storm];
  // What few calls did may be chance, and what only time joins may be somebody else's.
  const isDoubtful = hit.attempts < hitsMin || !named;
  const how = storm === "eager" || storm === "eager-perhaps" ? ` ${hasteOf(tally)}` : "";
  const source = named ? "" : ", as far as their time tells whose they are";
  const times = `${mean(hit).toFixed(2)} times per call that failed upstream, ${mean(before).toFixed(2)} before`;
  const details = storm === "resent" ? `${hit.resent} of them` : `the same request ${times} (${waysOf(tally)})`;
  const product = storm !== "resent" ? `; ${productOf(tally)}` : "";
  return {
    grade: isDoubtful && grade === "weakness" && storm !== "eager-perhaps" ? "info" : grade,
    blames: "server",
    says: `${tool} ${did[storm]}${how}${source}: ${details}${product}: ${examplesOf(hit.witnesses)}`,
    why,
    fix,
    witness: witnessOf(hit.witnesses),
  };
}

function waysOf({ hit }: Tally): string {
  const ways: string[] = [];
  if (hit.repeats > 0) {
    const medianMs = medianOf(...hit.waits);
    const wait = medianMs < 1 ? "under 1ms" : formatDuration(medianMs);
    ways.push(`${counted(hit.repeats, "repeat")}, median wait ${wait}`);
  }
  if (hit.late > 0) ways.push(`${hit.late} of them when their caller had gone`);
  if (hit.unanswered > 0) ways.push(`${hit.unanswered} sent while the one before was unanswered`);
  return ways.join(", ");
}

function productOf({ tries, before, hit }: Tally): string {
  const attempts = attemptsPerOp(tries.hit);
  const requests = requestsPerAttempt(hit);
  const usual = attemptsPerOp(tries.before) * requestsPerAttempt(before);
  return (
    `${attempts.toFixed(2)} attempts per op × ${requests.toFixed(2)} requests per attempt make ` +
    `${(attempts * requests).toFixed(2)} upstream requests per op, ${usual.toFixed(2)} before`
  );
}

/** What the agents added: their own policy, so never the server's fault. */
export function agentsFinding(about: {
  readonly group: string;
  readonly attemptsMax: number;
  readonly before: Tries;
  readonly hit: Tries;
  readonly witnesses: readonly Witness[];
}): Finding | undefined {
  const { group, attemptsMax, before, hit, witnesses } = about;
  if (attemptsPerOp(hit) <= attemptsPerOp(before) * 1.1) return undefined;
  return {
    grade: "info",
    blames: "agents",
    says:
      `the agents of ${group} tried an op that failed upstream ${attemptsPerOp(hit).toFixed(2)} times, ` +
      `${attemptsPerOp(before).toFixed(2)} before (their policy allows ${attemptsMax}): ${examplesOf(witnesses)}`,
    why: "What agents repeat multiplies what the server repeats.",
    fix: "Let only one layer repeat; bound the agents' part with a threshold on amplification.",
    witness: witnessOf(witnesses),
  };
}

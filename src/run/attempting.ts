/**
 * The attempts of one op, as its agent's policy has them: whether each may be sent, what follows from what it came to,
 * and those that are sent beside one that takes long.
 */
import { decide, type Hedge, type Seen } from "../agents/policy.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import type { Answer } from "../wire/session.ts";
import type { Random, World } from "../world.ts";
import type { AgentPolicy, Called, LetThrough } from "./agent-policy.ts";

export interface Sending {
  /** From 1. */
  readonly attempt: number;
  readonly leftMs: number;
  readonly hedged: boolean;
  /** Aborts when another attempt was answered first. */
  readonly outrun?: AbortSignal;
}

export interface Attempting {
  readonly policy: AgentPolicy;
  readonly called: Called;
  readonly isSafe: boolean;
  readonly random: Random;
  readonly world: World;
  readonly nowMs: () => number;
  /** Of the budget; infinite where there is none. */
  readonly leftMs: () => number;
  readonly stopping: AbortSignal;
  readonly send: (sending: Sending) => Promise<Answer>;
  /** What was in its way is mended, so it is sent again whatever the policy says. */
  readonly goesAgain?: (answer: Answer) => Promise<boolean>;
}

export interface Tried {
  readonly attempts: readonly Answer[];
  /** Only the end of the run kept its policy from going on. */
  readonly isCutShort: boolean;
  /** Why its policy did not go on: of an op without attempts, why it was not run. */
  readonly heldBack?: string | undefined;
  /** An earlier answer of the tool, for later steps to go on with. */
  readonly fallback?: { readonly result: unknown };
  readonly endsChain?: boolean | undefined;
}

/** Less than this is no budget for a call. */
export const leastMs = 1;

export async function attemptAsPolicySays(about: Attempting): Promise<Tried> {
  const { policy, called, world, stopping } = about;
  const { lastAnswers } = policy;
  const tool = `${called.server}.${called.tool}`;
  const round: Round = { about, attempts: [], seen: [] };
  const { attempts, seen } = round;
  let waitedMs = 0;
  let isFirst = true;
  for (;;) {
    if (about.leftMs() < leastMs && attempts.length > 0) return { attempts, isCutShort: false };
    const last = seen.at(-1);
    const asking = { ...common(about), isFirst, last };
    const admitted = policy.admit(called, asking, stopping);
    const passage = admitted instanceof Promise ? await admitted : admitted;
    if (passage.is === "held") {
      const fallback = passage.fallsBack && attempts.length === 0 && lastAnswers?.has(tool) === true;
      return {
        attempts,
        isCutShort: stopping.aborted,
        heldBack: passage.because,
        ...(fallback ? { fallback: { result: lastAnswers.get(tool) } } : {}),
      };
    }
    const won = await tryOnce(round, passage);
    if (won !== undefined) {
      lastAnswers?.set(tool, won.result);
      return { attempts, isCutShort: false };
    }
    const answer = attempts.at(-1);
    if (answer !== undefined && (await about.goesAgain?.(answer)) === true) {
      seen.pop();
      continue;
    }
    isFirst = false;
    const [first, ...rest] = seen;
    if (first === undefined) return { attempts, isCutShort: true };
    const decision = decide(policy.policy, [first, ...rest], { random: about.random, waitedMs, isSafe: about.isSafe });
    if (decision.do === "stop") {
      const { because: heldBack, endsChain } = decision;
      return { attempts, isCutShort: false, heldBack, endsChain };
    }
    if (stopping.aborted) return { attempts, isCutShort: true };
    waitedMs = decision.afterMs;
    if (waitedMs > 0 && !(await world.sleep(waitedMs, stopping))) return { attempts, isCutShort: true };
  }
}

function common({ random, leftMs }: Attempting) {
  return { random, leftMs: leftMs() };
}

/** What was sent for the op so far, hedges included, in the order in which it came back. */
interface Round {
  readonly about: Attempting;
  readonly attempts: Answer[];
  readonly seen: Seen[];
}

/** One attempt, and where the policy says so others beside it. Answers the first that is ok. */
function tryOnce(round: Round, passage: LetThrough): Promise<Answer | undefined> {
  const { policy, isSafe } = round.about;
  const { hedge } = policy.policy;
  return hedge === undefined || (hedge.onlySafe && !isSafe)
    ? sendOne(round, passage, { attempt: round.attempts.length + 1, hedged: false })
    : race(round, passage, hedge);
}

function sendOne(
  { about, attempts, seen }: Round,
  passage: LetThrough,
  sending: Omit<Sending, "leftMs">,
): Promise<Answer | undefined> {
  const fromMs = about.nowMs();
  return about.send({ ...sending, leftMs: about.leftMs() }).then((answer) => {
    const nowMs = about.nowMs();
    const came = seenIn(answer, nowMs - fromMs);
    passage.settle(nowMs, came);
    attempts.push(answer);
    seen.push(came);
    return answer.outcome === "ok" ? answer : undefined;
  });
}

interface Race {
  readonly round: Round;
  readonly over: AbortController;
  readonly underWay: Set<Promise<Answer | undefined>>;
  readonly before: number;
  sent: number;
  won: Answer | undefined;
}

async function race(round: Round, first: LetThrough, { afterMs, most }: Hedge): Promise<Answer | undefined> {
  const { about } = round;
  const before = round.attempts.length;
  const running: Race = { round, over: new AbortController(), underWay: new Set(), before, sent: 0, won: undefined };
  launch(running, first);
  let mayHedge = true;
  while (running.won === undefined && running.underWay.size > 0) {
    mayHedge &&= running.sent <= most && about.leftMs() >= leastMs && !about.stopping.aborted;
    if (!mayHedge) await Promise.race(running.underWay);
    else if (await noneCameWithin(running, afterMs)) mayHedge = await sendBeside(running);
  }
  running.over.abort();
  await Promise.all(running.underWay);
  return running.won;
}

function launch(running: Race, passage: LetThrough): void {
  running.sent += 1;
  const { sent, before, over, round, underWay } = running;
  const one = sendOne(round, passage, { attempt: before + sent, hedged: sent > 1, outrun: over.signal }).then(
    (answer) => {
      underWay.delete(one);
      running.won ??= answer;
      return answer;
    },
  );
  underWay.add(one);
}

async function noneCameWithin({ round, underWay }: Race, ms: number): Promise<boolean> {
  const { world, stopping } = round.about;
  const came = new AbortController();
  const isLate = await Promise.race([
    world.sleep(ms, AbortSignal.any([came.signal, stopping])),
    ...[...underWay].map((one) => one.then(() => false)),
  ]);
  came.abort();
  return isLate;
}

/** A hedge is a repeat to whoever guards, and costs what a repeat costs. False where there shall be no more. */
async function sendBeside(running: Race): Promise<boolean> {
  const { about } = running.round;
  const { policy, called, stopping } = about;
  const passage = await policy.admit(called, { ...common(about), isFirst: false }, stopping);
  if (passage.is === "held") return false;
  if (running.won === undefined) launch(running, passage);
  else passage.settle(about.nowMs());
  return true;
}

function seenIn(answer: Answer, tookMs: number): Seen {
  const { class: is, outcome, retryAfterMs, status, retryable, suggestedAction } = answer;
  const { rung } = outcomeClasses[is];
  return { class: is, rung, outcome, tookMs, retryAfterMs, status, retryable, suggestedAction };
}

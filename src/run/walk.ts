/**
 * One walk of one agent through its chain, in the order that course.ts follows: each step an op, each op its attempts.
 * What an op lacks (input, budget, time) makes it not-run with its reason, never a silent skip.
 */
import type { OpEnded, Recorder } from "../history/events.ts";
import { opId, type OpCoordinates, type Tracer } from "../history/ids.ts";
import { opOutcome, type OpOutcome } from "../history/outcomes.ts";
import { argsShapeOf } from "../history/shape.ts";
import type { ScenarioGroup, ScenarioStep } from "../scenario/resolve.ts";
import { askedIn } from "./asked.ts";
import { render, type Rendered } from "../scenario/template.ts";
import { stepKindNamed } from "../steps/registry.ts";
import type { Answer } from "../wire/session.ts";
import type { Random, World } from "../world.ts";
import type { AgentPolicy } from "./agent-policy.ts";
import { attemptOp, type Input } from "./attempt-op.ts";
import { attemptAsPolicySays, leastMs, type Tried } from "./attempting.ts";
import { within } from "./churning.ts";
import { openRelisting } from "./listed-calls.ts";
import { followCourse } from "./course.ts";
import type { OpWatch } from "./op-news.ts";
import { stepDeadlineUs, type UsualTimes } from "./step-deadline.ts";
import type { AgentSessions } from "./sessions.ts";

export interface WalkContext {
  readonly world: World;
  readonly recorder: Recorder;
  readonly tracer: Tracer;
  readonly nonce: string;
  readonly seed: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The phase that a moment of the plan belongs to. */
  readonly phaseAt: (intendedUs: number) => string;
  /** No op begins any more. */
  readonly stopping: AbortSignal;
  /** No answer is awaited any more. */
  readonly cutOff: AbortSignal;
  readonly watch: OpWatch;
}

export interface Walk {
  readonly group: ScenarioGroup;
  readonly policy: AgentPolicy;
  /** Shared by the agents of a group. */
  readonly usual?: UsualTimes | undefined;
  readonly sessions: AgentSessions;
  readonly agent: number;
  readonly walk: number;
  readonly intendedUs: number;
  /** What this agent's steps saved last, over all its walks. */
  readonly cache?: Map<string, unknown> | undefined;
  /** Why nothing of it is run any more. */
  readonly over?: { because?: string };
}

export function walkChain(context: WalkContext, walk: Walk): Promise<void> {
  return within("walk", walk.sessions, (sessions) => {
    const walking: Walk = { ...walk, sessions, over: {} };
    return followCourse(context, walking, (op) => runOp(context, withinItsShare(context, op)));
  });
}

export interface Op {
  readonly walk: Walk;
  readonly step: ScenarioStep;
  readonly at: OpCoordinates;
  readonly saved: ReadonlyMap<string, unknown>;
  readonly random: Random;
  readonly deadlineUs: number;
  readonly intendedUs: number;
  /** When the op before it was meant to start. What cannot be run lacks since then what that one did not give or leave. */
  readonly lackingSinceUs: number;
  /** How its agent goes on if it is not ok; undefined where it has nothing to go on with. */
  readonly standIn?: (() => OpEnded["degraded"]) | undefined;
}

export interface Ran {
  /** Of an op that was ok, for the steps behind it. */
  readonly result?: unknown;
  readonly degraded?: OpEnded["degraded"];
  /** The start that it counts from. */
  readonly intendedUs: number;
}

async function runOp(context: WalkContext, op: Op): Promise<Ran> {
  const { recorder, nonce } = context;
  const { step, at } = op;
  const id = opId(nonce, at);
  const scope = {
    op: id,
    agent: `${at.group}.${at.agent}`,
    group: at.group,
    walk: at.walk,
    saved: op.saved,
    env: context.env,
    random: op.random,
  };
  const args = render(step.args, scope);
  const echo = step.echo === undefined ? undefined : render(step.echo, scope);
  const answers = step.answers === undefined ? undefined : render(step.answers, scope);
  const knows = step.knows === undefined ? undefined : render(step.knows, scope);
  const input = inputOf(context, op, { args, others: [answers, knows] });
  const intendedUs = Math.round("lack" in input ? op.lackingSinceUs : op.intendedUs);
  const phase = context.phaseAt(intendedUs);
  const { atUs: begunUs } = recorder.record({
    type: "op-started",
    op: id,
    group: at.group,
    agent: at.agent,
    walk: at.walk,
    step: at.step,
    server: step.server,
    tool: step.tool,
    kind: step.kind,
    phase,
    intendedUs,
    argsShape: args.ok ? (step.argsShape ?? shapeOfArgs(args)) : "",
    effect: step.effect,
    insteadOf: step.insteadOf,
    asked: args.ok ? askedIn(op.walk.group, step.effect, { args: args.value, salt: nonce }) : undefined,
  });
  const place = { group: at.group, step: at.step, phase };
  context.watch.begun(place, begunUs);
  const end = (outcome: OpOutcome, how: Omit<OpEnded, "type" | "op" | "outcome">): Ran => {
    const degraded = outcome === "ok" || context.stopping.aborted ? undefined : op.standIn?.();
    const ended = { type: "op-ended", op: id, outcome, ...how } as const;
    const { atUs } = recorder.record(degraded === undefined ? ended : { ...ended, degraded });
    context.watch.ended(place, { outcome, atUs, tookUs: atUs - intendedUs });
    return { intendedUs, degraded };
  };
  if ("lack" in input) return end("not-run", { because: input.lack });
  const tried = await tryOp(context, op, {
    id,
    args: input.args,
    echo: echo?.ok === true ? echo.value : undefined,
    answers: answers?.ok === true ? answers.value : undefined,
    knows: knows?.ok === true ? knows.value : undefined,
  });
  const ran = end(opOutcome(tried.attempts), howItEnded(tried));
  const ok = tried.attempts.find((attempt) => attempt.outcome === "ok");
  if (ok !== undefined) op.walk.usual?.note(step, { phase, tookMs: (recorder.nowUs() - begunUs) / 1000 });
  if (tried.endsChain === true && op.walk.over !== undefined) {
    op.walk.over.because = `the chain was ended: ${tried.heldBack ?? ""}`;
  }
  return { intendedUs: ran.intendedUs, degraded: ran.degraded, result: (ok ?? tried.fallback)?.result };
}

/** Where the policy shares out the budget, a step has no more than its part. */
function withinItsShare({ recorder }: WalkContext, op: Op): Op {
  const { walk, at } = op;
  const deadlineUs = stepDeadlineUs(walk, { step: at.step, deadlineUs: op.deadlineUs, nowUs: recorder.nowUs() });
  return deadlineUs === op.deadlineUs ? op : { ...op, deadlineUs };
}

function howItEnded({ attempts, isCutShort, heldBack, fallback }: Tried): Pick<OpEnded, "because" | "heldBack"> {
  if (heldBack === undefined && !isCutShort && fallback === undefined) return {};
  const why = heldBack === undefined ? {} : attempts.length === 0 ? { because: heldBack } : { heldBack };
  return { ...why, ...(isCutShort ? { cutShort: true } : {}), ...(fallback === undefined ? {} : { fallback: true }) };
}

const plainShapes = new WeakMap<object, string>();

function shapeOfArgs({ value, isPlain }: { readonly value: Input["args"]; readonly isPlain: boolean }): string {
  const known = isPlain ? plainShapes.get(value) : undefined;
  if (known !== undefined) return known;
  const shape = argsShapeOf(value);
  if (isPlain) plainShapes.set(value, shape);
  return shape;
}

function leftMsOf({ recorder }: WalkContext, { deadlineUs }: Op): number {
  return deadlineUs === Number.POSITIVE_INFINITY ? deadlineUs : (deadlineUs - recorder.nowUs()) / 1000;
}

/** What an op is run with, or why it cannot be. */
function inputOf(
  context: WalkContext,
  op: Op,
  {
    args,
    others,
  }: { readonly args: Rendered<Input["args"]>; readonly others: readonly (Rendered<object> | undefined)[] },
): Pick<Input, "args"> | { readonly lack: string } {
  const { because: overBecause } = op.walk.over ?? {};
  if (overBecause !== undefined) return { lack: overBecause };
  if (!args.ok) return { lack: `no input: ${args.missing.join(", ")}` };
  for (const other of others) if (other?.ok === false) return { lack: `no input: ${other.missing.join(", ")}` };
  return leftMsOf(context, op) < leastMs ? { lack: "no budget" } : { args: args.value };
}

function tryOp(context: WalkContext, op: Op, input: Input): Promise<Tried> {
  const { walk, step } = op;
  const renewing = openRenewing(context, op);
  const { timeoutMs = walk.group.policy.timeoutMs } = step;
  const leftNowMs = (): number => leftMsOf(context, op);
  const relisting = openRelisting(walk.sessions, step, { input, timeoutMs: () => Math.min(timeoutMs, leftNowMs()) });
  let requests = 0;
  const nextNumber = (): number => {
    requests += 1;
    return requests;
  };
  return attemptAsPolicySays({
    policy: walk.policy,
    called: step,
    isSafe: stepKindNamed(step.kind).callsTool !== true || (walk.sessions.isSafe?.(step.server, step.tool) ?? false),
    random: op.random,
    world: context.world,
    nowMs: () => context.recorder.nowUs() / 1000,
    leftMs: leftNowMs,
    stopping: context.stopping,
    send: (sending) => {
      renewing?.shows();
      return within("call", walk.sessions, (sessions) =>
        attemptOp(context, op, { input, sending, sessions, nextNumber, leftNowMs }),
      );
    },
    goesAgain: async (answer) =>
      (await renewing?.goesAgain(answer)) === true ||
      (!context.stopping.aborted && (await relisting?.(answer)) === true),
  });
}

/** A token that is refused is renewed as clients do, once an op and whatever their policy. */
function openRenewing(context: WalkContext, op: Op) {
  const renewal = op.walk.sessions.renewal?.(op.step.server);
  if (renewal === undefined) return undefined;
  let shown = 0;
  let isRenewed = false;
  return {
    shows: () => {
      shown = renewal.number();
    },
    goesAgain: async (answer: Answer): Promise<boolean> => {
      // A server that refuses a new token as well will refuse the next.
      if (answer.status !== 401 || isRenewed || context.stopping.aborted) return false;
      isRenewed = true;
      return renewedWithin(context, renewal.renew(shown), leftMsOf(context, op));
    },
  };
}

// No agent waits longer for a token, whatever its budget.
const renewalMaxMs = 10_000;

async function renewedWithin(
  { world, cutOff }: WalkContext,
  renewing: Promise<boolean>,
  leftMs: number,
): Promise<boolean> {
  const waited = new AbortController();
  const late = world
    .sleep(Math.max(0, Math.min(leftMs, renewalMaxMs)), AbortSignal.any([waited.signal, cutOff]))
    .then(() => false);
  const isRenewed = await Promise.race([renewing, late]);
  waited.abort();
  return isRenewed;
}

/**
 * One walk of one agent through its chain: each step an op, each op its attempts. Data flows from step to step; what
 * an op lacks (input, budget, time) makes it not-run with its reason, never a silent skip.
 */
import type { OpEnded, Recorder } from "../history/events.ts";
import { opId, type OpCoordinates, type Tracer } from "../history/ids.ts";
import { opOutcome, type OpOutcome } from "../history/outcomes.ts";
import { argsShapeOf } from "../history/shape.ts";
import type { ScenarioGroup, ScenarioStep } from "../scenario/resolve.ts";
import { askedIn } from "./asked.ts";
import { render, saveFrom } from "../scenario/template.ts";
import { callTool } from "../wire/requests.ts";
import type { Answer } from "../wire/session.ts";
import { seededRandom, type Random, type World } from "../world.ts";
import type { AgentPolicy } from "./agent-policy.ts";
import { attemptAsPolicySays, leastMs, type Sending, type Tried } from "./attempting.ts";
import { within } from "./churning.ts";
import { freshKey } from "./fresh-key.ts";
import type { OpWatch } from "./op-news.ts";
import { stepDeadlineUs, type UsualTimes } from "./step-deadline.ts";
import type { AgentSessions, MaybeSession } from "./sessions.ts";

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
  readonly usual?: UsualTimes;
  readonly sessions: AgentSessions;
  readonly agent: number;
  readonly walk: number;
  readonly intendedUs: number;
}

export function walkChain(context: WalkContext, walk: Walk): Promise<void> {
  return within("walk", walk.sessions, (sessions) => walkSteps(context, { ...walk, sessions }));
}

async function walkSteps(context: WalkContext, walk: Walk): Promise<void> {
  const { group, agent } = walk;
  const saved = new Map<string, unknown>();
  const random = seededRandom(context.seed, "walk", group.name, agent, walk.walk);
  const deadlineUs = group.budgetMs === undefined ? Number.POSITIVE_INFINITY : walk.intendedUs + group.budgetMs * 1000;
  let intendedUs = walk.intendedUs;
  let lackingSinceUs = walk.intendedUs;
  let overBecause: string | undefined;
  for (const [index, step] of group.steps.entries()) {
    if (context.stopping.aborted) return;
    const at: OpCoordinates = { group: group.name, agent, walk: walk.walk, step: index };
    const untilUs = stepDeadlineUs(walk, { step: index, deadlineUs, nowUs: context.recorder.nowUs() });
    const times = { deadlineUs: untilUs, intendedUs, lackingSinceUs };
    const op = await runOp(context, { walk, step, at, saved, random, ...times, ...(overBecause && { overBecause }) });
    overBecause ??= op.endsChain;
    for (const { name, path } of step.save) {
      const value = op.result === undefined ? undefined : saveFrom(op.result, path);
      if (value !== undefined) saved.set(name, value);
    }
    lackingSinceUs = op.intendedUs;
    intendedUs = context.recorder.nowUs();
  }
}

interface Op {
  readonly walk: Walk;
  readonly step: ScenarioStep;
  readonly at: OpCoordinates;
  readonly saved: ReadonlyMap<string, unknown>;
  readonly random: Random;
  readonly deadlineUs: number;
  readonly intendedUs: number;
  /** When the op before it was meant to start. What cannot be run lacks since then what that one did not give or leave. */
  readonly lackingSinceUs: number;
  /** Why nothing of the chain is run any more. */
  readonly overBecause?: string;
}

interface Ran {
  /** For the steps behind it. */
  readonly result?: unknown;
  /** The start that the op counts from. */
  readonly intendedUs: number;
  /** Why nothing behind it shall be run. */
  readonly endsChain?: string;
}

async function runOp(context: WalkContext, op: Op): Promise<Ran> {
  const { recorder, nonce } = context;
  const { step, at } = op;
  const id = opId(nonce, at);
  const args = render(step.args, {
    op: id,
    agent: `${at.group}.${at.agent}`,
    group: at.group,
    walk: at.walk,
    saved: op.saved,
    env: context.env,
    random: op.random,
  });
  const input = inputOf(context, op, args);
  const intendedUs = Math.round("lack" in input ? op.lackingSinceUs : op.intendedUs);
  const phase = context.phaseAt(intendedUs);
  const { atUs: begunUs } = recorder.record({
    type: "op-started",
    op: id,
    ...at,
    server: step.server,
    tool: step.tool,
    phase,
    intendedUs,
    argsShape: args.ok ? shapeOfArgs(args) : "",
    ...(step.effect === undefined ? {} : { effect: step.effect }),
    ...(args.ok ? askedIn(op.walk.group, step.effect, { args: args.value, salt: nonce }) : {}),
  });
  const place = { group: at.group, step: at.step, phase };
  context.watch.begun(place, begunUs);
  const end = (outcome: OpOutcome, how: Omit<OpEnded, "type" | "op" | "outcome">): void => {
    const { atUs } = recorder.record({ type: "op-ended", op: id, outcome, ...how });
    context.watch.ended(place, { outcome, atUs, tookUs: atUs - intendedUs });
  };
  if ("lack" in input) {
    end("not-run", { because: input.lack });
    return { intendedUs };
  }
  const tried = await tryOp(context, op, { id, ...input });
  const outcome = opOutcome(tried.attempts);
  end(outcome, howItEnded(tried));
  const ok = tried.attempts.find((attempt) => attempt.outcome === "ok");
  if (ok !== undefined) op.walk.usual?.note(step, { phase, tookMs: (recorder.nowUs() - begunUs) / 1000 });
  return {
    intendedUs,
    result: (ok ?? tried.fallback)?.result,
    ...(tried.endsChain === true ? { endsChain: `the chain was ended: ${tried.heldBack ?? ""}` } : {}),
  };
}

function howItEnded({ attempts, isCutShort, heldBack, fallback }: Tried): Pick<OpEnded, "because" | "heldBack"> {
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
  args: ReturnType<typeof render<Input["args"]>>,
): Pick<Input, "args"> | { readonly lack: string } {
  if (op.overBecause !== undefined) return { lack: op.overBecause };
  if (!args.ok) return { lack: `no input: ${args.missing.join(", ")}` };
  return leftMsOf(context, op) < leastMs ? { lack: "no budget" } : { args: args.value };
}

interface Input {
  /** Of the op. */
  readonly id: string;
  readonly args: Readonly<Record<string, unknown>>;
}

function tryOp(context: WalkContext, op: Op, input: Input): Promise<Tried> {
  const { walk, step } = op;
  const renewing = openRenewing(context, op);
  return attemptAsPolicySays({
    policy: walk.policy,
    called: step,
    isSafe: walk.sessions.isSafe?.(step.server, step.tool) ?? false,
    random: op.random,
    world: context.world,
    nowMs: () => context.recorder.nowUs() / 1000,
    leftMs: () => leftMsOf(context, op),
    stopping: context.stopping,
    send: (sending) => {
      renewing?.shows();
      return within("call", walk.sessions, (sessions) => attemptOp(context, op, { ...input, ...sending, sessions }));
    },
    ...(renewing === undefined ? {} : { goesAgain: renewing.goesAgain }),
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

async function attemptOp(
  context: WalkContext,
  { walk, step, at }: Op,
  { id, args, attempt, leftMs, hedged, outrun, sessions }: Input & Sending & Pick<Walk, "sessions">,
): Promise<Answer> {
  const { recorder, tracer } = context;
  const startedUs = recorder.nowUs();
  const { policy } = walk.group;
  const timeoutMs = Math.min(step.timeoutMs ?? policy.timeoutMs, leftMs);
  const opened = sessions.open(step.server);
  const signal = outrun === undefined ? context.cutOff : AbortSignal.any([context.cutOff, outrun]);
  const session = opened instanceof Promise ? await openedWithin(context, opened, { timeoutMs, signal }) : opened;
  const came: Answer =
    "failed" in session
      ? { class: "no-session", outcome: "failed", says: session.failed }
      : await session.call({
          ...callTool(step.tool, walk.policy.policy.freshKeys ? freshKey(args, id, attempt) : args),
          meta: { traceparent: tracer.traceparent(at, attempt), "squall/op": id },
          timeoutMs,
          onTimeout: policy.onTimeout,
          signal,
          onLate: (late) => recorder.record({ type: "late-answer", op: id, attempt, ...late }),
        });
  const isOutrun = outrun?.aborted === true && (came.class === "stopped" || came.class === "no-session");
  const answer: Answer = isOutrun ? { ...came, class: "outrun", outcome: "unknown" } : came;
  const { result: _, ...seen } = answer;
  recorder.record({ type: "attempt", op: id, attempt, startedUs, ...(hedged ? { hedged } : {}), ...seen });
  context.watch.attempted(seen.class);
  return answer;
}

/** Where a session must be opened anew, the agent waits no longer than it would for the call. */
async function openedWithin(
  { world }: WalkContext,
  opening: Promise<MaybeSession>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<MaybeSession> {
  const waited = new AbortController();
  const giveUp = async (): Promise<MaybeSession> => {
    await world.sleep(timeoutMs, AbortSignal.any([waited.signal, signal]));
    return { failed: "no session was opened in time" };
  };
  const session = await Promise.race([opening, giveUp()]);
  waited.abort();
  return session;
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

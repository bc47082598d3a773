/**
 * One attempt at an op: its session, its request, and where the answer is not the last word the requests that go on from
 * it. Each request is an attempt of the history; what its server asks back meanwhile is kept beside it.
 */
import type { Attempt } from "../history/events.ts";
import { progressToken } from "../history/progress.ts";
import type { Came, Manner } from "../steps/kinds.ts";
import { stepKindNamed } from "../steps/registry.ts";
import type { AskedBack, Answers } from "../wire/asked-back.ts";
import type { Answer } from "../wire/session.ts";
import { leastMs, type Sending } from "./attempting.ts";
import { straysIn } from "./echo.ts";
import { freshKey } from "./fresh-key.ts";
import { callAsListed, wantedCall } from "./listed-calls.ts";
import { recordListing } from "./seen-listings.ts";
import type { MaybeSession } from "./sessions.ts";
import type { Op, Walk, WalkContext } from "./walk.ts";

export interface Input {
  /** Of the op. */
  readonly id: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** What it gives as well where its tool is listed with it. */
  readonly knows?: Readonly<Record<string, unknown>> | undefined;
  /** What its answer must hold, by JSONPath. */
  readonly echo?: Readonly<Record<string, unknown>> | undefined;
  /** What its server gets to hear that asks something back. */
  readonly answers?: Answers | undefined;
}

export interface AttemptedOp extends Pick<Walk, "sessions"> {
  readonly input: Input;
  readonly sending: Sending;
  /** Of the requests for this op, from 1. */
  readonly nextNumber: () => number;
  /** Of the budget, at any moment. */
  readonly leftNowMs: () => number;
}

export async function attemptOp(context: WalkContext, op: Op, sent: AttemptedOp): Promise<Answer> {
  const { recorder, tracer, watch } = context;
  const { walk, step } = op;
  const { sessions } = sent;
  const { id, args, echo, knows } = sent.input;
  const { attempt, hedged, outrun } = sent.sending;
  const request = openRequests(context, op, sent);
  const { signal } = request.manner;
  const opened = sessions.open(step.server);
  const { timeoutMs } = request.manner;
  const session = opened instanceof Promise ? await openedWithin(context, opened, { timeoutMs, signal }) : opened;
  const own = walk.policy.policy.freshKeys ? freshKey(args, id, attempt) : args;
  const wanted = wantedCall(step, own, knows);
  const listed = "failed" in session ? wanted : callAsListed(sessions, session, { call: wanted, step, timeoutMs });
  const call = listed instanceof Promise ? await listed : listed;
  const came: Came =
    "failed" in session
      ? { class: "no-session", outcome: "failed", says: session.failed }
      : call === undefined
        ? { class: "not-listed", outcome: "failed", says: `${step.server} lists no tool ${step.tool}` }
        : await stepKindNamed(step.kind).ask(session, {
            tool: call.tool,
            args: call.args,
            nowUs: recorder.nowUs,
            world: context.world,
            leftMs: sent.leftNowMs,
            settings: step.settings,
            sessionNow: async () => {
              const again = await sessions.open(step.server);
              return "failed" in again ? undefined : again;
            },
            manner: request.manner,
            goOn: request.goOn,
          });
  const isOutrun = outrun?.aborted === true && (came.class === "stopped" || came.class === "no-session");
  const answer: Came = isOutrun ? { ...came, class: "outrun", outcome: "unknown" } : came;
  const { listing } = answer;
  const isCompared = echo !== undefined && answer.outcome === "ok";
  if (listing !== undefined) recordListing(recorder, { op: id, server: step.server, method: step.tool, listing });
  request.record(answer, {
    hedged: hedged ? true : undefined,
    calledAs: call === undefined || call.tool === step.tool ? undefined : call.tool,
    strays: isCompared ? straysIn(answer.result, { op: id, expected: echo, tracer }) : undefined,
  });
  watch.attempted(answer.class);
  return answer;
}

/** The requests of one attempt, one after another. */
function openRequests(context: WalkContext, op: Op, { input, sending, nextNumber, leftNowMs }: AttemptedOp) {
  const { recorder } = context;
  const { group } = op.walk;
  const { id, answers = noAnswers } = input;
  const { leftMs, outrun } = sending;
  const signal = outrun === undefined ? context.cutOff : AbortSignal.any([context.cutOff, outrun]);
  let number = nextNumber();
  let startedUs = recorder.nowUs();

  const mannerWithin = (mostMs: number): Manner => {
    const attempt = number;
    const { progressMostMs = 0 } = group.policy;
    const asks = op.step.progress === true;
    return {
      meta: {
        traceparent: context.tracer.traceparent(op.at, attempt),
        "squall/op": id,
        progressToken: asks ? progressToken(id, attempt) : undefined,
      },
      timeoutMs: Math.min(op.step.timeoutMs ?? group.policy.timeoutMs, mostMs),
      resetOnProgress: asks && progressMostMs > 0 ? { mostMs: Math.min(progressMostMs, mostMs) } : undefined,
      onTimeout: group.policy.onTimeout,
      signal,
      onLate: (late) => recorder.record({ type: "late-answer", op: id, attempt, ...late }),
      answering: {
        answers,
        onAsked: (asked) => recordAsked(context, op, { ...asked, id, attempt }),
      },
    };
  };
  const record = (came: Came, marks: Pick<Attempt, "hedged" | "calledAs" | "strays" | "goesOn">): void => {
    recorder.record({ type: "attempt", op: id, attempt: number, startedUs, ...came, ...neverKept, ...marks });
  };
  const goOn = (answer: Answer): Manner | undefined => {
    if (leftNowMs() < leastMs || context.stopping.aborted || signal.aborted) return undefined;
    record(answer, { goesOn: true });
    number = nextNumber();
    startedUs = recorder.nowUs();
    return mannerWithin(leftNowMs());
  };
  return { manner: mannerWithin(leftMs), record, goOn };
}

const noAnswers: Answers = {};

/** What is no part of a history: it may be large, and hold anything. */
const neverKept = { result: undefined, listing: undefined };

function recordAsked(
  { recorder }: WalkContext,
  { at, step }: Op,
  { isShared, id, attempt, ...asked }: AskedBack & { readonly id: string; readonly attempt: number },
): void {
  const whose = isShared === true ? {} : { op: id, attempt };
  recorder.record({ type: "server-asked", group: at.group, agent: at.agent, server: step.server, ...asked, ...whose });
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

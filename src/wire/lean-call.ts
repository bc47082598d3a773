/**
 * One request of an agent on the lean wire: the wait for its answer, what is done when the patience ends, and the answer that
 * comes too late.
 */
import { formatDuration } from "../units.ts";
import type { Timer, World } from "../world.ts";
import { outcomeClasses, type OutcomeClass } from "../history/outcomes.ts";
import type { Channel, Reply } from "./lean-channel.ts";
import { endsCall } from "./ear.ts";
import { callText } from "./lean-rpc.ts";
import { answerOf, bare, saying, type Asked } from "./mcp-result.ts";
import { endsAfterMs, type Patience } from "./patience.ts";
import { ProgressWatch } from "./progress-watch.ts";
import type { Answer, CallRequest, TimeoutAction } from "./session.ts";

export function leanCall(channel: Channel, request: CallRequest): Promise<Answer> {
  if (request.signal.aborted) return Promise.resolve(bare("stopped"));
  if (channel.closed) return Promise.resolve(bare("no-session"));
  const onTimeout = wordsOf(request.onTimeout, channel);
  return new Promise((resolve) => {
    let waiting = true;
    const id = channel.nextId();
    const { method, name, answering, meta } = request;
    const { traceparent, progressToken } = meta;
    const told = progressToken === undefined ? undefined : beginToTell(channel, progressToken);

    const settle = (answer: Answer): void => {
      waiting = false;
      patience.cancel();
      forget();
      endAsking?.();
      told?.end("left");
      resolve(told === undefined ? answer : { ...answer, progress: told.watch.seen() });
    };
    const endAsking = answering && channel.asks.begin(answering);
    const text = callText(id, request, channel.framing);
    const posted = { id, traceparent, progressToken, text, method, name, answering };
    const open = channel.post(posted, (reply) => {
      if (reply.is === "answer" && endsCall(reply.answer)) told?.end("answered");
      const answer = answerOfReply(reply, { method, words: channel.words });
      if (waiting) settle(answer);
      else if (isAnAnswer(answer.class)) request.onLate({ class: answer.class });
    });
    const patience = waitWithin(channel.world, { request, watch: told?.watch }, (afterMs) => {
      settle({ ...open.seen(), ...bare("timeout"), onTimeout });
      switch (onTimeout) {
        case "cancel":
          if (channel.closingCancels) return open.destroy();
          open.linger();
          channel.mention({
            method: "notifications/cancelled",
            params: { requestId: id, reason: `no answer within ${formatDuration(Math.round(afterMs))}` },
          });
          return;
        case "close":
          open.destroy();
          return;
        case "abandon":
          open.linger();
          return;
        default:
          onTimeout satisfies never;
      }
    });
    const forget = channel.stops.add(request.signal, () => {
      settle({ ...open.seen(), ...bare("stopped") });
      open.destroy();
    });
  });
}

function beginToTell({ ear, world }: Channel, token: string) {
  const watch = new ProgressWatch(world);
  ear.begin(token, { ours: token, onProgress: (value, inOrder) => watch.note(value, inOrder) });
  return { watch, end: (is: "answered" | "left") => ear.end(token, is) };
}

/** One timer however much progress comes: it looks when it ends whether it is to begin anew. */
function waitWithin(
  world: World,
  { request, watch }: { readonly request: CallRequest; readonly watch: ProgressWatch | undefined },
  giveUp: (afterMs: number) => void,
): Timer {
  const { timeoutMs, resetOnProgress } = request;
  if (resetOnProgress === undefined) return world.timer(timeoutMs, () => giveUp(timeoutMs));
  const limits: Patience = { timeoutMs, mostMs: resetOnProgress.mostMs };
  const startUs = world.nowUs();
  let endMs = endsAfterMs(limits);
  const look = (): void => {
    const laterMs = endsAfterMs(limits, watch?.lastMs);
    if (laterMs <= endMs) return giveUp(endMs);
    endMs = laterMs;
    timer = world.timer(Math.max(0, endMs - (world.nowUs() - startUs) / 1000), look);
  };
  let timer = world.timer(endMs, look);
  return { cancel: () => timer.cancel() };
}

/** What cancels and what closes may be the same, and then it is a cancel. */
function wordsOf(onTimeout: TimeoutAction, { isShared, closingCancels }: Channel): TimeoutAction {
  return onTimeout === "close" && (isShared || closingCancels) ? "cancel" : onTimeout;
}

function answerOfReply(reply: Reply, asked: Asked): Answer {
  if (reply.is === "answer") return { ...reply.seen, ...answerOf(reply.answer, asked) };
  return {
    ...reply.seen,
    ...bare(reply.class),
    ...(reply.error === undefined ? {} : { rpcCode: reply.error.code }),
    ...saying(reply.error?.message ?? reply.text, asked.words),
  };
}

/** A connection that ends, or a stream that ends as a cancelled one should, is no answer. */
function isAnAnswer(name: OutcomeClass): boolean {
  const { rung } = outcomeClasses[name];
  return rung !== "connection" && rung !== "timeout" && name !== "stream-ended";
}

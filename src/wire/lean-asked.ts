/** Asking a server for something that a session cannot do without: a result, or a SessionError that says why there is none. */
import { messageOf } from "../errors.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import { formatDuration } from "../units.ts";
import type { Channel, Failure, Reply } from "./lean-channel.ts";
import type { JsonObject } from "./lean-rpc.ts";
import { SessionError, type SessionOptions } from "./session.ts";

/** What is left of the patience, but never nothing: a request that was not made cannot tell what is wrong. */
export function countdown({ world }: Pick<SessionOptions, "world">, timeoutMs: number): () => number {
  const untilUs = world.nowUs() + timeoutMs * 1000;
  return () => Math.max(1, (untilUs - world.nowUs()) / 1000);
}

export interface Asked {
  readonly method: string;
  readonly timeoutMs: number;
}

export function resultOf(channel: Channel, asked: Asked, reply: Reply): JsonObject {
  if (reply.is === "failure") throw failureOf(channel, asked, reply);
  if ("result" in reply.answer) return reply.answer.result;
  const { code, message } = reply.answer.error;
  throw new SessionError(
    `${channel.name} answered ${asked.method} with JSON-RPC error ${code}: ${channel.words(message) ?? "(no message)"}`,
  );
}

export function failureOf(
  channel: Channel,
  { method, timeoutMs }: Asked,
  { class: is, seen, error, cause }: Failure,
): SessionError {
  const { rung, about } = outcomeClasses[is];
  const silent = `${channel.name} did not answer ${method}`;
  if (rung === "timeout") return new SessionError(`${silent} within ${formatDuration(timeoutMs)}`);
  if (rung === "connection") {
    const detail = cause === undefined ? "" : ` (${messageOf(cause)})`;
    return new SessionError(`${silent}: ${about}${detail}`, { cause });
  }
  const what = rung === "http" ? `HTTP ${seen.status}` : about;
  const says = error === undefined ? undefined : channel.words(error.message);
  return new SessionError(`${channel.name} answered ${method} with ${what}${says === undefined ? "" : `: ${says}`}`, {
    cause,
    status: seen.status,
  });
}

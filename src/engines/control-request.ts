/** One HTTP request to an engine's control API, that ends within its limit whatever the server does. */
import { codeOf, messageOf } from "../errors.ts";
import { formatDuration, shown } from "../units.ts";
import type { World } from "../world.ts";
import { exchange } from "./http-exchange.ts";

/** An engine did not do what it was told. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** The HTTP status of the answer; absent when there was none, so that nobody knows what the engine has done. */
  readonly status: number | undefined;
  /** Nothing came back at all: the server hangs, or is gone. */
  readonly isUnanswered: boolean;

  constructor(
    says: string,
    options: { readonly status?: number; readonly isUnanswered?: boolean; readonly cause?: unknown } = {},
  ) {
    super(says, { cause: options.cause });
    this.status = options.status;
    this.isUnanswered = options.isUnanswered ?? false;
  }
}

export interface ControlRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly world: World;
}

/** The text of a good answer; every other one is thrown as an EngineError. */
export async function requestWithin({ method, url, body, timeoutMs, world }: ControlRequest): Promise<string> {
  const { origin, pathname } = new URL(url);
  const late = new AbortController();
  const timer = world.timer(timeoutMs, () => late.abort());
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await exchange({ method, url, body, signal: late.signal });
  } catch (cause) {
    const why = late.signal.aborted ? `no answer within ${formatDuration(timeoutMs)}` : reasonOf(cause);
    throw new EngineError(`Toxiproxy at ${origin}: ${method} ${pathname} failed: ${why}`, {
      isUnanswered: true,
      cause,
    });
  } finally {
    timer.cancel();
  }
  const { status, text } = answer;
  if (status >= 200 && status < 300) return text;
  throw new EngineError(`Toxiproxy at ${origin}: ${method} ${pathname} answered ${status}: ${errorIn(text)}`, {
    status,
  });
}

/** Errors are `{"error":"..."}`; whatever else came is quoted as it is. */
function errorIn(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "error" in parsed) return String(parsed.error);
  } catch {
    // Not JSON: a proxy in between, or no Toxiproxy at all.
  }
  return text === "" ? "no reason given" : shown(text.trim());
}

function reasonOf(cause: unknown): string {
  // Several addresses tried and failed come as one error without words of its own.
  const message = messageOf(cause);
  return message === "" ? (codeOf(cause) ?? "unknown error") : message;
}

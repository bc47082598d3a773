/**
 * The success ladder: what one attempt came to, as its caller saw it, and what the caller may believe of it.
 * `failed` means the server surely said no; `unknown` means that it may have happened all the same.
 */
export type Outcome = "ok" | "failed" | "unknown";

export type OpOutcome = Outcome | "not-run";

/** The rungs, lowest first. Policies retry by rung; reports count by rung. */
export const rungs = ["timeout", "connection", "http", "protocol", "rpc-error", "tool-error", "ok"] as const;
export type Rung = (typeof rungs)[number];

interface Class {
  readonly rung: Rung;
  readonly outcome: Outcome;
  readonly about: string;
}

export const outcomeClasses = {
  ok: { rung: "ok", outcome: "ok", about: "a result without isError" },
  "tool-error": { rung: "tool-error", outcome: "failed", about: "a result with isError" },
  "rpc-error": { rung: "rpc-error", outcome: "failed", about: "a JSON-RPC error" },
  "wrong-id": { rung: "protocol", outcome: "unknown", about: "an answer to another request" },
  "malformed-answer": { rung: "protocol", outcome: "unknown", about: "a body that is not JSON-RPC" },
  "empty-answer": { rung: "protocol", outcome: "unknown", about: "a 2xx answer without a body" },
  "accepted-only": { rung: "protocol", outcome: "unknown", about: "202 Accepted in place of an answer" },
  "not-mcp": { rung: "protocol", outcome: "unknown", about: "a 2xx answer of another content type" },
  "stream-ended": { rung: "protocol", outcome: "unknown", about: "an event stream that ended without the answer" },
  "input-required": { rung: "protocol", outcome: "unknown", about: "a result that asks for input before there is one" },
  "task-begun": { rung: "protocol", outcome: "unknown", about: "a task in place of a result" },
  "task-cancelled": { rung: "protocol", outcome: "unknown", about: "a task that was cancelled before it had a result" },
  "task-lost": {
    rung: "protocol",
    outcome: "unknown",
    about: "a task that its server has begun and does not know any more",
  },
  oversized: {
    rung: "protocol",
    outcome: "unknown",
    about: "an answer larger than Squall reads: 8 MiB, its head 16 KiB",
  },
  "session-lost": { rung: "http", outcome: "failed", about: "404 to a known session" },
  "http-refusal": { rung: "http", outcome: "failed", about: "another HTTP error status" },
  "http-gateway": { rung: "http", outcome: "unknown", about: "502 or 504: what is behind may have acted" },
  "no-session": { rung: "connection", outcome: "failed", about: "no session could be opened, so nothing was called" },
  "not-listed": {
    rung: "rpc-error",
    outcome: "failed",
    about: "by what was listed there is no such tool, so nothing was called",
  },
  refused: { rung: "connection", outcome: "failed", about: "the connection was refused, so nothing was sent" },
  unreachable: { rung: "connection", outcome: "failed", about: "no route or no such name, so nothing was sent" },
  reset: { rung: "connection", outcome: "unknown", about: "the connection was reset before the answer" },
  closed: { rung: "connection", outcome: "unknown", about: "the connection was closed before the answer" },
  truncated: { rung: "connection", outcome: "unknown", about: "the connection broke inside the answer" },
  timeout: { rung: "timeout", outcome: "unknown", about: "no answer within the caller's patience" },
  outrun: { rung: "timeout", outcome: "unknown", about: "given up, as another attempt beside it was answered first" },
  stopped: { rung: "timeout", outcome: "unknown", about: "the run ended before the answer" },
} as const satisfies Record<string, Class>;

export type OutcomeClass = keyof typeof outcomeClasses;

/** Nothing of such an attempt left its caller. */
export const neverSent: ReadonlySet<OutcomeClass> = new Set(["refused", "unreachable", "no-session", "not-listed"]);

/** An op is ok if any attempt is, failed only if all surely failed, else unknown. */
export function opOutcome(attempts: readonly { readonly outcome: Outcome }[]): OpOutcome {
  if (attempts.length === 0) return "not-run";
  if (attempts.some((attempt) => attempt.outcome === "ok")) return "ok";
  return attempts.every((attempt) => attempt.outcome === "failed") ? "failed" : "unknown";
}

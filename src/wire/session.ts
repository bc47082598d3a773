/**
 * Speaking MCP: what an agent may ask of a session, and what it gets to know of each attempt.
 * A failed call is data, not an exception; nothing here retries, resumes or hides anything.
 */
import type { Attempt } from "../history/events.ts";
import type { World } from "../world.ts";

/** What a caller does when its patience ends. SDKs of the 2025 era cancel and leave the request open. */
export type TimeoutAction = "cancel" | "close" | "abandon";

export interface CallRequest {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Goes into `_meta` and, for traceparent, into the header of the same name. */
  readonly meta: { readonly traceparent: string; readonly "squall/op": string };
  readonly timeoutMs: number;
  readonly onTimeout: TimeoutAction;
  /** Ends the wait at once when the run is over. */
  readonly signal: AbortSignal;
  /** Told of an answer that comes after the wait has ended. */
  readonly onLate: (late: Pick<Attempt, "class">) => void;
}

/** What the caller saw of one attempt: an Attempt event without its place in the run. */
export type Answer = Omit<Attempt, "type" | "op" | "attempt" | "startedUs"> & {
  /** The `result` of an ok answer, for later steps of the chain; never recorded. */
  readonly result?: unknown;
};

export interface Tool {
  readonly name: string;
  readonly readOnly: boolean;
}

export interface Session {
  readonly protocolVersion: string;
  /** True once the server answered 404 to this session. */
  readonly lost: boolean;
  call(request: CallRequest): Promise<Answer>;
  listTools(timeoutMs: number): Promise<readonly Tool[]>;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly world: World;
  readonly clientName: string;
}

/** Opens a session or throws a SessionError that says why not. */
export type OpenSession = (options: SessionOptions) => Promise<Session>;

export class SessionError extends Error {
  override readonly name = "SessionError";
}

/**
 * Speaking MCP: what an agent may ask of a session, and what it gets to know of each attempt.
 * A failed call is data, not an exception; nothing here retries or hides anything, or resumes what it was not told to.
 */
import type { AskMethod } from "../history/asked-events.ts";
import type { Attempt } from "../history/events.ts";
import type { World } from "../world.ts";
import type { Answering } from "./asked-back.ts";
import type { Beginning, Dialect } from "./dialect.ts";
import type { Hears } from "./ear.ts";
import type { Named } from "./lean-framing.ts";
import type { Message } from "./lean-rpc.ts";
import type { StdioPipe } from "./stdio-pipe.ts";

/**
 * What a caller does when its patience ends. SDKs of the 2025 era cancel and leave the request open. Over stdio `close`
 * is `cancel`: all calls share one pipe, and closing that would end the server.
 */
export type TimeoutAction = "cancel" | "close" | "abandon";

/** A request, whatever its method; `requests.ts` makes them. */
export interface McpRequest {
  readonly method: string;
  /** What it is about, where that is one thing: a tool, a URI, a prompt. */
  readonly name?: string;
  /** Without `_meta`. */
  readonly params: Readonly<Record<string, unknown>>;
}

export interface CallRequest extends McpRequest {
  /** Goes into `_meta` and, for traceparent, into the header of the same name. */
  readonly meta: {
    readonly traceparent: string;
    readonly "squall/op": string;
    /** It asks to be told how far it is; the SDKs send one of their own in its place. */
    readonly progressToken?: string | undefined;
  };
  readonly timeoutMs: number;
  /** Where it asks to be told how far it is: that begins the patience anew, but `mostMs` after the start it ends. */
  readonly resetOnProgress?: { readonly mostMs: number } | undefined;
  readonly onTimeout: TimeoutAction;
  /** Ends the wait at once when the run is over. */
  readonly signal: AbortSignal;
  /** Told of an answer that comes after the wait has ended. */
  readonly onLate: (late: Pick<Attempt, "class">) => void;
  /** What its server gets to hear that asks something back; absent: that nobody here knows of such requests. */
  readonly answering?: Answering;
}

/** What the caller saw of one attempt: an Attempt event without its place in the run. */
export type Answer = Omit<Attempt, "type" | "op" | "attempt" | "startedUs"> & {
  /** The `result` of an ok answer, for later steps, or of one that is not the last word; never recorded. */
  readonly result?: unknown;
};

export interface Tool {
  readonly name: string;
  readonly readOnly: boolean;
  /** It says that the same call once more changes nothing. */
  readonly idempotent?: true;
  /** All that is listed of it. */
  readonly entry: Readonly<Record<string, unknown>>;
}

export interface Session {
  readonly protocolVersion: string;
  /** How further sessions with this server begin. Absent: by `initialize`. */
  readonly begins?: Beginning;
  /** True once the server answered 404 to this session, or its process has gone. */
  readonly lost: boolean;
  /** The server has given it an id, which every request names. */
  readonly hasId?: boolean;
  /** Where it was to listen: whether it does. Absent: that cannot be told. */
  readonly listens?: boolean;
  /** Over HTTP: a request in it as anybody else could post it. */
  readonly posted?: (request: Message & Named) => {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  /** Makes one request and judges its answer by what the method promises. */
  call(request: CallRequest): Promise<Answer>;
  listTools(timeoutMs: number): Promise<readonly Tool[]>;
  close(): Promise<void>;
  /** The same without a word to its server; absent: it has none to say. */
  abandon?(): Promise<void>;
}

interface AnySessionOptions {
  readonly timeoutMs: number;
  readonly world: World;
  readonly clientName: string;
  /** Absent: whatever `initialize` negotiates. */
  readonly dialect?: Dialect;
  /** What it will answer that the server asks back: it says so when it opens. */
  readonly answered?: readonly AskMethod[];
  /** It says that a call of its may be answered with a task (2026-07-28). */
  readonly takesTasks?: boolean;
  /** It opens the stream, or asks for the subscription, by which a server says what belongs to no answer. */
  readonly listens?: boolean;
  readonly hears?: Hears;
  /** Takes all secrets out of a server's words, also those that no header of this session holds. */
  readonly mask?: (text: string) => string;
}

export interface HttpSessionOptions extends AnySessionOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The header of this name, asked for each request: a token may be renewed while a session lives. */
  readonly authorization?: () => string;
  /** Absent: what a lost event stream did not bring is not asked for. */
  readonly resuming?: Resuming;
}

/** How what a lost event stream did not bring is asked for, where its revision knows of that. */
export interface Resuming {
  /**
   * How long it waits before it asks, when it has asked so often in vain and its server wants it to wait so long;
   * undefined: it asks no more.
   */
  readonly afterMs: (inVain: number, retryMs: number | undefined) => number | undefined;
}

export interface StdioSessionOptions extends AnySessionOptions {
  /** What messages call the server. */
  readonly server: string;
  /** The session's own from now on: closing the one closes the other, also where it cannot be opened. */
  readonly pipe: StdioPipe;
}

export type SessionOptions = HttpSessionOptions | StdioSessionOptions;

/** Opens a session or throws a SessionError that says why not. */
export type OpenSession = (options: SessionOptions) => Promise<Session>;

export class SessionError extends Error {
  override readonly name = "SessionError";
  /** The server had given the session an id, and then refused the first request that named it. */
  readonly isLoss: boolean;
  /** What the server answered in place of a session, over HTTP. */
  readonly status: number | undefined;

  constructor(
    message?: string,
    {
      isLoss = false,
      status,
      ...options
    }: ErrorOptions & {
      readonly isLoss?: boolean;
      readonly status?: number | undefined;
    } = {},
  ) {
    super(message, options);
    this.isLoss = isLoss;
    this.status = status;
  }
}

/** What a lean session speaks over: JSON-RPC with one server, whatever carries it. */
import type { LostStream } from "../history/lost-stream.ts";
import type { World } from "../world.ts";
import type { Answering, AskDesk } from "./asked-back.ts";
import type { Ear } from "./ear.ts";
import type { Found } from "./lean-body.ts";
import type { Framing, Named } from "./lean-framing.ts";
import type { Message } from "./lean-rpc.ts";
import type { Stops } from "./lean-stops.ts";
import type { Words } from "./mcp-result.ts";

export interface Channel {
  /** The server as messages name it, without anything secret. */
  readonly name: string;
  readonly world: World;
  /** Ends calls when their signal aborts or the channel closes. */
  readonly stops: Stops;
  readonly words: Words;
  readonly asks: AskDesk;
  readonly ear: Ear;
  /** The server knows this session no more. */
  readonly lost: boolean;
  readonly closed: boolean;
  /** All requests share one connection, so none of them can hang up alone. */
  readonly isShared: boolean;
  /** Whoever drops a request's connection has cancelled it. */
  readonly closingCancels: boolean;
  /** How requests are framed from now on; until this is said, as before any agreement. */
  framing: Framing;
  nextId(): number;
  /** A request without a deadline of its own; closing the channel destroys it. */
  post(posted: Posted, tell: (reply: Reply) => void): OpenRequest;
  /** A request whose reply comes in time, or is a timeout. */
  ask(message: Message, timeoutMs: number): Promise<Reply>;
  /** Why a notification was not taken; undefined where it was. */
  notify(message: Message, timeoutMs: number): Promise<Failure | undefined>;
  /** A notification that nobody waits for. */
  mention(message: Message): void;
  close(): Promise<void>;
}

/** A request whose text is put together already, with all that its framing asks for. */
export interface Posted extends Named {
  readonly id: number;
  readonly traceparent?: string;
  readonly text: string;
  readonly progressToken?: string | undefined;
  readonly answering?: Answering | undefined;
}

/** What is known of a request at any moment, in the words of an attempt. */
export interface Seen {
  status?: number;
  bytes?: number;
  retryAfterMs?: number;
  reusedSocket?: boolean;
  lostStream?: LostStream;
}

export type Reply = Found & { readonly seen: Readonly<Seen>; readonly sessionId?: string };
export type Failure = Extract<Reply, { readonly is: "failure" }>;

export interface OpenRequest {
  seen(): Readonly<Seen>;
  /** Nobody waits any more: the request stays open for a late answer, but not for ever. */
  linger(): void;
  /** Gives it up; nothing is told afterwards. Where it has a connection of its own, that is dropped. */
  destroy(): void;
}

/** How long a request that nobody waits for any more may stay open. */
export const lingerMs = 5 * 60_000;

/** The reply to a request that is begun now, or a timeout. */
export function replyWithin(
  timeoutMs: number,
  world: World,
  begin: (tell: (reply: Reply) => void) => OpenRequest,
): Promise<Reply> {
  return new Promise((resolve) => {
    const request = begin((reply) => {
      timer.cancel();
      resolve(reply);
    });
    const timer = world.timer(timeoutMs, () => {
      request.destroy();
      resolve({ is: "failure", class: "timeout", seen: request.seen() });
    });
  });
}

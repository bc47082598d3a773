/**
 * What a server says in one session without having been asked: how far calls are, and that its lists have changed. Each
 * notification is dealt with as it comes, and none is kept, so that a flood of them takes time and no room.
 */
import { listChangedBy, type ListKind } from "../history/list-changes.ts";
import { agentOfToken, type StrayKind } from "../history/progress.ts";
import type { JsonObject, Notification, RpcAnswer } from "./lean-rpc.ts";
import { isObject } from "./lean-rpc.ts";

/** On the wire. */
export type Token = string | number;

export interface Stray {
  readonly is: StrayKind;
  /** Our own name of the token, where it is known. */
  readonly ours?: string;
  readonly inOrder: boolean;
}

/** Who wants to know. */
export interface Hears {
  readonly onListChanged: (list: ListKind) => void;
  readonly onStray: (stray: Stray) => void;
}

/** One call that is told how far it is. */
export interface Told {
  /** The token's name in the history. */
  readonly ours: string;
  readonly onProgress: (value: number, inOrder: boolean) => void;
}

/** Where it came: `answer`: on the stream of the answer to the call with this token; `pipe`: where all comes in order. */
export type Stream = { readonly is: "pipe" | "aside" } | { readonly is: "answer"; readonly token: Token | undefined };

interface Settled {
  readonly ours: string;
  is: "answered" | "left";
}

/** Of calls that are over; of those before them it is not known any more how they ended. */
const settledMost = 1024;

export class Ear {
  readonly #hears: Hears | undefined;
  readonly #open = new Map<Token, Told>();
  readonly #settled = new Map<Token, Settled>();
  #hasForgotten = false;
  /** The first parts of this agent's tokens. */
  #agent: string | undefined;
  /** Told of other notifications, such as what acknowledges a subscription. */
  onOther: ((notification: Notification) => void) | undefined;

  constructor(hears?: Hears) {
    this.#hears = hears;
  }

  begin(token: Token, told: Told): void {
    this.#agent ??= agentOfToken(told.ours);
    this.#open.set(token, told);
  }

  /** The call with this token is over: answered, perhaps late, or given up before. */
  end(token: Token, is: Settled["is"]): void {
    const settled = this.#settled.get(token);
    if (settled !== undefined) {
      if (is === "answered") settled.is = is;
      return;
    }
    const told = this.#open.get(token);
    if (told === undefined) return;
    this.#open.delete(token);
    this.#settled.set(token, { ours: told.ours, is });
    const [oldest] = this.#settled.keys();
    if (this.#settled.size <= settledMost || oldest === undefined) return;
    this.#settled.delete(oldest);
    this.#hasForgotten = true;
  }

  hear(notification: Notification, stream: Stream): void {
    const { method, params = {} } = notification;
    if (method === "notifications/progress") return this.#progress(params, stream);
    const list = listChangedBy(method);
    if (list === undefined) this.onOther?.(notification);
    else this.#hears?.onListChanged(list);
  }

  #progress({ progressToken: token, progress: value }: JsonObject, stream: Stream): void {
    const isToken = typeof token === "string" || typeof token === "number";
    if (!isToken || typeof value !== "number" || !Number.isFinite(value)) {
      this.#hears?.onStray({ is: "malformed", inOrder: true });
      return;
    }
    const inOrder = stream.is === "pipe" || (stream.is === "answer" && stream.token === token);
    const told = this.#open.get(token);
    if (told === undefined) this.#hears?.onStray({ ...this.#strayOf(token), inOrder });
    else told.onProgress(value, inOrder);
  }

  #strayOf(token: Token): Omit<Stray, "inOrder"> {
    const settled = this.#settled.get(token);
    if (settled !== undefined) return settled;
    const agent = typeof token === "string" ? agentOfToken(token) : undefined;
    if (agent !== undefined && sameRun(agent, this.#agent)) {
      // Of another session of this agent, or of one long ago: nobody can tell how that call ended.
      return { is: agent === this.#agent ? "left" : "foreign", ours: String(token) };
    }
    return { is: this.#hasForgotten ? "left" : "unknown" };
  }
}

function sameRun(agent: string, own: string | undefined): boolean {
  return own !== undefined && agent.slice(0, agent.indexOf(".")) === own.slice(0, own.indexOf("."));
}

/** A call that its answer makes a task goes on, and its token with it. */
export function endsCall(answer: RpcAnswer): boolean {
  if ("error" in answer) return true;
  const { resultType, task } = answer.result;
  return resultType !== "task" && !isObject(task);
}

/**
 * What a server asks of its client, and the scripted answers to it: a request of the server's own comes in, what is to be
 * said to it goes out, when its time has come.
 */
import { askMethods, type AskAnswer, type AskMethod } from "../history/asked-events.ts";
import { Bag } from "../bag.ts";
import type { World } from "../world.ts";
import type { JsonObject } from "./lean-rpc.ts";
import type { SessionOptions } from "./session.ts";

export interface ScriptedAnswer {
  readonly is: Exclude<AskAnswer, "too-late" | "none">;
  /** Absent where nobody answers. */
  readonly result?: JsonObject;
  readonly delayMs?: number;
}

export type Answers = Readonly<Partial<Record<AskMethod, ScriptedAnswer>>>;

/** What became of one thing that was asked. */
export interface AskedBack {
  readonly method: string;
  readonly answer: AskAnswer;
  readonly askedUs: number;
  /** Other calls were under way that it may have been for. */
  readonly isShared?: true;
}

/** A call that a server may ask something for. */
export interface Answering {
  readonly answers: Answers;
  readonly onAsked: (asked: AskedBack) => void;
}

const tasksExtension = "io.modelcontextprotocol/tasks";

/** What a client says of itself, for each kind of request that it answers. */
const capabilities: Readonly<Record<AskMethod, string>> = {
  "elicitation/create": "elicitation",
  "sampling/createMessage": "sampling",
  "roots/list": "roots",
};

export function isAskMethod(method: string): method is AskMethod {
  return askMethods.some((known) => known === method);
}

/** A request of the server's, or one within an answer. */
export interface AskedIn {
  readonly method: string;
  readonly params?: JsonObject;
}

export type Said =
  | { readonly result: JsonObject }
  | { readonly error: { readonly code: number; readonly message: string } };

/** Undefined where nothing is ever said to it. */
export async function saidTo(
  { method, params = {} }: AskedIn,
  { answers, onAsked }: Answering,
  { world, over }: { readonly world: World; readonly over: AbortSignal },
): Promise<Said | undefined> {
  const askedUs = world.nowUs();
  const script = isAskMethod(method) ? answers[method] : undefined;
  if (script === undefined) {
    onAsked({ method, answer: "none", askedUs });
    return notFound(method);
  }
  const { is, result, delayMs = 0 } = script;
  if (result === undefined) {
    onAsked({ method, answer: is, askedUs });
    return undefined;
  }
  if (delayMs > 0 && !(await world.sleep(delayMs, over))) {
    onAsked({ method, answer: "too-late", askedUs });
    return undefined;
  }
  onAsked({ method, answer: is, askedUs });
  // Who is sent to a page of the server's has nothing to fill in here.
  return { result: params["mode"] === "url" && "content" in result ? { action: result["action"] } : result };
}

function notFound(method: string): Said {
  return { error: { code: -32601, message: `Method not found: ${method}` } };
}

/** What a session says when it is asked: which of its calls it was asked for is often left unsaid. */
export class AskDesk {
  /** What it tells its server when it opens. */
  readonly capabilities: JsonObject;
  readonly #calls = new Bag<OpenCall>();
  readonly #answered: readonly AskMethod[];
  readonly #world: World;

  constructor({ world, answered = [], takesTasks = false }: Pick<SessionOptions, "world" | "answered" | "takesTasks">) {
    this.#world = world;
    this.#answered = answered;
    this.capabilities = {
      ...Object.fromEntries(answered.map((method) => [capabilities[method], {}])),
      ...(takesTasks ? { extensions: { [tasksExtension]: {} } } : {}),
    };
  }

  /** The returned function says that the call is over. */
  begin(call: Answering): () => void {
    const place = this.#calls.add({ call, over: undefined });
    return () => {
      place.item.over?.abort();
      this.#calls.delete(place);
    };
  }

  /** `by`: the call that it is surely for. Undefined where nothing is to be said. */
  async said({ method, params = {} }: AskedIn, by?: Answering): Promise<Said | undefined> {
    if (method === "ping") return { result: {} };
    const open = [...this.#calls].find(({ call }) => by === undefined || call === by);
    if (open === undefined) {
      return this.#answered.some((answered) => answered === method) ? nobody : notFound(method);
    }
    open.over ??= new AbortController();
    const isSure = by !== undefined || this.#calls.size === 1;
    const answering = isSure ? open.call : unsure(open.call);
    return saidTo({ method, params }, answering, { world: this.#world, over: open.over.signal });
  }
}

interface OpenCall {
  readonly call: Answering;
  /** Most are never asked anything, so what ends the wait of an answer is made only then. */
  over: AbortController | undefined;
}

/** What the specification has for a person who turns a request down. */
const nobody: Said = { error: { code: -1, message: "nobody is there to answer" } };

function unsure(call: Answering): Answering {
  return { ...call, onAsked: (asked) => call.onAsked({ ...asked, isShared: true }) };
}

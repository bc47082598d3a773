/**
 * The lean wire over stdio: one pipe for all requests, told apart by their ids. A server may print what it likes between
 * its messages; what is no answer to a request of ours is passed over.
 */
import { mayHoldJson } from "../history/shape.ts";
import type { World } from "../world.ts";
import { AskDesk } from "./asked-back.ts";
import { Ear } from "./ear.ts";
import type { Found } from "./lean-body.ts";
import {
  lingerMs,
  replyWithin,
  type Channel,
  type Failure,
  type OpenRequest,
  type Posted,
  type Reply,
  type Seen,
} from "./lean-channel.ts";
import { framedParams, type Framing } from "./lean-framing.ts";
import { isObject, readMessage, textOf, type Message, type ServerRequest } from "./lean-rpc.ts";
import { createStops, type Stops } from "./lean-stops.ts";
import type { Words } from "./mcp-result.ts";
import type { StdioSessionOptions } from "./session.ts";
import type { StdioPipe } from "./stdio-pipe.ts";

interface Waiting {
  /** Nobody waits for it any more, but a late answer is still heard. */
  lingers: boolean;
  readonly settle: (found: Found, saw?: Readonly<Seen>) => void;
  readonly forget: () => void;
}

const questionsMost = 10_000;

const closedBefore: Found = { is: "failure", class: "closed" };

interface StdioChannelOptions extends Pick<
  StdioSessionOptions,
  "server" | "pipe" | "world" | "answered" | "takesTasks" | "hears"
> {
  readonly words: Words;
}

export class StdioChannel implements Channel {
  readonly name: string;
  readonly world: World;
  readonly stops: Stops = createStops();
  readonly words: Words;
  readonly asks: AskDesk;
  readonly ear: Ear;
  /** True once the process has gone, or says nothing any more. */
  lost = false;
  readonly isShared = true;
  /** A pipe is shared, so what is cancelled is told in words. */
  readonly closingCancels = false;
  framing: Framing = {};
  readonly #pipe: StdioPipe;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #left = false;
  /** Of the server's own, since it last answered one of ours. */
  #questions = 0;

  constructor({ server, pipe, words, ...about }: StdioChannelOptions) {
    const { world } = about;
    this.words = words;
    this.asks = new AskDesk(about);
    this.ear = new Ear(about.hears);
    this.name = server;
    this.world = world;
    this.#pipe = pipe;
    pipe.listen({
      onLine: (line) => this.#read(line),
      onRefused: (id, { seen, ...found }) => this.#waiting.get(id)?.settle(found, seen),
      onOverlong: () => this.#only()?.settle({ is: "failure", class: "oversized" }),
      onClosed: () => this.#ended(),
    });
  }

  get closed(): boolean {
    return this.#left || this.lost;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** There are no headers: trace context, method and name are in the message already. */
  post({ id, text }: Posted, tell: (reply: Reply) => void): OpenRequest {
    return this.#post(id, text, tell);
  }

  ask(message: Message, timeoutMs: number): Promise<Reply> {
    const id = this.nextId();
    const text = textOf({ id, ...message, params: framedParams(message.params, this.framing) });
    return replyWithin(timeoutMs, this.world, (tell) => this.#post(id, text, tell));
  }

  notify(message: Message): Promise<Failure | undefined> {
    this.mention(message);
    // A line is written or lost, and nobody confirms it.
    return Promise.resolve(this.lost ? { ...failed("closed"), seen: {} } : undefined);
  }

  mention(message: Message): void {
    this.#pipe.send(textOf(message));
  }

  async close(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.stops.stopAll();
    for (const { forget } of this.#waiting.values()) forget();
    await this.#pipe.close();
  }

  #post(id: number, text: string, tell: (reply: Reply) => void): OpenRequest {
    const seen: Seen = {};
    let limit: { cancel(): void } | undefined;
    const forget = (): void => {
      limit?.cancel();
      this.#waiting.delete(id);
    };
    const waiting: Waiting = {
      lingers: false,
      forget,
      settle: (found, saw) => {
        forget();
        Object.assign(seen, saw);
        tell({ ...found, seen });
      },
    };
    this.#waiting.set(id, waiting);
    this.#pipe.send(text, id);
    // Not at once: whoever asks must have the request in hand before its reply comes.
    if (this.lost) queueMicrotask(() => this.#waiting.get(id)?.settle(closedBefore));
    return {
      seen: () => seen,
      destroy: forget,
      linger: () => {
        if (waiting.lingers || !this.#waiting.has(id)) return;
        waiting.lingers = true;
        limit = this.world.timer(lingerMs, forget);
      },
    };
  }

  #ended(): void {
    this.lost = true;
    for (const { settle } of this.#waiting.values()) settle(closedBefore);
  }

  #read(line: Buffer): void {
    if (!mayHoldJson(line)) return;
    const text = line.toString();
    const value = valueOf(text);
    // Revision 2025-03-26 lets a server send several messages at once.
    for (const message of Array.isArray(value) ? value : [value]) this.#readOne(message, text);
  }

  #readOne(value: unknown, text: string): void {
    const id = isObject(value) ? value["id"] : undefined;
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    const message = readMessage(value, waiting === undefined || typeof id !== "number" ? undefined : id);
    switch (message.is) {
      case "answer":
        this.#questions = 0;
        return waiting?.settle(message, { bytes: Buffer.byteLength(text) });
      case "malformed":
        return message.ours ? waiting?.settle({ ...failed("malformed-answer"), text }) : undefined;
      case "wrong-id":
        // The second answer to a request, or one that came too late to be waited for.
        if (typeof id === "number" && Number.isInteger(id) && id > 0 && id <= this.#lastId) return;
        this.#only()?.settle({
          ...failed("wrong-id"),
          ...(message.error === undefined ? {} : { error: message.error }),
        });
        return;
      case "request":
        this.#questions += 1;
        return void (this.#questions > questionsMost ? this.#leaveFlood() : this.#answer(message.request));
      case "notification":
        return this.ear.hear(message.notification, { is: "pipe" });
      default:
        message satisfies never;
    }
  }

  /** Nobody could keep up with it, and all else would wait behind it. */
  async #leaveFlood(): Promise<void> {
    if (this.closed) return;
    this.#ended();
    await this.#pipe.close();
  }

  async #answer(request: ServerRequest): Promise<void> {
    const said = await this.asks.said(request);
    if (said !== undefined && !this.closed) this.#pipe.send(textOf({ id: request.id, ...said }));
  }

  /** The only request that somebody waits for. Of several nobody could tell which one a strange line was meant for. */
  #only(): Waiting | undefined {
    const [only, ...others] = [...this.#waiting.values()].filter(({ lingers }) => !lingers);
    return others.length === 0 ? only : undefined;
  }
}

function failed(name: "closed" | "malformed-answer" | "wrong-id") {
  return { is: "failure", class: name } as const;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

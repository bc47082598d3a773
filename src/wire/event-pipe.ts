/**
 * HTTP+SSE, the transport of 2024-11-05: one stream brings all that the server says, and names first where messages are
 * posted. To those who speak over it, it is a pipe.
 */
import { StringDecoder } from "node:string_decoder";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { outcomeClasses } from "../history/outcomes.ts";
import { formatDuration } from "../units.ts";
import type { AnswerHead } from "./http-answer.ts";
import { Peer, type Asker, type Breakage } from "./http-peer.ts";
import type { Found } from "./lean-body.ts";
import { callerHeaders, contentHeaders, linesOf } from "./lean-headers.ts";
import { answerBytesMax, brokenBy, openRequest } from "./lean-http.ts";
import { wasTaken } from "./lean-line.ts";
import type { Words } from "./mcp-result.ts";
import { SessionError, type HttpSessionOptions } from "./session.ts";
import type { PipeListener, StdioPipe } from "./stdio-pipe.ts";

type Options = Pick<HttpSessionOptions, "url" | "headers" | "authorization" | "timeoutMs" | "world">;

/** Resolves once the server has said where to post. */
export async function openEventPipe(options: Options, words: Words): Promise<StdioPipe> {
  const pipe = new EventPipe(options, words);
  const { timeoutMs, world, url } = options;
  const late = new SessionError(
    `${url.origin}${url.pathname} named no endpoint for messages within ${formatDuration(timeoutMs)}`,
  );
  const patience = world.timer(timeoutMs, () => pipe.fail(late));
  try {
    await pipe.opened;
    return pipe;
  } catch (thrown) {
    await pipe.close();
    throw thrown;
  } finally {
    patience.cancel();
  }
}

class EventPipe implements StdioPipe, Asker {
  readonly opened: Promise<void>;
  readonly fail: (because: SessionError) => void;
  readonly #open: () => void;
  readonly #options: Options;
  readonly #words: Words;
  readonly #peer: Peer;
  readonly #decoder = new StringDecoder("utf8");
  readonly #events = createParser({
    maxBufferSize: answerBytesMax,
    onEvent: (event) => this.#take(event),
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") this.#listener?.onOverlong();
    },
  });
  #endpoint: string | undefined;
  #listener: PipeListener | undefined;
  #isClosed = false;
  #isStream = false;

  constructor(options: Options, words: Words) {
    this.#options = options;
    this.#words = words;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#open = resolve;
    this.fail = reject;
    const { url, world } = options;
    this.#peer = new Peer(url, { nowUs: world.nowUs });
    this.#peer.send({ head: this.#head("GET", url.pathname + url.search, "text/event-stream"), body: "" }, this);
  }

  send(line: string, id?: number): void {
    if (this.#isClosed || this.#endpoint === undefined) return;
    openRequest(this.#peer, {
      id,
      head: this.#head("POST", this.#endpoint),
      body: line,
      inSession: false,
      world: this.#options.world,
      tell: (reply) => {
        if (reply.is === "answer" || wasTaken(reply) || id === undefined) return;
        this.#listener?.onRefused?.(id, reply);
      },
      onServerRequest: () => undefined,
      onNotification: () => undefined,
      onClosed: () => undefined,
    });
  }

  listen(listener: PipeListener): void {
    this.#listener = listener;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#peer.close();
    return Promise.resolve();
  }

  head({ status, mediaType }: AnswerHead): void {
    this.#isStream = status === 200 && mediaType === "text/event-stream";
    if (this.#isStream) return;
    const what = status === 200 ? outcomeClasses["not-mcp"].about : `HTTP ${status}`;
    this.fail(new SessionError(`${this.#name} answered the GET of its event stream with ${what}`, { status }));
  }

  body(bytes: Buffer): void {
    if (this.#isStream) this.#events.feed(this.#decoder.write(bytes));
  }

  end(): void {
    this.#ended({ is: "failure", class: "stream-ended" });
  }

  broken(by: Breakage): void {
    this.#ended(brokenBy(by));
  }

  released(): void {
    // It is never used again.
  }

  get #name(): string {
    const { url } = this.#options;
    return url.origin + url.pathname;
  }

  #head(method: "GET" | "POST", path: string, accept?: string): string {
    const { url, headers, authorization } = this.#options;
    const own = authorization === undefined ? [] : [["authorization", authorization()] as const];
    const given = callerHeaders(url, headers).filter(
      ([name]) => authorization === undefined || name !== "authorization",
    );
    const content = accept === undefined ? contentHeaders : [["accept", accept] as const];
    return `${method} ${path} HTTP/1.1\r\n${linesOf([...given, ...own, ...content])}`;
  }

  #take({ event, data }: EventSourceMessage): void {
    if (event === "endpoint") this.#enter(data);
    else if (event === undefined || event === "message") this.#listener?.onLine(Buffer.from(data));
  }

  /** Messages are never sent elsewhere: nobody would see them there, and a secret might go with them. */
  #enter(data: string): void {
    const { url } = this.#options;
    const endpoint = URL.parse(data, url.href);
    if (endpoint?.origin !== url.origin) {
      const where = this.#words(data) ?? "nothing";
      this.fail(new SessionError(`${this.#name} wants messages posted elsewhere: ${where}`));
      return;
    }
    this.#endpoint = endpoint.pathname + endpoint.search;
    this.#open();
  }

  #ended(found: Found): void {
    const about = found.is === "failure" ? outcomeClasses[found.class].about : "";
    this.fail(new SessionError(`${this.#name} named no endpoint for messages: ${about}`));
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.onClosed();
  }
}

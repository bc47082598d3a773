/**
 * HTTP+SSE, the transport of 2024-11-05: a request is posted and only taken (202), and its answer comes on the stream that
 * named where to post. Exchanges of such a link wait here for the answers that are theirs.
 */
import { createParser } from "eventsource-parser";
import type { Exchange, Recorder } from "../history/events.ts";
import type { OpenExchange } from "./open-exchange.ts";
import { answeredIn } from "./tool-call.ts";

/** Of one stream; whoever sends without end must not fill our memory. */
const keptMax = 10_000;
const bufferedCharsMax = 4 * 1024 * 1024;

interface Came {
  readonly atUs: number;
  readonly bytes: number;
}

export class StreamedAnswers {
  readonly #recorder: Recorder;
  /** By where their messages are posted. */
  readonly #streams = new Map<string, AnswerStream>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** The stream that is now opened at this URL; what it is for it says first, if it is one of these at all. */
  open(url: string): AnswerStream {
    const stream = new AnswerStream({
      nowUs: this.#recorder.nowUs,
      onEndpoint: (named) => {
        const endpoint = endpointOf(named, url);
        if (endpoint !== undefined) this.#streams.set(endpoint, stream);
        return () => endpoint !== undefined && this.#streams.delete(endpoint);
      },
      onAnswered: (exchange, came) => this.#recordAnswered(exchange, came),
    });
    return stream;
  }

  /** What has ended so is recorded; of what was only taken, once its answer has come or can come no more. */
  record(exchange: OpenExchange, ended: Exchange["ended"]): void {
    for (const left of exchange.stream?.end() ?? []) {
      this.#recorder.record(left.event(ended === "answered" ? "closed" : ended));
    }
    const stream = ended === "answered" && exchange.wasTaken ? this.#streamOf(exchange) : undefined;
    const id = stream === undefined ? undefined : exchange.asked().id;
    if (stream === undefined || id === undefined) this.#recorder.record(exchange.event(ended));
    else stream.await(id, exchange);
  }

  #streamOf({ url }: OpenExchange): AnswerStream | undefined {
    if (this.#streams.size === 0) return undefined;
    const endpoint = endpointOf(url, url);
    return endpoint === undefined ? undefined : this.#streams.get(endpoint);
  }

  #recordAnswered(exchange: OpenExchange, { atUs, bytes }: Came): void {
    exchange.firstByteUs = atUs;
    exchange.bytesDown += bytes;
    this.#recorder.record(exchange.event("answered"));
  }
}

interface AnswerStreamOptions {
  readonly nowUs: () => number;
  /** Answers how to forget it. */
  readonly onEndpoint: (named: string) => () => void;
  readonly onAnswered: (exchange: OpenExchange, came: Came) => void;
}

export class AnswerStream {
  readonly #options: AnswerStreamOptions;
  readonly #decoder = new TextDecoder();
  readonly #waiting = new Map<string | number, OpenExchange>();
  /** Answers that have overtaken the 202. */
  readonly #early = new Map<string | number, Came>();
  #forget: (() => void) | undefined;
  #isReadable = true;
  readonly #events = createParser({
    maxBufferSize: bufferedCharsMax,
    onEvent: ({ event, data }) => this.#on(event, data),
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") this.#isReadable = false;
    },
  });

  constructor(options: AnswerStreamOptions) {
    this.#options = options;
  }

  feed(bytes: Buffer): void {
    if (this.#isReadable) this.#events.feed(this.#decoder.decode(bytes, { stream: true }));
  }

  await(id: string | number, exchange: OpenExchange): void {
    const early = this.#early.get(id);
    if (early !== undefined) {
      this.#early.delete(id);
      this.#options.onAnswered(exchange, early);
      return;
    }
    this.#waiting.set(id, exchange);
    if (this.#waiting.size > keptMax) this.#letGoOldest();
  }

  /** The exchanges that nothing can answer any more. */
  end(): readonly OpenExchange[] {
    this.#forget?.();
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    return left;
  }

  #on(event: string | undefined, data: string): void {
    if (event === "endpoint" && this.#forget === undefined) this.#forget = this.#options.onEndpoint(data);
    if (this.#forget === undefined || (event !== undefined && event !== "message")) return;
    const came = { atUs: this.#options.nowUs(), bytes: Buffer.byteLength(data) };
    for (const id of answeredIn(data)) {
      const exchange = this.#waiting.get(id);
      if (exchange !== undefined) {
        this.#waiting.delete(id);
        this.#options.onAnswered(exchange, came);
      } else if (this.#early.size < keptMax) this.#early.set(id, came);
    }
  }

  /** Its answer is not waited for: it has been taken, and that is all that will be known. */
  #letGoOldest(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const [id, exchange] = oldest;
    this.#waiting.delete(id);
    this.#options.onAnswered(exchange, { atUs: exchange.firstByteUs ?? this.#options.nowUs(), bytes: 0 });
  }
}

/** Path and query, as both sides name the place: the host may be another one before a tap. */
function endpointOf(named: string, from: string): string | undefined {
  const url = URL.parse(named, URL.parse(from, "http://localhost")?.href ?? "http://localhost");
  return url === null ? undefined : url.pathname + url.search;
}

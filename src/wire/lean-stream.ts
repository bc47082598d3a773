/**
 * The stream of a session over HTTP on which its server says what belongs to no answer. It is opened only where somebody
 * listens, for it holds a connection; a server need not have one.
 */
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import type { Timer, World } from "../world.ts";
import type { AnswerHead } from "./http-answer.ts";
import type { Asker, Peer } from "./http-peer.ts";
import { answerBytesMax } from "./lean-http.ts";

export interface OwnStreamOptions {
  readonly peer: Peer;
  readonly world: World;
  /** Put together anew each time: what it names may have changed. */
  readonly head: () => string;
  readonly onText: (text: string) => void;
}

/** As the SDKs do, where a server does not say how long. */
const againAfterMs = 1000;

export class OwnStream {
  /** Whether there is one, once it is known. */
  readonly known: Promise<boolean>;
  readonly #options: OwnStreamOptions;
  readonly #tell: (isThere: boolean) => void;
  #again: Timer | undefined;
  #isClosed = false;

  constructor(options: OwnStreamOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.known = promise;
    this.#tell = resolve;
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#again?.cancel();
    this.#tell(false);
  }

  #open(): void {
    const { peer, head, onText, world } = this.#options;
    const decoder = new StringDecoder("utf8");
    let isStream = false;
    const events = createParser({
      maxBufferSize: answerBytesMax,
      onEvent: ({ event, data }) => {
        if (data !== "" && (event === undefined || event === "message")) onText(data);
      },
    });
    const asker: Asker = {
      head: ({ status, mediaType }: AnswerHead) => {
        isStream = status === 200 && mediaType === "text/event-stream";
        this.#tell(isStream);
      },
      body: (bytes) => {
        if (isStream) events.feed(decoder.write(bytes));
      },
      end: () => undefined,
      broken: () => this.#tell(false),
      released: () => {
        // One that was there and has ended may come again; one that never was is not asked for twice.
        if (!isStream || this.#isClosed) return;
        this.#again = world.timer(againAfterMs, () => {
          if (!this.#isClosed) this.#open();
        });
      },
    };
    peer.send({ head: head(), body: "" }, asker);
  }
}

/** One way out of a caller's connection: the socket to where its requests go, and which of them are unanswered. */
import { connect, type Socket } from "node:net";
import type { Address } from "../../engines/engine.ts";
import type { Timer, World } from "../../world.ts";
import { readAnswers, type HttpReader } from "../http-reader.ts";
import { part, reset } from "../parting.ts";

export interface LegListener {
  readonly opened: (leg: Leg) => void;
  readonly data: (leg: Leg, chunk: Buffer) => void;
  readonly ended: (leg: Leg) => void;
  /** Reset, or never opened. */
  readonly broke: (leg: Leg, error: Error) => void;
  readonly drained: () => void;
  readonly gone: (leg: Leg) => void;
}

const connectMaxMs = 10_000;

/** Nothing of it is read before it is resumed. */
export class Leg {
  /** `host:port` */
  readonly to: string;
  /** It leads to a link, whose troubles are to be passed on as they are. */
  readonly isLink: boolean;
  isOpen = false;
  /** A tunnel: what passes is the two sides' own matter. An answer may make it one. */
  raw: boolean;
  readonly #socket: Socket;
  readonly #world: World;
  readonly #limit: Timer;
  /** The methods of requests whose answer has not come whole. */
  readonly #unanswered: string[] = [];
  readonly #answers: HttpReader;

  constructor(
    about: { readonly to: string; readonly at: Address; readonly isLink: boolean; readonly raw: boolean },
    listener: LegListener,
    world: World,
  ) {
    this.to = about.to;
    this.isLink = about.isLink;
    this.raw = about.raw;
    this.#world = world;
    this.#answers = this.#readAnswers();
    this.#socket = connect({ ...about.at, allowHalfOpen: true, noDelay: true });
    this.#socket.pause();
    this.#limit = world.timer(connectMaxMs, () => this.#socket.destroy(new Error("connecting took too long")));
    this.#socket.once("connect", () => {
      this.#limit.cancel();
      this.isOpen = true;
      listener.opened(this);
    });
    this.#socket.on("data", (chunk) => {
      if (!this.raw) this.#answers.feed(chunk, world.nowUs());
      listener.data(this, chunk);
    });
    this.#socket.on("end", () => {
      this.#answers.finish();
      listener.ended(this);
    });
    this.#socket.on("error", (error) => listener.broke(this, error));
    this.#socket.on("drain", listener.drained);
    this.#socket.once("close", () => {
      this.#limit.cancel();
      listener.gone(this);
    });
  }

  /** Takes a request that is sent from now on. */
  asks(method: string): void {
    this.#unanswered.push(method);
  }

  /** False as long as answers must come first; where they cannot be read, nobody waits for them. */
  get isDone(): boolean {
    return !this.#answers.reading || this.#unanswered.length === 0;
  }

  get takesMore(): boolean {
    return !this.#socket.writableEnded && !this.#socket.destroyed;
  }

  /** Answers whether it wants more at once. */
  send(bytes: Buffer | string): boolean {
    if (!this.takesMore) return true;
    return typeof bytes === "string" ? this.#socket.write(bytes, "latin1") : this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.takesMore) this.#socket.end();
  }

  part(): void {
    part(this.#socket, this.#world);
  }

  reset(): void {
    reset(this.#socket);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #readAnswers(): HttpReader {
    let interim = false;
    return readAnswers({
      head: ({ status }) => {
        interim = status < 200 && status !== 101;
        if (status === 101) this.raw = true;
        return interim || this.#unanswered[0] === "HEAD" ? "nothing" : "body";
      },
      body: () => {},
      end: () => {
        if (!interim) this.#unanswered.shift();
      },
    });
  }
}

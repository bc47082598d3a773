/**
 * One HTTP request of the lean wire: nothing is retried, redirected or hidden. It tells once what came of it, and stays
 * at hand for as long as its connection is in use.
 */
import { codeOf } from "../errors.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import { retryAfterMs } from "../units.ts";
import type { Timer, World } from "../world.ts";
import type { AnswerHead } from "./http-answer.ts";
import type { Asker, Breakage, Connection, Outgoing, Peer } from "./http-peer.ts";
import { bodyReader, type BodyReader, type Found, type Waiting } from "./lean-body.ts";
import { lingerMs, type OpenRequest, type Reply, type Seen } from "./lean-channel.ts";

/** A hostile server must not fill our memory; real answers are far smaller. */
export const answerBytesMax = 8 * 1024 * 1024;

export interface RequestOptions extends Waiting, Outgoing {
  readonly world: World;
  /** Called once, unless the request is destroyed before. */
  readonly tell: (reply: Reply) => void;
  /** The connection is free again, or gone. */
  readonly onClosed: () => void;
}

export function openRequest(peer: Peer, options: RequestOptions): OpenRequest {
  return new Request(peer, options);
}

class Request implements OpenRequest, Asker {
  readonly #options: RequestOptions;
  readonly #connection: Connection;
  readonly #seen: Seen;
  #isTold = false;
  #isReleased = false;
  #bytes = 0;
  #lingering: Timer | undefined;
  #head: AnswerHead | undefined;
  #reader: BodyReader | undefined;

  constructor(peer: Peer, options: RequestOptions) {
    this.#options = options;
    this.#connection = peer.send(options, this);
    this.#seen = { reusedSocket: this.#connection.isReused };
  }

  seen(): Readonly<Seen> {
    return this.#seen;
  }

  linger(): void {
    if (this.#isReleased) return;
    this.#lingering ??= this.#options.world.timer(lingerMs, () => this.destroy());
  }

  destroy(): void {
    this.#isTold = true;
    this.#connection.dropFor(this);
  }

  head(head: AnswerHead): void {
    this.#head = head;
    this.#reader = bodyReader(head, this.#options);
    this.#seen.status = head.status;
    this.#seen.bytes = 0;
    if (head.retryAfter === undefined) return;
    const waitMs = retryAfterMs(head.retryAfter, this.#options.world.date());
    if (waitMs !== undefined) this.#seen.retryAfterMs = waitMs;
  }

  body(bytes: Buffer, isLast: boolean): void {
    this.#bytes += bytes.length;
    this.#seen.bytes = this.#bytes;
    if (this.#bytes > answerBytesMax) {
      if (this.#reader !== undefined) this.#settle(this.#reader.cut("oversized"));
      this.destroy();
      return;
    }
    const found = this.#reader?.feed(isLast ? bytes : Buffer.from(bytes));
    if (found === undefined || this.#isTold) return;
    this.#settle(found);
    this.linger();
  }

  end(): void {
    if (this.#reader !== undefined) this.#settle(this.#reader.end());
  }

  broken(by: Breakage): void {
    this.#settle(this.#reader?.cut("truncated") ?? brokenBy(by));
  }

  released(): void {
    this.#isReleased = true;
    this.#lingering?.cancel();
    this.#options.onClosed();
  }

  #settle(found: Found): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const sessionId = this.#head?.sessionId;
    this.#options.tell({ ...found, seen: this.#seen, ...(sessionId === undefined ? {} : { sessionId }) });
  }
}

export function brokenBy(by: Breakage): Found {
  switch (by.is) {
    case "error":
      return { is: "failure", class: classOfError(by.error), cause: by.error };
    case "closed":
      return { is: "failure", class: "closed", cause: new Error("socket hang up") };
    case "upgraded":
      return { is: "failure", class: "closed" };
    case "broken":
      return { is: "failure", class: "malformed-answer", text: by.bytes.toString() };
    case "oversized":
      return { is: "failure", class: "oversized", text: by.bytes.toString() };
    default:
      return by satisfies never;
  }
}

const unreachableCodes: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "EHOSTDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
]);

// A certificate is judged before the first byte of the request goes out.
const certificateCodes = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

/** What an error before the first byte of an answer means. */
export function classOfError(error: Error): OutcomeClass {
  const code = codeOf(error) ?? "";
  const syscall = "syscall" in error ? error.syscall : undefined;
  // Once bytes have flowed, the same codes no longer mean that nothing was sent.
  if (syscall === "read" || syscall === "write") return code === "ECONNRESET" || code === "EPIPE" ? "reset" : "closed";
  if (code === "ECONNREFUSED") return "refused";
  if (syscall === "connect" || syscall === "getaddrinfo" || unreachableCodes.has(code)) return "unreachable";
  return certificateCodes.test(code) ? "unreachable" : "closed";
}

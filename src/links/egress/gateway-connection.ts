/**
 * One connection of a caller to the egress gateway. Bytes, ends and resets go over as they come; only the heads of
 * requests that are not in a tunnel are rewritten. A caller may ask for one destination after another:
 *
 *   caller ◀──▶ (this) ◀── first leg ──▶ link of api.example.com:80
 *                      ·── next leg ───▶ link of other.example.com:80, unread until the first leg is done
 */
import type { Socket } from "node:net";
import type { Address } from "../../engines/engine.ts";
import { messageOf } from "../../errors.ts";
import { destinationSaid, type Destination } from "../../history/destination.ts";
import type { World } from "../../world.ts";
import type { RequestHead } from "../http-head.ts";
import { linesBytesMax, readRequests, type Follows } from "../http-reader.ts";
import { part, reset } from "../parting.ts";
import { Leg } from "./leg.ts";
import { wantedBy } from "./wanted.ts";

export type Route =
  | { readonly is: "link"; readonly at: Address }
  /** Let through as it is. */
  | { readonly is: "open" }
  | { readonly is: "refused"; readonly says: string };

export interface GatewayContext {
  readonly route: (to: Destination) => Route;
  readonly world: World;
}

export class GatewayConnection {
  readonly #context: GatewayContext;
  readonly #caller: Socket;
  /** The first is the one whose answers pass. */
  readonly #legs: Leg[] = [];
  /** Those that live, the legs done with among them. */
  readonly #live = new Set<Leg>();
  readonly #onGone: () => void;
  readonly #requests = readRequests({
    head: (head, _startedUs, offset) => this.#asked(head, offset),
    body: () => {},
    end: (offset) => this.#requestOver(offset),
  });
  #tunnel: Leg | undefined;
  /** Where the request goes whose bytes are passing. */
  #asking: Leg | undefined;
  #chunk: Buffer = Buffer.alloc(0);
  /** Up to here the chunk has been dealt with. */
  #from = 0;
  /** Bytes of a head that is not whole. */
  #headBytes = 0;
  #lastWords: string | undefined;
  #over = false;

  constructor(caller: Socket, context: GatewayContext, onGone: () => void) {
    this.#caller = caller;
    this.#context = context;
    this.#onGone = onGone;
    caller.on("data", (chunk) => this.#up(chunk));
    caller.on("drain", () => this.#legs[0]?.resume());
    caller.on("end", () => this.#callerEnded());
    caller.on("error", () => this.#break());
    caller.once("close", () => this.#forget());
  }

  close(): void {
    this.#over = true;
    this.#caller.destroy();
    for (const leg of this.#live) leg.destroy();
  }

  #up(chunk: Buffer): void {
    if (this.#over) return;
    this.#tunnel ??= this.#legs.find(({ raw }) => raw);
    this.#chunk = chunk;
    this.#from = 0;
    if (this.#tunnel === undefined) this.#read();
    const to = this.#tunnel ?? this.#asking;
    if (to !== undefined && this.#from < chunk.length) this.#send(to, chunk.subarray(this.#from));
  }

  #read(): void {
    this.#requests.feed(this.#chunk, this.#context.world.nowUs());
    if (this.#tunnel !== undefined || this.#lastWords !== undefined) return;
    if (this.#asking === undefined) this.#headBytes += this.#chunk.length - this.#from;
    if (this.#requests.reading) return;
    this.#asking = undefined;
    if (this.#headBytes < linesBytesMax) this.#end("400 Bad Request", "this is no HTTP that a proxy could read");
    else this.#end("431 Request Header Fields Too Large", `the head has more than ${linesBytesMax} bytes`);
  }

  #asked(head: RequestHead, offset: number): Follows {
    this.#from = offset;
    this.#headBytes = 0;
    const wanted = wantedBy(head);
    if (wanted.is === "wrong") return this.#end("400 Bad Request", wanted.says);
    const route = this.#context.route(wanted.to);
    if (route.is === "refused") return this.#end("403 Forbidden", route.says);
    const raw = wanted.is === "tunnel";
    if (raw && this.#legs.some((leg) => !leg.isDone)) {
      return this.#end("400 Bad Request", "expected CONNECT only once all answers have come");
    }
    const leg = this.#legTo(wanted.to, route, raw);
    if (wanted.is === "tunnel") {
      this.#tunnel = leg;
      this.#requests.stop();
      return "other-protocol";
    }
    leg.asks(head.method);
    this.#send(leg, wanted.head);
    this.#asking = leg;
    return "body";
  }

  #requestOver(offset: number): void {
    if (this.#asking !== undefined) this.#send(this.#asking, this.#chunk.subarray(this.#from, offset));
    this.#from = offset;
    this.#asking = undefined;
  }

  #legTo(destination: Destination, route: Exclude<Route, { readonly is: "refused" }>, raw: boolean): Leg {
    const to = destinationSaid(destination);
    const last = this.#legs.at(-1);
    if (last !== undefined && !raw && last.to === to && last.takesMore) return last;
    const leg = new Leg(
      { to, at: route.is === "link" ? route.at : destination, isLink: route.is === "link", raw },
      {
        opened: (opened) => this.#opened(opened),
        data: (_, chunk) => this.#down(chunk),
        ended: (ended) => this.#legEnded(ended),
        broke: (broken, error) => this.#legBroke(broken, error),
        drained: () => this.#caller.resume(),
        gone: (gone) => this.#live.delete(gone),
      },
      this.#context.world,
    );
    this.#live.add(leg);
    this.#legs.push(leg);
    this.#advance();
    return leg;
  }

  #opened(leg: Leg): void {
    if (leg === this.#tunnel) this.#caller.write("HTTP/1.1 200 Connection established\r\n\r\n");
    this.#advance();
  }

  #send(leg: Leg, bytes: Buffer | string): void {
    if (bytes.length > 0 && !leg.send(bytes)) this.#caller.pause();
  }

  #down(chunk: Buffer): void {
    if (!this.#caller.write(chunk)) this.#legs[0]?.pause();
    this.#advance();
  }

  /** Lets the answers of the next leg through once those of the one before it have passed. */
  #advance(): void {
    if (this.#over) return;
    for (let [first, next] = this.#legs; first !== undefined && next !== undefined && first.isDone;) {
      first.part();
      this.#legs.shift();
      [first, next] = this.#legs;
    }
    const [current] = this.#legs;
    if (current?.isDone !== false && this.#lastWords !== undefined) this.#sayLastWords(this.#lastWords);
    else if (current?.isOpen === true && !this.#caller.writableNeedDrain) current.resume();
  }

  #legEnded(leg: Leg): void {
    if (this.#over || leg !== this.#legs[0]) return;
    const hasMore = this.#legs.length > 1 || this.#lastWords !== undefined;
    // An answer that never came whole ends all: what the caller still expects would be taken for it.
    if (hasMore && leg.isDone) this.#advance();
    else this.#caller.end();
  }

  #legBroke(leg: Leg, error: Error): void {
    if (this.#over || !this.#legs.includes(leg)) return;
    if (leg.isOpen || leg.isLink) this.#break();
    else this.#end("502 Bad Gateway", `${leg.to} cannot be reached: ${messageOf(error)}`, "at once");
  }

  #callerEnded(): void {
    for (const leg of this.#legs) leg.end();
    if (this.#legs.length === 0) this.#caller.end();
  }

  /** Says why nothing more is done for this caller, after the answers that it still awaits. */
  #end(status: string, says: string, when?: "at once"): "nothing" {
    this.#requests.stop();
    const body = `Squall: ${says}\n`;
    const headers = ["Content-Type: text/plain; charset=utf-8", `Content-Length: ${Buffer.byteLength(body)}`];
    this.#lastWords = [`HTTP/1.1 ${status}`, ...headers, "Connection: close", "", body].join("\r\n");
    if (when === "at once") this.#sayLastWords(this.#lastWords);
    else this.#advance();
    return "nothing";
  }

  #sayLastWords(words: string): void {
    this.#over = true;
    this.#caller.write(words);
    part(this.#caller, this.#context.world);
    for (const leg of this.#live) leg.part();
  }

  #break(): void {
    if (this.#over) return;
    this.#over = true;
    reset(this.#caller);
    for (const leg of this.#live) leg.reset();
  }

  #forget(): void {
    if (!this.#over) for (const leg of this.#live) leg.part();
    this.#onGone();
  }
}

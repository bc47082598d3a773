/**
 * What the streams of one session bring, as far as it tells whether a lost one was resumed as it should be: which events
 * came, whether they had come before, and whether they belong to another stream.
 */
import { hash } from "node:crypto";
import { parsedJson } from "../history/shape.ts";
import { isObject } from "./lean-rpc.ts";

/** More are not remembered: a server that sends without end must not fill our memory. */
const rememberedMax = 4096;

/** What a header can hold; with another id nothing can be asked for. */
const sendable = /^[^\p{Cc}]+$/u;
const idCharsMax = 2048;

interface Remembered {
  readonly stream: number;
  readonly digest: string;
}

/** What the streams of one session have brought, by the ids of their events; of these the oldest make room. */
export class StreamDesk {
  readonly #seen = new Map<string, Remembered>();

  /** Where an event of this id came before. */
  note(id: string, event: Remembered): Remembered | undefined {
    const before = this.#seen.get(id);
    if (before !== undefined) return before;
    if (this.#seen.size >= rememberedMax) this.#seen.delete(this.#seen.keys().next().value ?? "");
    this.#seen.set(id, event);
    return undefined;
  }
}

export interface StreamEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/** The stream of one request, over all connections that it comes on. */
export class StreamWatch {
  events = 0;
  lastEventId: string | undefined;
  retryMs: number | undefined;
  sharedIds = 0;
  twice = 0;
  foreign = 0;
  /** Whether the connection is one that was to bring the rest. */
  isResumed = false;
  readonly #desk: StreamDesk;
  /** The JSON-RPC id of its request, by which its stream is known here. */
  readonly #of: number;

  constructor(desk: StreamDesk, of: number) {
    this.#desk = desk;
    this.#of = of;
  }

  event({ id, data }: StreamEvent): void {
    this.events += 1;
    const before = id === undefined || id === "" ? undefined : this.#note(id, data);
    if (!this.isResumed) {
      if (before !== undefined && before !== "same") this.sharedIds += 1;
    } else if (before === "same") this.twice += 1;
    else if (before === "other" || this.#answersAnother(data)) this.foreign += 1;
    else if (before === "shared") this.sharedIds += 1;
  }

  /** An event may bring nothing but an id to resume from; one with an empty id takes that away. */
  id(id: string): void {
    this.lastEventId = id !== "" && id.length <= idCharsMax && sendable.test(id) ? id : undefined;
  }

  /** What stands in the event is the same as before, on this stream or another; or only the id is shared. */
  #note(id: string, data: string): "same" | "other" | "shared" | undefined {
    const digest = hash("sha1", data);
    const before = this.#desk.note(id, { stream: this.#of, digest });
    if (before === undefined) return undefined;
    if (before.stream === this.#of) return "same";
    return before.digest === digest ? "other" : "shared";
  }

  /** Ids of requests count up from one, so a smaller one was for an earlier request of this session. */
  #answersAnother(data: string): boolean {
    const message = parsedJson(data);
    if (!isObject(message) || "method" in message || !("result" in message || "error" in message)) return false;
    const { id } = message;
    return typeof id === "number" && id !== this.#of && id >= 1;
  }
}

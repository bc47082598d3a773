/**
 * Listening at a transport of the SDKs, whichever version: what passes is heard and left as it is. Over HTTP the SDKs do
 * not tell which stream a message came on, so its order with others is not known there.
 */
import { Ear, endsCall, type Hears, type Told, type Token } from "./ear.ts";
import { isObject, readMessage } from "./lean-rpc.ts";

/** What the transports of both versions have in common. */
interface Tappable<Message, Options> {
  send(message: Message, options?: Options): Promise<void>;
  onmessage?: ((message: Message) => void) | undefined;
}

/** To be done before a client connects: it hands on to whoever was there before it. */
export function listenAt<Message, Options>(transport: Tappable<Message, Options>, ear: SdkEar): void {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    ear.sent(message);
    return send(message, options);
  };
  Object.assign(transport, { onmessage: (message: Message) => ear.came(message) });
}

export class SdkEar {
  readonly #ear: Ear;
  /** Calls whose tokens are not known yet, by the trace that they carry: the SDK draws tokens itself. */
  readonly #awaited = new Map<string, Told>();
  readonly #tokens = new Map<string, Token>();
  readonly #isPipe: boolean;

  constructor({ hears, isPipe }: { readonly hears?: Hears | undefined; readonly isPipe: boolean }) {
    this.#ear = new Ear(hears);
    this.#isPipe = isPipe;
  }

  begin(trace: string, told: Told): void {
    this.#awaited.set(trace, told);
  }

  end(trace: string, is: "answered" | "left"): void {
    this.#awaited.delete(trace);
    const token = this.#tokens.get(trace);
    if (token === undefined) return;
    this.#tokens.delete(trace);
    this.#ear.end(token, is);
  }

  /** A message on its way to the server. */
  sent(message: unknown): void {
    if (this.#awaited.size === 0 || !isObject(message) || !isObject(message["params"])) return;
    const { _meta: meta } = message["params"];
    if (!isObject(meta)) return;
    const { traceparent: trace, progressToken: token } = meta;
    if (typeof trace !== "string" || (typeof token !== "string" && typeof token !== "number")) return;
    const told = this.#awaited.get(trace);
    if (told === undefined) return;
    this.#ear.begin(token, told);
    this.#tokens.set(trace, token);
  }

  /** A message from the server, before its client reads it. */
  came(value: unknown): void {
    if (!isObject(value)) return;
    const id = value["id"];
    const message = readMessage(value, typeof id === "number" ? id : undefined);
    if (message.is === "notification") this.#ear.hear(message.notification, { is: this.#isPipe ? "pipe" : "aside" });
    // The SDKs' tokens are the ids of their requests.
    else if (message.is === "answer" && typeof id === "number" && endsCall(message.answer)) {
      this.#ear.end(id, "answered");
    }
  }
}

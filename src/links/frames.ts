/**
 * The messages between one client and one stdio process, read as they pass: each request joined with its answer by its
 * id. Lines pass unchanged; only answers that a rule wants are held back.
 */
import type { Exchange } from "../history/events.ts";
import type { Eater } from "./answer-rules.ts";
import { joinedBy } from "./canary.ts";
import { answeredIn, requestsIn, type RpcRequest } from "./tool-call.ts";
import type { LinkContext } from "./traffic.ts";
import { msBetween } from "./waits.ts";

type Id = RpcRequest["id"];

interface OpenFrame {
  readonly request: RpcRequest;
  readonly joined: Pick<Exchange, "ops" | "attempt">;
  readonly sentUs: number;
  readonly bytesUp: number;
  readonly eater: Eater | undefined;
}

/** All but the protocol, which frames tell by themselves. */
export type FrameContext = Omit<LinkContext, "protocol" | "exchangeWaits" | "closeWaits">;

// Requests that were given up are never answered; of these the oldest make room.
const openMax = 10_000;

export class Frames {
  readonly #context: FrameContext;
  readonly #connection: number;
  readonly #open = new Map<Id, OpenFrame>();

  constructor(context: FrameContext, connection: number) {
    this.#context = context;
    this.#connection = connection;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** A line of the client that has been sent just now. */
  up(line: string): void {
    const { recorder, tracer, rules } = this.#context;
    const requests = requestsIn(line);
    if (requests.length === 0) return;
    const sentUs = recorder.nowUs();
    const joined = joinedBy(tracer, line);
    const bytesUp = Buffer.byteLength(line) + 1;
    for (const request of requests) {
      this.#drop(this.#open.get(request.id), "caller-left");
      const { tool, method } = request;
      // Only tool calls act; a session whose opening is eaten could not be called at all.
      const eater = tool === undefined ? undefined : rules.take({ method, path: "", tool });
      this.#open.set(request.id, { request, joined, sentUs, bytesUp, eater });
      if (tool !== undefined) this.#context.sign({ is: "called", tool });
      const [oldest] = this.#open.values();
      if (this.#open.size > openMax) this.#drop(oldest, "caller-left");
    }
  }

  /** A line of the server whose first byte came then; whether the client shall have it. */
  down(line: Buffer, firstByteUs: number): boolean {
    if (this.#open.size === 0) return true;
    let pass = true;
    for (const id of answeredIn(line.toString())) {
      const frame = this.#open.get(id);
      if (frame !== undefined && this.#answered(frame, { firstByteUs, bytesDown: line.length + 1 }) === "eaten") {
        pass = false;
      }
    }
    return pass;
  }

  reportSilence(): void {
    const { recorder, waits, sign } = this.#context;
    for (const { sentUs } of this.#open.values()) {
      sign({ is: "silent", waitedMs: msBetween(sentUs, recorder.nowUs()), usualMs: waits.usualMs() });
    }
  }

  /** Records every exchange that is still open as ended so. */
  end(ended: Exchange["ended"]): void {
    for (const frame of this.#open.values()) this.#drop(frame, ended);
  }

  #answered(frame: OpenFrame, answer: { firstByteUs: number; bytesDown: number }): "answered" | "eaten" {
    const { waits, sign } = this.#context;
    const { sentUs, eater, request } = frame;
    const { firstByteUs } = answer;
    const ended = eater?.on === true ? "eaten" : "answered";
    this.#open.delete(request.id);
    this.#record(frame, { ended, ...answer });
    if (eater?.on === true) sign({ is: "answer-eaten", rule: eater.rule });
    else {
      eater?.giveBack();
      sign({ is: "answered", waitedMs: msBetween(sentUs, firstByteUs), usualMs: waits.usualMs() });
    }
    waits.add({ sentUs, answeredUs: firstByteUs });
    return ended;
  }

  #drop(frame: OpenFrame | undefined, ended: Exchange["ended"]): void {
    if (frame === undefined) return;
    this.#open.delete(frame.request.id);
    frame.eater?.giveBack();
    this.#record(frame, { ended, bytesDown: 0 });
  }

  #record(
    { request, joined, sentUs, bytesUp }: OpenFrame,
    how: Pick<Exchange, "ended" | "firstByteUs" | "bytesDown">,
  ): void {
    const { link, recorder, sign } = this.#context;
    if (request.tool !== undefined) sign({ is: "returned", tool: request.tool });
    recorder.record({
      type: "exchange",
      link,
      connection: this.#connection,
      ...joined,
      method: request.method,
      path: "",
      ...(request.tool === undefined ? {} : { tool: request.tool }),
      // A line goes out in one piece.
      startedUs: sentUs,
      sentUs,
      bytesUp,
      ...how,
    });
  }
}

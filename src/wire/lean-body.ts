/**
 * Reading the body of one HTTP answer: bytes come in, what they came to goes out. Which reader fits depends on status
 * and content type; how the bytes were cut into chunks never matters.
 */
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { parsedJson } from "../history/shape.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import type { AnswerHead } from "./http-answer.ts";
import {
  readMessage,
  refusalErrorOf,
  type Notification,
  type RpcAnswer,
  type RpcError,
  type ServerRequest,
} from "./lean-rpc.ts";
import type { StreamWatch } from "./stream-watch.ts";

/** What one request came to. */
export type Found =
  | { readonly is: "answer"; readonly answer: RpcAnswer }
  | {
      readonly is: "failure";
      readonly class: OutcomeClass;
      /** The body as it came, where it is odd enough to be quoted. */
      readonly text?: string;
      readonly error?: RpcError;
      readonly cause?: unknown;
    };

export interface BodyReader {
  /** Answers as soon as the answer is there: an event stream may go on after it. */
  feed(chunk: Buffer): Found | undefined;
  /** The body ended as it should. */
  end(): Found;
  /** The connection broke inside the body, or the body grew too large. */
  cut(because: "truncated" | "oversized"): Found;
}

export interface Waiting {
  /** The id that the answer must carry; absent for notifications. */
  readonly id: number | undefined;
  /** Whether the request named a session. */
  readonly inSession: boolean;
  readonly onServerRequest: (request: ServerRequest) => void;
  /** `behind`: the answer that came before it on the same stream. */
  readonly onNotification: (notification: Notification, behind: RpcAnswer | undefined) => void;
  /** Told of what comes where the answer is an event stream that may be resumed. */
  readonly stream?: StreamWatch | undefined;
}

export function bodyReader({ status, mediaType }: AnswerHead, waiting: Waiting): BodyReader {
  if (status < 200 || status > 299) return refusalReader(status, waiting);
  if (status === 202) return acceptedReader;
  if (mediaType === "text/event-stream") return eventReader(waiting);
  return mediaType === "application/json" ? jsonReader(waiting) : strangeReader();
}

const failure = (name: OutcomeClass, text?: string, error?: RpcError): Found => ({
  is: "failure",
  class: name,
  ...(text === undefined ? {} : { text }),
  ...(error === undefined ? {} : { error }),
});

function jsonReader(waiting: Waiting): BodyReader {
  const body = collected();
  return {
    feed: body.add,
    end: () => {
      const text = body.text();
      if (text.trim() === "") return failure("empty-answer");
      const gleaned = gleaning(waiting);
      return gleaned.read(text) ?? gleaned.odd() ?? failure("malformed-answer", text);
    },
    cut: (because) => failure(because),
  };
}

function eventReader(waiting: Waiting): BodyReader {
  const { stream } = waiting;
  // Bytes may be cut inside a character; the decoder keeps the rest for the next chunk.
  const decoder = new StringDecoder("utf8");
  const gleaned = gleaning(waiting);
  let found: Found | undefined;
  const parser = createParser({
    ...(stream === undefined
      ? {}
      : { onId: (last: string) => stream.id(last), onRetry: (ms: number) => void (stream.retryMs = ms) }),
    onEvent: ({ id: eventId, event, data }) => {
      stream?.event({ id: eventId, data });
      // An event without data only carries an id to resume from; events of other names are not messages.
      if (data === "" || (event !== undefined && event !== "message")) return;
      const read = gleaned.read(data);
      found ??= read;
    },
  });
  return {
    feed: (chunk) => {
      parser.feed(decoder.write(chunk));
      return found;
    },
    end: () => found ?? gleaned.odd() ?? failure("stream-ended"),
    cut: (because) => found ?? failure(because),
  };
}

/** An HTTP error says no by its status, whatever becomes of its body. */
function refusalReader(status: number, { id, inSession }: Waiting): BodyReader {
  const body = collected();
  const refusal = (): Found => {
    const text = body.text();
    return failure(refusalClass(status, inSession), text, refusalErrorOf(parsedJson(text), id));
  };
  return { feed: body.add, end: refusal, cut: refusal };
}

export function refusalClass(status: number, inSession: boolean): OutcomeClass {
  if (status === 404 && inSession) return "session-lost";
  return status === 502 || status === 504 ? "http-gateway" : "http-refusal";
}

const acceptedReader: BodyReader = {
  feed: () => undefined,
  end: () => failure("accepted-only"),
  cut: () => failure("accepted-only"),
};

function strangeReader(): BodyReader {
  const body = collected();
  return {
    feed: body.add,
    end: () => {
      const text = body.text();
      return text.trim() === "" ? failure("empty-answer") : failure("not-mcp", text);
    },
    cut: (because) => failure(because),
  };
}

interface Gleaning {
  /** The answer that the text holds; whatever else it holds is dealt with or kept as odd. */
  read(text: string): Found | undefined;
  /** The first thing that was meant as an answer and is none for us. */
  odd(): Found | undefined;
}

function gleaning({ id, onServerRequest, onNotification }: Waiting): Gleaning {
  let odd: Found | undefined;
  let answer: RpcAnswer | undefined;

  const readOne = (value: unknown, text: string): Found | undefined => {
    const message = readMessage(value, id);
    switch (message.is) {
      case "answer":
        return message;
      case "malformed":
        if (message.ours) return failure("malformed-answer", text);
        odd ??= failure("malformed-answer", text);
        return undefined;
      case "wrong-id":
        odd ??= failure("wrong-id", undefined, message.error);
        return undefined;
      case "request":
        onServerRequest(message.request);
        return undefined;
      case "notification":
        onNotification(message.notification, answer);
        return undefined;
      default:
        return message satisfies never;
    }
  };

  return {
    read: (text) => {
      const value = valueOf(text);
      // Revision 2025-03-26 lets a server send several messages at once.
      let found: Found | undefined;
      for (const message of Array.isArray(value) ? value : [value]) {
        const read = readOne(message, text);
        found ??= read;
      }
      // Not before: within one batch the order says nothing.
      if (found?.is === "answer") answer ??= found.answer;
      return found;
    },
    odd: () => odd,
  };
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Chunks put together only once, at the end. */
function collected(): { readonly add: (chunk: Buffer) => undefined; readonly text: () => string } {
  // Most answers are of one chunk.
  let chunks: Buffer | Buffer[] | undefined;
  return {
    add: (chunk) => {
      if (chunks === undefined) chunks = chunk;
      else if (Array.isArray(chunks)) chunks.push(chunk);
      else chunks = [chunks, chunk];
    },
    text: () => {
      const text = (Array.isArray(chunks) ? Buffer.concat(chunks) : (chunks ?? "")).toString();
      return text.startsWith("\uFEFF") ? text.slice(1) : text;
    },
  };
}

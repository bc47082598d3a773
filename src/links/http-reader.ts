/**
 * A passive reader of one direction of HTTP/1.1: it is fed what passes anyway and tells what it understood. What it does
 * not understand stops it, never the traffic.
 */
import { HTTPParser, methods } from "http-parser-js";

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: RawHeaders;
  readonly keepAlive: boolean;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly keepAlive: boolean;
}

/** Names and values in turn, as they came. */
export type RawHeaders = readonly string[];

/** What comes behind a head: a body as the head says, none whatever it says, or something other than HTTP. */
export type Follows = "body" | "nothing" | "other-protocol";

export interface MessageListener<Head> {
  head(head: Head, startedUs: number): Follows;
  body(bytes: Buffer): void;
  /** The message is complete; the next one starts at this offset of the chunk that is being fed. */
  end(offset: number): void;
}

export interface HttpReader {
  feed(chunk: Buffer, nowUs: number): void;
  /** The stream has ended, which completes an answer without a length. */
  finish(): void;
  stop(): void;
  /** False once it was stopped, by others or by bytes that are not HTTP. */
  readonly reading: boolean;
}

export function readRequests(listener: MessageListener<RequestHead>): HttpReader {
  return readMessages("REQUEST", {
    ...listener,
    head: ({ method, url, headers, shouldKeepAlive }, startedUs) =>
      listener.head({ method: methods[method] ?? "", url, headers, keepAlive: shouldKeepAlive }, startedUs),
  });
}

export function readAnswers(listener: MessageListener<AnswerHead>): HttpReader {
  return readMessages("RESPONSE", {
    ...listener,
    head: ({ statusCode, headers, shouldKeepAlive }, startedUs) =>
      listener.head({ status: statusCode, headers, keepAlive: shouldKeepAlive }, startedUs),
  });
}

/** The value of a header; of several, the first. */
export function headerOf(headers: RawHeaders, name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : headers[at + 1];
}

type Parser = InstanceType<typeof HTTPParser>;
type ParsedHead = Parameters<Parser[typeof HTTPParser.kOnHeadersComplete]>[0];

class NotHttp extends Error {
  override readonly name = "NotHttp";
}

// The parser's own codes: skip nothing, skip the body, leave the rest of the chunk alone.
const codeOfFollows = { body: 0, nothing: 1, "other-protocol": 2 } as const satisfies Record<Follows, number>;
// The parser bounds heads, but not the lines between chunks nor trailers; no honest peer sends that many.
const fruitlessBytesMax = 256 * 1024;

function readMessages(kind: "REQUEST" | "RESPONSE", listener: MessageListener<ParsedHead>): HttpReader {
  // Where the parser stands in the chunk is what splits one message's bytes from the next's; its declaration leaves it out.
  const parser = new HTTPParser(kind) as Parser & { readonly offset: number };
  let reading = true;
  let nowUs = 0;
  let startedUs: number | undefined;
  let fruitlessBytes = 0;

  parser[HTTPParser.kOnHeadersComplete] = (head) => {
    if (!reading) return codeOfFollows["other-protocol"];
    refuseOddLength(head.headers);
    fruitlessBytes = 0;
    const follows = listener.head(head, startedUs ?? nowUs);
    return codeOfFollows[follows];
  };
  parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
    // A negative chunk size would send the parser back over the same bytes for ever.
    if (!(length > 0)) throw new NotHttp();
    fruitlessBytes = 0;
    if (reading) listener.body(chunk.subarray(offset, offset + length));
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    fruitlessBytes = 0;
    startedUs = undefined;
    if (reading) listener.end(parser.offset);
  };

  return {
    feed: (chunk, at) => {
      nowUs = at;
      startedUs ??= at;
      fruitlessBytes += chunk.length;
      if (reading) reading = understood(parser, chunk, () => reading) && fruitlessBytes <= fruitlessBytesMax && reading;
    },
    finish: () => {
      if (reading) parser.finish();
    },
    stop: () => {
      reading = false;
    },
    get reading() {
      return reading;
    },
  };
}

/** Feeds a whole chunk; after a head that asks for an upgrade the parser pauses and wants to be called again. */
function understood(parser: Parser, chunk: Buffer, wanted: () => boolean): boolean {
  try {
    for (let at = 0; at < chunk.length && wanted();) {
      const read = parser.execute(chunk, at, chunk.length - at);
      if (typeof read !== "number" || !(read > 0)) return false;
      at += read;
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof NotHttp) return false;
    throw thrown;
  }
}

// The parser takes any number, and a negative one makes it read the same bytes for ever.
function refuseOddLength(headers: RawHeaders): void {
  for (const [index, name] of headers.entries()) {
    if (index % 2 === 0 && name.toLowerCase() === "content-length" && !/^\d{1,15}$/.test(headers[index + 1] ?? "")) {
      throw new NotHttp();
    }
  }
}

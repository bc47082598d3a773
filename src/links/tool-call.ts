/** The request inside a JSON-RPC body, and the answer to it inside an event stream. */
import { createParser } from "eventsource-parser";
import { z } from "zod";
import { namedMethods, requestName } from "../history/request-names.ts";
import { parsedJson } from "../history/shape.ts";

/** What a body asks: of several, the tool call. */
export function askedIn(body: string): RpcRequest | undefined {
  let first: RpcRequest | undefined;
  for (const message of messagesIn(body)) {
    const asked = requestOf(message);
    if (asked?.method === "tools/call") return asked;
    first ??= asked;
  }
  return first;
}

/** Reads an event stream as it comes, and tells the answer to the request of this id once that has come. */
export function watchForAnswer(id: string | number): (bytes: Buffer) => string | undefined {
  const decoder = new TextDecoder();
  let seen: string | undefined;
  let readable = true;
  const events = createParser({
    maxBufferSize: streamBufferedCharsMax,
    onEvent: ({ data }) => {
      if (messagesIn(data).some((message) => answer.safeParse(message).data?.id === id)) seen ??= data;
    },
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") readable = false;
    },
  });
  return (bytes) => {
    if (readable && seen === undefined) events.feed(decoder.decode(bytes, { stream: true }));
    return seen;
  };
}

// An event longer than this is not looked into; the end of its stream still tells that the answer is complete.
const streamBufferedCharsMax = 4 * 1024 * 1024;

const messageId = z.union([z.string(), z.number()]);
const request = z.object({ id: messageId, method: z.string() });
const named = z.object({ params: z.object({ name: z.string() }) });
// A request of the server's own may carry the same id, but it has a method.
const answer = z.object({ id: messageId, method: z.never().optional() });

export interface RpcRequest {
  readonly id: string | number;
  readonly method: string;
  /** What ops call it: a tool, or the method of what agents ask for beside tools. */
  readonly tool?: string;
}

function requestOf(message: unknown): RpcRequest | undefined {
  const { data } = request.safeParse(message);
  if (data === undefined) return undefined;
  const isCall = data.method === "tools/call";
  if (!isCall && !namedMethods.has(data.method)) return data;
  const name = named.safeParse(message).data?.params.name;
  return isCall && name === undefined ? data : { ...data, tool: requestName(data.method, name ?? "") };
}

/** What is asked in one line of JSON-RPC: its requests, without notifications and answers. */
export function requestsIn(line: string): readonly RpcRequest[] {
  return messagesIn(line).flatMap((message) => requestOf(message) ?? []);
}

/** The ids of the requests that one line of JSON-RPC answers. */
export function answeredIn(line: string): readonly (string | number)[] {
  return messagesIn(line).flatMap((message) => answer.safeParse(message).data?.id ?? []);
}

function messagesIn(text: string): readonly unknown[] {
  const value = parsedJson(text);
  return Array.isArray(value) ? value : [value];
}

/** An answer as the answer to another request. */
export function answerWithId(text: string, id: string | number | undefined): string {
  const message = parsedJson(text);
  if (id === undefined || typeof message !== "object" || message === null || Array.isArray(message)) return text;
  return JSON.stringify({ ...message, id });
}

/** What http-parser-js, a whole parser, makes of a stream: what our reader of the least is held against. */
import { HTTPParser, methods } from "http-parser-js";
import { headerOf } from "../../src/links/http-head.ts";
import { readAnswers, readRequests, type Follows } from "../../src/links/http-reader.ts";

export interface ReadMessage {
  /** The method and URL, or the status. */
  readonly what: string;
  readonly keepAlive: boolean;
  /** By lower-case name; of several the first. */
  readonly headers: ReadonlyMap<string, string>;
  body: string;
  /** How many bytes of the stream had passed when it was complete. */
  endedAt?: number;
}

export interface Reading {
  readonly messages: readonly ReadMessage[];
  readonly reading: boolean;
}

export type Kind = "REQUEST" | "RESPONSE";

/** What a tap tells the reader: nothing follows where an answer's status says so, or this header stands for a HEAD. */
function followsAfter(status: number | undefined, toHead: boolean): Follows {
  if (status === 101) return "other-protocol";
  if (status === undefined) return "body";
  return status < 200 || status === 204 || status === 304 || toHead ? "nothing" : "body";
}

export const toHeadHeader = "x-answers-head";

/** `names` are the headers to ask for, as our reader keeps no list of them. */
export function readWithOurs(kind: Kind, chunks: readonly Buffer[], names: Iterable<string>): Reading {
  const messages: ReadMessage[] = [];
  let before = 0;
  const begin = (what: string, { headers, keepAlive }: { headers: readonly string[]; keepAlive: boolean }): void => {
    const found = [...names].flatMap((name) => {
      const value = headerOf(headers, name);
      return value === undefined ? [] : [[name, value] as const];
    });
    messages.push({ what, keepAlive, headers: new Map(found), body: "" });
  };
  const rest = {
    body: (bytes: Buffer): void => {
      const last = messages.at(-1);
      if (last !== undefined) last.body += bytes.toString("latin1");
    },
    end: (offset: number): void => {
      const last = messages.at(-1);
      if (last !== undefined) last.endedAt = before + offset;
    },
  };
  const reader =
    kind === "REQUEST"
      ? readRequests({
          ...rest,
          head: (head) => {
            begin(`${head.method} ${head.url}`, head);
            return followsAfter(undefined, false);
          },
        })
      : readAnswers({
          ...rest,
          head: (head) => {
            begin(`${head.status}`, head);
            return followsAfter(head.status, headerOf(head.headers, toHeadHeader) !== undefined);
          },
        });
  for (const chunk of chunks) {
    reader.feed(chunk, 0);
    before += chunk.length;
  }
  if (reader.reading) {
    const open = messages.at(-1);
    reader.finish();
    if (open?.endedAt === before) open.endedAt = before;
  }
  return { messages, reading: reader.reading };
}

export function readWithReference(kind: Kind, chunks: readonly Buffer[]): Reading {
  const parser = new HTTPParser(kind) as InstanceType<typeof HTTPParser> & { readonly offset: number };
  const codes = { body: 0, nothing: 1, "other-protocol": 2 } as const satisfies Record<Follows, number>;
  const messages: ReadMessage[] = [];
  let before = 0;
  parser[HTTPParser.kOnHeadersComplete] = (head) => {
    const headers = new Map<string, string>();
    for (let at = 0; at < head.headers.length; at += 2) {
      const name = head.headers[at]?.toLowerCase() ?? "";
      if (name === "content-length" && !/^\d{1,15}$/.test(head.headers[at + 1] ?? "")) throw new Error("no length");
      if (!headers.has(name)) headers.set(name, head.headers[at + 1] ?? "");
    }
    const what = kind === "REQUEST" ? `${methods[head.method] ?? ""} ${head.url}` : `${head.statusCode}`;
    messages.push({ what, keepAlive: head.shouldKeepAlive, headers, body: "" });
    return codes[followsAfter(kind === "REQUEST" ? undefined : head.statusCode, headers.has(toHeadHeader))];
  };
  parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
    // A negative chunk size would send it back over the same bytes for ever.
    if (!(length > 0)) throw new Error("no length");
    const last = messages.at(-1);
    if (last !== undefined) last.body += chunk.subarray(offset, offset + length).toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    const last = messages.at(-1);
    if (last !== undefined) last.endedAt = before + parser.offset;
  };
  let reading = true;
  for (const chunk of chunks) {
    reading &&= readWhole(parser, chunk);
    before += chunk.length;
  }
  const open = messages.at(-1);
  if (reading && open?.endedAt === undefined) {
    parser.finish();
    if (open?.endedAt !== undefined) open.endedAt = before;
  }
  return { messages, reading };
}

/** After a head that asks for an upgrade it pauses and wants to be called again. */
function readWhole(parser: InstanceType<typeof HTTPParser>, chunk: Buffer): boolean {
  try {
    for (let at = 0; at < chunk.length;) {
      const read = parser.execute(chunk, at, chunk.length - at);
      if (typeof read !== "number" || !(read > 0)) return false;
      at += read;
    }
    return true;
  } catch {
    return false;
  }
}

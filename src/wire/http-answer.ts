/**
 * Reading the answers that come on one HTTP/1.1 connection: bytes go in, heads and bodies come out. What the way to us
 * may do to an answer is told apart exactly; how its bytes were cut into chunks never matters.
 */
import { maxHeaderSize } from "node:http";

/** The head of a final answer: what of it matters to a client of MCP. Of headers that come twice the first counts. */
export interface AnswerHead {
  readonly status: number;
  /** In lower case and without parameters. */
  readonly mediaType?: string;
  readonly retryAfter?: string;
  readonly sessionId?: string;
}

export interface AnswerListener {
  head(head: AnswerHead): void;
  /** The bytes are lent: whoever keeps them for longer than this call copies them, unless the body ends with them. */
  body(bytes: Buffer, isLast: boolean): void;
}

/**
 * What the bytes so far have come to. An answer with something behind it has ended too, but its connection is of no
 * further use; so has one that says so. A `broken` head is not HTTP; a `broken` body breaks its own framing.
 */
export type Progress = "under-way" | "ended" | "ended-for-good" | "broken" | "oversized" | "upgraded";

type Expects = "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "close" | "nothing";

// Nobody needs more for the size of a chunk or a trailer.
const lineBytesMax = 4096;
const blankLine = "\r\n\r\n";
const [lf, cr] = [10, 13] as const;

export class AnswerReader {
  #expects: Expects = "head";
  /** Bytes still to come of the body, or of the chunk. */
  #left = 0;
  #trailerBytes = 0;
  #keepsAlive = false;
  #idleMostMs = usualIdleMostMs;
  /** What is too short to be understood yet. */
  #rest: Buffer | undefined;

  /** From now on another answer is read. */
  reset(): void {
    this.#expects = "head";
    this.#rest = undefined;
  }

  /** For so long after the answer its connection may be used again. */
  get idleMostMs(): number {
    return this.#idleMostMs;
  }

  /** The stream has ended: whether that ends the answer as it should. */
  isEndedByClose(): boolean {
    return this.#expects === "close";
  }

  feed(chunk: Buffer, listener: AnswerListener): Progress {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    for (;;) {
      const next = this.#step(bytes, at, listener);
      if (typeof next === "string") return next;
      if (next === at && this.#expects !== "nothing") {
        // It may be lent, and what is kept is short.
        if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
        return "under-way";
      }
      at = next;
      if (this.#expects === "nothing") {
        return at === bytes.length && this.#keepsAlive ? "ended" : "ended-for-good";
      }
    }
  }

  /** Takes the next part and tells where the one after it begins: at the same place if more bytes are needed first. */
  #step(bytes: Buffer, at: number, listener: AnswerListener): number | Exclude<Progress, "under-way" | "ended"> {
    switch (this.#expects) {
      case "head":
        return this.#readHead(bytes, at, listener);
      case "length":
      case "chunk":
        return this.#readKnown(bytes, at, listener);
      case "close":
        if (at < bytes.length) listener.body(bytes.subarray(at), false);
        return bytes.length;
      case "chunk-size":
      case "chunk-end":
      case "trailers":
        return this.#readLine(bytes, at);
      case "nothing":
        return at;
      default:
        return this.#expects satisfies never;
    }
  }

  #readHead(bytes: Buffer, from: number, listener: AnswerListener): number | "broken" | "oversized" | "upgraded" {
    let start = from;
    while (bytes[start] === cr || bytes[start] === lf) start += 1;
    const end = bytes.indexOf(blankLine, start, "latin1");
    if (end === -1) {
      if (!beginsLikeHttp(bytes, start)) return "broken";
      return bytes.length - from > maxHeaderSize ? "oversized" : from;
    }
    if (end - start > maxHeaderSize) return "oversized";
    const head = headOf(bytes.toString("latin1", start, end + 2));
    if (head === undefined) return "broken";
    const after = end + blankLine.length;
    if (head.status === 101) return "upgraded";
    // Whatever else is said in advance, the answer is still to come.
    if (head.status >= 100 && head.status <= 199) return after;

    this.#keepsAlive = head.keepsAlive && head.body !== "close";
    this.#idleMostMs = head.idleMostMs;
    this.#left = typeof head.body === "number" ? head.body : 0;
    this.#trailerBytes = 0;
    this.#expects = head.body === "close" ? "close" : head.body === "chunks" ? "chunk-size" : "length";
    listener.head(head);
    if (this.#expects === "length" && this.#left === 0) this.#expects = "nothing";
    return after;
  }

  #readKnown(bytes: Buffer, at: number, listener: AnswerListener): number {
    const end = Math.min(bytes.length, at + this.#left);
    if (end === at) return at;
    this.#left -= end - at;
    const isLast = this.#left === 0 && this.#expects === "length";
    if (this.#left === 0) this.#expects = isLast ? "nothing" : "chunk-end";
    listener.body(bytes.subarray(at, end), isLast);
    return end;
  }

  #readLine(bytes: Buffer, at: number): number | "broken" {
    const end = bytes.indexOf(lf, at);
    if ((end === -1 ? bytes.length : end) - at > lineBytesMax) return "broken";
    if (end === -1) return at;
    if (bytes[end - 1] !== cr || end === at) return "broken";
    const line = bytes.toString("latin1", at, end - 1);
    return this.#takeLine(line) ? end + 1 : "broken";
  }

  #takeLine(line: string): boolean {
    if (this.#expects === "chunk-end") {
      this.#expects = "chunk-size";
      return line === "";
    }
    if (this.#expects === "trailers") {
      this.#trailerBytes += line.length;
      if (line === "") this.#expects = "nothing";
      return this.#trailerBytes <= maxHeaderSize;
    }
    const [, digits] = chunkSizeLine.exec(line) ?? [];
    if (digits === undefined) return false;
    this.#left = Number.parseInt(digits, 16);
    this.#expects = this.#left === 0 ? "trailers" : "chunk";
    return true;
  }
}

const chunkSizeLine = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i;
const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/;
const headerLine = /([!#$%&'*+.^_`|~\w-]+):([\t\x20-\x7e\x80-\xff]*)\r\n/y;
const protocol = "HTTP/1.";

/** Whoever speaks something else shall not be waited for until it has said a whole head. */
function beginsLikeHttp(bytes: Buffer, at: number): boolean {
  const begin = bytes.toString("latin1", at, Math.min(bytes.length, at + protocol.length));
  return protocol.startsWith(begin);
}

interface ParsedHead extends AnswerHead {
  readonly keepsAlive: boolean;
  readonly idleMostMs: number;
  /** Its length, or how its end is known. */
  readonly body: number | "chunks" | "close";
}

interface Found {
  mediaType?: string;
  retryAfter?: string;
  sessionId?: string;
  connection?: string;
  keepAlive?: string;
  length?: string;
  encoding?: string;
}

// A server repeats its heads to the letter, but for the second and perhaps a length.
const knownHeads = new Map<string, ParsedHead>();
const [knownHeadsMax, knownHeadCharactersMax] = [128, 1024] as const;

function headOf(text: string): ParsedHead | undefined {
  const known = knownHeads.get(text);
  if (known !== undefined) return known;
  const head = parseHead(text);
  if (head === undefined || text.length > knownHeadCharactersMax) return head;
  if (knownHeads.size >= knownHeadsMax) knownHeads.clear();
  knownHeads.set(text, head);
  return head;
}

/** A head without its blank line; undefined where it is none. */
function parseHead(text: string): ParsedHead | undefined {
  const [statusText, minor, digits] = statusLine.exec(text) ?? [];
  if (statusText === undefined) return undefined;
  const status = Number(digits);
  const found: Found = {};
  let at = statusText.length;
  while (at < text.length) {
    headerLine.lastIndex = at;
    const match = headerLine.exec(text);
    if (match === null || !keep(found, match[1] ?? "", (match[2] ?? "").trim())) return undefined;
    at = headerLine.lastIndex;
  }
  // A message that gives its length in two ways is read differently by each who reads it.
  if (found.length !== undefined && found.encoding !== undefined) return undefined;
  return {
    status,
    ...found,
    body: bodyOf(status, found),
    keepsAlive: keepsAlive(minor === "1", found),
    idleMostMs: idleMostMs(found),
  };
}

/** Whether the header may stand there. */
function keep(found: Found, name: string, value: string): boolean {
  switch (name.toLowerCase()) {
    case "content-type":
      found.mediaType ??= value.split(";", 1)[0]?.trim().toLowerCase() ?? "";
      return true;
    case "content-length":
      if (found.length !== undefined || !/^\d{1,15}$/.test(value)) return false;
      found.length = value;
      return true;
    case "transfer-encoding":
      found.encoding = found.encoding === undefined ? value : `${found.encoding}, ${value}`;
      return true;
    case "connection":
      found.connection = found.connection === undefined ? value : `${found.connection}, ${value}`;
      return true;
    case "keep-alive":
      found.keepAlive ??= value;
      return true;
    case "retry-after":
      found.retryAfter ??= value;
      return true;
    case "mcp-session-id":
      found.sessionId ??= value;
      return true;
    default:
      return true;
  }
}

function bodyOf(status: number, { length, encoding }: Found): ParsedHead["body"] {
  if (status === 204 || status === 304) return 0;
  if (encoding !== undefined) return /(?:^|,)[ \t]*chunked$/i.test(encoding) ? "chunks" : "close";
  return length === undefined ? "close" : Number(length);
}

// As Node's own clients have it: many servers close after five seconds without a word, and a request that crosses the
// close on its way is lost.
const usualIdleMostMs = 4000;
const closingMs = 1000;

function idleMostMs({ keepAlive = "" }: Found): number {
  const [, seconds] = /\btimeout=(\d{1,9})\b/i.exec(keepAlive) ?? [];
  return seconds === undefined ? usualIdleMostMs : Number(seconds) * 1000 - closingMs;
}

function keepsAlive(isByDefault: boolean, { connection = "", keepAlive = "" }: Found): boolean {
  // It will be gone before another request could reach it.
  if (/^timeout=[01]\b/.test(keepAlive)) return false;
  if (connection === "keep-alive") return true;
  const words = connection.toLowerCase().split(/[\s,]+/);
  return !words.includes("close") && (isByDefault || words.includes("keep-alive"));
}

/**
 * A passive reader of one direction of HTTP/1.1: it is fed what passes anyway and tells what it understood. What it does
 * not understand stops it, never the traffic. It reads no more than it must: where messages begin and end, and heads.
 */
import { answerHeads, namedLine, requestHeads, type AnswerHead, type HeadKind, type RequestHead } from "./http-head.ts";

/** What comes behind a head: a body as the head says, none whatever it says, or something other than HTTP. */
export type Follows = "body" | "nothing" | "other-protocol";

export interface MessageListener<Head> {
  /** What comes behind the head starts at this offset of the chunk that is being fed. */
  head(head: Head, startedUs: number, offset: number): Follows;
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
  return new MessageReader(requestHeads, listener);
}

export function readAnswers(listener: MessageListener<AnswerHead>): HttpReader {
  return new MessageReader(answerHeads, listener);
}

/**
 * head ─▶ sized │ rest │ nothing ─▶ next head
 *      └▶ size ─▶ chunk ─▶ chunk-end ─▶ size … ─▶ trailers ─▶ next head
 */
type Part = "head" | "sized" | "rest" | "size" | "chunk" | "chunk-end" | "trailers";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
// For a head, for trailers, for what stands between two chunks; no honest peer sends that many.
export const linesBytesMax = 80 * 1024;

class MessageReader<Head> implements HttpReader {
  readonly #kind: HeadKind<Head>;
  readonly #listener: MessageListener<Head>;
  #reading = true;
  #part: Part = "head";
  #nowUs = 0;
  /** When the first byte of the message came. */
  #startedUs: number | undefined;
  /** Bytes read as lines since the last body byte or whole head. */
  #linesBytes = 0;
  /** The beginning of a line whose end has not come. */
  #unfinished = "";
  #startLine = "";
  #headers: string[] = [];
  /** Bytes that the body, or the chunk of it, still has. */
  #left = 0;

  constructor(kind: HeadKind<Head>, listener: MessageListener<Head>) {
    this.#kind = kind;
    this.#listener = listener;
  }

  get reading(): boolean {
    return this.#reading;
  }

  feed(chunk: Buffer, nowUs: number): void {
    this.#nowUs = nowUs;
    for (let at = 0; at < chunk.length && this.#reading;) at = this.#read(chunk, at);
  }

  finish(): void {
    if (this.#reading && this.#part === "rest") this.#messageOver(0);
  }

  stop(): void {
    this.#reading = false;
    this.#unfinished = "";
    this.#headers = [];
  }

  /** Reads one part of the message, or what has come of it; answers where it ends. */
  #read(chunk: Buffer, at: number): number {
    switch (this.#part) {
      case "head":
        return this.#readHead(chunk, at);
      case "sized":
      case "rest":
      case "chunk":
        return this.#readBody(chunk, at);
      default:
        return this.#readLine(chunk, at);
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    this.#startedUs ??= this.#nowUs;
    // One string of all that may belong to the head costs less than a string a line.
    const to = Math.min(chunk.length, at + linesBytesMax);
    const text = this.#unfinished + chunk.toString("latin1", at, to);
    const textAt = at - this.#unfinished.length;
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      const line = text.slice(start, text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end);
      start = end + 1;
      if (line !== "") this.#keepLine(line);
      else if (this.#startLine !== "") return this.#headOver(textAt + start);
    }
    this.#unfinished = text.slice(start);
    // What begins with another protocol's words may never come to an empty line.
    if (this.#startLine !== "" && !this.#kind.begins(this.#startLine)) this.stop();
    this.#countLineBytes(to - at);
    return to;
  }

  #keepLine(line: string): void {
    if (line.includes("\r")) this.stop();
    else if (this.#startLine === "") this.#startLine = line;
    else if (line.startsWith(" ") || line.startsWith("\t")) this.#unfold(line);
    else this.#headers.push(line);
  }

  /** A line that begins with a blank belongs to the header before it. */
  #unfold(line: string): void {
    const at = this.#headers.findLastIndex((header) => namedLine.test(header));
    if (at !== -1) this.#headers[at] = `${this.#headers[at]?.trimEnd()} ${line.trim()}`;
  }

  #headOver(offset: number): number {
    const read = this.#reading ? this.#kind.read(this.#startLine, this.#headers) : undefined;
    this.#unfinished = "";
    this.#startLine = "";
    this.#headers = [];
    this.#linesBytes = 0;
    if (read === undefined) {
      this.stop();
      return offset;
    }
    const follows = this.#listener.head(read.head, this.#startedUs ?? this.#nowUs, offset);
    if (!this.#reading) return offset;
    if (follows !== "body" || read.body === 0) return this.#messageOver(offset);
    if (read.body === "chunked") this.#part = "size";
    else {
      this.#part = read.body === "rest" ? "rest" : "sized";
      this.#left = read.body === "rest" ? Number.POSITIVE_INFINITY : read.body;
    }
    return offset;
  }

  #messageOver(offset: number): number {
    this.#part = "head";
    this.#startedUs = undefined;
    this.#linesBytes = 0;
    this.#listener.end(offset);
    return offset;
  }

  #readBody(chunk: Buffer, at: number): number {
    const to = Math.min(chunk.length, at + this.#left);
    this.#left -= to - at;
    this.#linesBytes = 0;
    this.#listener.body(chunk.subarray(at, to));
    if (this.#left > 0 || !this.#reading) return to;
    if (this.#part === "sized") return this.#messageOver(to);
    this.#part = "chunk-end";
    return to;
  }

  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(lineFeed, at);
    const to = end === -1 ? chunk.length : end;
    this.#countLineBytes(to - at);
    if (!this.#reading) return to;
    const text = this.#unfinished + chunk.toString("latin1", at, to);
    this.#unfinished = end === -1 ? text : "";
    return end === -1 ? to : this.#lineOver(text.endsWith("\r") ? text.slice(0, -1) : text, end + 1);
  }

  #lineOver(line: string, offset: number): number {
    if (line.includes("\r")) this.stop();
    else if (this.#part === "size") this.#chunkBegan(line);
    else if (this.#part === "trailers" && line === "") return this.#messageOver(offset);
    else if (this.#part === "chunk-end") {
      this.#part = "size";
      if (line !== "") this.stop();
    }
    return offset;
  }

  #chunkBegan(line: string): void {
    const [, digits] = /^([\da-f]{1,12})[ \t]*(?:;|$)/i.exec(line) ?? [];
    if (digits === undefined) {
      this.stop();
      return;
    }
    this.#left = Number.parseInt(digits, 16);
    this.#part = this.#left === 0 ? "trailers" : "chunk";
  }

  #countLineBytes(bytes: number): void {
    this.#linesBytes += bytes;
    if (this.#linesBytes >= linesBytesMax) this.stop();
  }
}

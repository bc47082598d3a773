/** The head of an HTTP/1.1 message: what its lines say, as far as whoever watches it pass must know. */
import { METHODS } from "node:http";

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** `HTTP/1.1` */
  readonly version: string;
  readonly headers: RawHeaders;
  readonly keepAlive: boolean;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly keepAlive: boolean;
}

/** One line each, as it came: `Name: value`. */
export type RawHeaders = readonly string[];

/** How long a body is: so many bytes, as long as its chunks say, or until the stream ends. */
export type BodyLength = number | "chunked" | "rest";

export interface HeadKind<Head> {
  /** Whether a message can begin with this line. */
  begins(line: string): boolean;
  /** Undefined where this is not HTTP. */
  read(startLine: string, headers: RawHeaders): ReadHead<Head> | undefined;
}

export interface ReadHead<Head> {
  readonly head: Head;
  readonly body: BodyLength;
}

/** The value of a header; of several, the first. */
export function headerOf(headers: RawHeaders, name: string): string | undefined {
  for (const line of headers) {
    const value = valueIn(line, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A line without a name is none, and passes unread. */
export const namedLine = /^[^: \t]+:/;
const colon = 0x3a;

function valueIn(line: string, name: string): string | undefined {
  // Most lines have no colon just there, so hardly any is compared.
  if (line.charCodeAt(name.length) !== colon || line.slice(0, name.length).toLowerCase() !== name) return undefined;
  return line.slice(name.length + 1).trim();
}

const requestLine = /^([A-Z-]+) ([^ ]+) HTTP\/(\d)\.(\d)$/;
const methods = new Set(METHODS);

export const requestHeads: HeadKind<RequestHead> = {
  begins: (line) => methods.has(requestLine.exec(line)?.[1] ?? ""),
  read: (startLine, headers) => {
    const [, method = "", url = "", major, minor] = requestLine.exec(startLine) ?? [];
    const framing = framingOf(headers);
    if (!methods.has(method) || framing === undefined) return undefined;
    const version = `${major}.${minor}`;
    const keepAlive = staysOpen(version, framing.connection);
    return { head: { method, url, version: `HTTP/${version}`, headers, keepAlive }, body: framing.length ?? 0 };
  },
};

const statusLine = /^HTTP\/(\d)\.(\d) ([1-9]\d\d) ?.*$/;

export const answerHeads: HeadKind<AnswerHead> = {
  begins: (line) => statusLine.test(line),
  read: (startLine, headers) => {
    const [, major, minor, code] = statusLine.exec(startLine) ?? [];
    const framing = framingOf(headers);
    if (code === undefined || framing === undefined) return undefined;
    const status = Number(code);
    const bodiless = status < 200 || status === 204 || status === 304;
    const body = framing.length ?? (bodiless ? 0 : "rest");
    const keepAlive = body !== "rest" && staysOpen(`${major}.${minor}`, framing.connection);
    return { head: { status, headers, keepAlive }, body };
  },
};

interface Framing {
  /** Undefined where the headers say nothing. */
  readonly length: number | "chunked" | undefined;
  readonly connection: string;
}

/** Undefined where the lengths are none or contradict each other: then nobody knows where the next message begins. */
function framingOf(headers: RawHeaders): Framing | undefined {
  let length: number | undefined;
  let coding = "";
  let connection = "";
  for (const line of headers) {
    const digits = valueIn(line, "content-length");
    if (digits !== undefined) {
      if (!/^\d{1,15}$/.test(digits) || (length ?? Number(digits)) !== Number(digits)) return undefined;
      length = Number(digits);
    }
    coding = valueIn(line, "transfer-encoding") ?? coding;
    connection += valueIn(line, "connection") ?? "";
  }
  return { length: /(?:^|,)\s*chunked$/i.test(coding) ? "chunked" : length, connection };
}

function staysOpen(version: string, connection: string): boolean {
  return version.startsWith("0") || version.endsWith("0") ? /keep-alive/i.test(connection) : !/close/i.test(connection);
}

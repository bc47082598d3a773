/** The bytes of an answer that a fault makes, as HTTP carries it. */
import { STATUS_CODES } from "node:http";
import type { MadeAnswer } from "../faults/handles.ts";
import { namedLine, type RawHeaders } from "./http-head.ts";

export interface AnswerPlace {
  /** The callee's own headers, of which those stay that do not speak of its body. */
  readonly given: RawHeaders;
  /** To a HEAD there is never a body. */
  readonly bodiless: boolean;
  /** The connection ends behind it. */
  readonly last: boolean;
}

/** Of its body, of its framing, and of its connection. */
const notCopied = /^(?:content-|transfer-encoding|connection|keep-alive|trailer|etag|retry-after)/i;

export function bytesOf({ status = 200, headers = {}, body, then }: MadeAnswer, place: AnswerPlace): Buffer {
  const made = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const kept = place.given.filter((line) => {
    const name = namedLine.exec(line)?.[0].slice(0, -1).toLowerCase() ?? "";
    return name !== "" && !notCopied.test(name) && !made.has(name);
  });
  const bytes = Buffer.from(body);
  // What is cut off must not look whole: in chunks, the end of the last is missing.
  const open = then !== undefined;
  const framing = open ? "Transfer-Encoding: chunked" : `Content-Length: ${bytes.length}`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...kept,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(status === 204 ? [] : [framing]),
    ...(place.last ? ["Connection: close"] : []),
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (place.bodiless || status === 204) return head;
  return Buffer.concat([head, open ? chunkOf(bytes) : bytes]);
}

/** Empty bytes make no chunk, for that would be the last one. */
export function chunkOf(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** The shape of an answer's body, taken where the body is short, whole and text or JSON. */
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { nothing, shapeOfText, type Shape } from "../history/shape.ts";
import { headerOf, type AnswerHead, type RawHeaders } from "./http-head.ts";
import { bodyKeptBytesMax, KeptBody } from "./kept-body.ts";

export interface AnswerShape {
  add(bytes: Buffer): void;
  /** To be asked once the answer is complete. */
  shape(): Shape | undefined;
}

export function readAnswerShape({ headers }: Pick<AnswerHead, "headers">): AnswerShape {
  const readable = /^\s*(?:text\/|application\/(?:[\w.+-]+\+)?json\b)/i.test(headerOf(headers, "content-type") ?? "");
  const body = new KeptBody();
  let empty = true;
  return {
    add: (bytes) => {
      empty = false;
      if (readable) body.add(bytes);
    },
    shape: () => {
      if (empty) return nothing;
      if (!readable || !body.whole) return undefined;
      const text = decoded(body.bytes(), headers);
      return text === undefined ? undefined : shapeOfText(text);
    },
  };
}

/** Undefined where it is not what its encoding says, or longer than this once unpacked. */
export function decoded(bytes: Buffer, headers: RawHeaders, bytesMax = bodyKeptBytesMax): string | undefined {
  const limit = { maxOutputLength: bytesMax };
  try {
    switch (headerOf(headers, "content-encoding")?.trim().toLowerCase() ?? "identity") {
      case "identity":
        return bytes.toString();
      case "gzip":
      case "x-gzip":
        return gunzipSync(bytes, limit).toString();
      case "deflate":
        return inflateSync(bytes, limit).toString();
      case "br":
        return brotliDecompressSync(bytes, limit).toString();
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

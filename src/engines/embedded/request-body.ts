/** Reads a request's body the way Go's decoder does, which is what clients of Toxiproxy are used to. */
import type { IncomingMessage } from "node:http";
import { messageOf } from "../../errors.ts";
import { apiError } from "./api-error.ts";

const bodyBytesMax = 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // What is too long is still read, so that the client gets to see the answer. Parts are buffers, as no encoding is set.
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= bodyBytesMax) parts.push(part);
  }
  if (bytes > bodyBytesMax) throw apiError("badRequestBody", `longer than ${bodyBytesMax} bytes`);
  return Buffer.concat(parts).toString();
}

/** Keys in any case; null means absent; whatever follows the first value is not looked at. */
export function parseBody(text: string): unknown {
  if (text.trim() === "") throw apiError("badRequestBody", "EOF");
  try {
    return fold(JSON.parse(firstValue(text)));
  } catch (error) {
    throw apiError("badRequestBody", messageOf(error));
  }
}

function fold(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fold);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key.toLowerCase(), fold(inner)]));
}

/** Up to the end of the first object or array; anything else is taken whole. */
function firstValue(text: string): string {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/gs)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    if (depth <= 0) return text.slice(0, index + token.length);
  }
  return text;
}

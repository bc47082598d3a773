/** One HTTP exchange on a connection of its own. Only Node's own modules, because the reaper loads this file. */
import { Agent as HttpAgent, request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";

export interface Exchange {
  readonly method: string;
  readonly url: string | URL;
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** A socket on disk, or certificates. */
  readonly over?: Pick<RequestOptions, "socketPath"> & {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
  };
}

const answerBytesMax = 4 * 1024 * 1024;

// Neither fetch nor a pool: a connection that was kept may have died in the meantime, and a heal must not fail for that.
export function exchange({ method, url, body, signal, over }: Exchange): Promise<{ status: number; text: string }> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
  const isPlain = new URL(url).protocol === "http:";
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: isPlain ? new HttpAgent() : false, ...over };
    const outgoing = (isPlain ? requestHttp : requestHttps)(url, options, (response) => {
      readText(response).then((read) => resolve({ status: response.statusCode ?? 0, text: read }), reject);
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Parts are buffers, as no encoding is set.
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new Error(`an answer of more than ${answerBytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

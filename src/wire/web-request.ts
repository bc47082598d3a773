/** One request over HTTP on a connection of its own, with certificates of one's own: what `fetch` cannot be given. */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { tlsOptionsOf, type Trust } from "../certificates.ts";

export interface WebRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly trust: Trust;
  readonly signal: AbortSignal;
  /** An event stream would go on for ever. */
  readonly headOnly?: true;
}

const answerBytesMax = 1024 * 1024;

export function requestWeb(url: URL, request: WebRequest): Promise<Response> {
  const { method = "GET", headers = {}, body = "", trust, signal, headOnly } = request;
  return new Promise((resolve, reject) => {
    const common = { method, headers: { ...headers, "content-length": Buffer.byteLength(body) }, signal };
    const onAnswer = (answer: IncomingMessage): void => {
      if (headOnly === true) {
        resolve(responseOf(answer, null));
        answer.destroy();
      } else readText(answer).then((text) => resolve(responseOf(answer, text)), reject);
    };
    const outgoing =
      url.protocol === "https:"
        ? requestHttps(url, { ...common, agent: false, ...tlsOptionsOf(trust) }, onAnswer)
        : requestHttp(url, { ...common, agent: false }, onAnswer);
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function responseOf({ statusCode = 0, headers }: IncomingMessage, text: string | null): Response {
  const named = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
  );
  // These have no body, and Response would not take one.
  const isBare = [101, 204, 205, 304].includes(statusCode);
  return new Response(isBare ? null : text, { status: isBare ? 204 : statusCode, headers: named });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Parts are buffers, as no encoding is set.
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new Error(`an answer of more than ${answerBytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

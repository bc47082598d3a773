/** The heads of requests of the lean wire: what their caller gave, and what is ours to say. */
import { validateHeaderName, validateHeaderValue } from "node:http";

export type Header = readonly [name: string, value: string];

/** Throws where one cannot be sent. */
export function linesOf(headers: readonly Header[]): string {
  return headers
    .map(([name, value]) => {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      return `${name}: ${value}\r\n`;
    })
    .join("");
}

export const contentHeaders: readonly Header[] = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
];

/** These are ours to say: a second value would break the message or the measurement. */
const ownHeaders: ReadonlySet<string> = new Set([
  "content-type",
  "accept",
  "content-length",
  "transfer-encoding",
  "mcp-protocol-version",
  "mcp-session-id",
  "mcp-method",
  "mcp-name",
  "traceparent",
]);

export function callerHeaders(url: URL, headers: Readonly<Record<string, string>>): Header[] {
  const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const all = new Map([
    ["host", url.host],
    ["connection", "keep-alive"],
    ...(login === ":" ? [] : [["authorization", `Basic ${Buffer.from(login).toString("base64")}`] as const]),
    ...given,
  ]);
  return [...all].filter(([name]) => !ownHeaders.has(name));
}

/**
 * The barest MCP server: every answer is constant but for its id, so that what is measured is who calls it. It counts
 * what it answered, and with RECORD=times it keeps how long each tools/call took it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import { integerFrom, serve, wordFrom } from "../../../fixtures/start.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const path = "/mcp";
const delayMs = integerFrom("DELAY_MS", 0);
const keepsTimes = wordFrom("RECORD", ["counts", "times"]) === "times";

const results: Readonly<Record<string, string>> = {
  initialize: JSON.stringify({
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "bare", version: "1" },
  }),
  "tools/list": JSON.stringify({
    tools: [{ name: "Echo", description: "Always the same.", inputSchema: { type: "object" } }],
  }),
  "tools/call": JSON.stringify({
    content: [{ type: "text", text: "It was always the same answer, and it still is." }],
  }),
};

let calls = 0;
let sessions = 0;
let timesUs: number[] = [];

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const server = createServer((request, response) => {
  const fromUs = keepsTimes ? nowUs() : 0;
  if (request.url !== path) return control(request, response);
  if (request.method === "DELETE") {
    sessions -= 1;
    request.resume();
    response.writeHead(200).end();
    return undefined;
  }
  if (request.method !== "POST") {
    response.writeHead(405, { allow: "POST, DELETE" }).end();
    return undefined;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => answer(Buffer.concat(chunks).toString("latin1"), response, fromUs));
  return undefined;
});
// Sessions keep their connections while their agents think.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;

function answer(body: string, response: ServerResponse, fromUs: number): void {
  const { id, method } = JSON.parse(body) as { readonly id?: number | string; readonly method: string };
  const result = results[method];
  if (id === undefined || result === undefined) {
    response.writeHead(202).end();
    return;
  }
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
  if (method !== "tools/call") {
    if (method === "initialize") {
      sessions += 1;
      response.setHeader("mcp-session-id", randomUUID());
    }
    send(response, text);
    return;
  }
  const finish = (): void => {
    calls += 1;
    send(response, text);
    if (keepsTimes) timesUs.push(nowUs() - fromUs);
  };
  if (delayMs === 0) finish();
  else setTimeout(finish, delayMs);
}

function send(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  response.end(text);
}

function control({ url }: IncomingMessage, response: ServerResponse): void {
  if (url === "/counts") {
    server.getConnections((_, connections) =>
      send(response, JSON.stringify({ atUs: nowUs(), calls, sessions, connections })),
    );
  } else if (url === "/times") {
    // Reading them begins the next record.
    const sorted = Float64Array.from(timesUs).sort();
    timesUs = [];
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
    send(response, JSON.stringify({ samples: sorted.length, p50Us: at(0.5), p99Us: at(0.99) }));
  } else response.writeHead(404).end();
}

endWithStdin();
await serve(server, { path });

/**
 * The barest MCP server: every answer is constant but for its id, so that what is measured is who calls it. It counts
 * what it answered.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import { serve } from "../../../fixtures/start.ts";
import { cannedAnswer } from "./canned.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const path = "/mcp";

let calls = 0;
let sessions = 0;

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const server = createServer((request, response) => {
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
  request.on("end", () => answer(Buffer.concat(chunks).toString("latin1"), response));
  return undefined;
});
// Sessions keep their connections while their agents think; a client that is not told so drops them after some seconds.
server.keepAliveTimeout = 120_000;
server.requestTimeout = 0;

function answer(body: string, response: ServerResponse): void {
  const answered = cannedAnswer(body);
  if (answered === undefined) {
    response.writeHead(202).end();
    return;
  }
  if (answered.method === "initialize") {
    sessions += 1;
    response.setHeader("mcp-session-id", randomUUID());
  } else if (answered.method === "tools/call") calls += 1;
  send(response, answered.text);
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
  } else response.writeHead(404).end();
}

endWithStdin();
await serve(server, { path });

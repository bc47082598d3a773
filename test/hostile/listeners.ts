/** What a bare HTTP server of a test answers. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { honest, messageIn, type Message } from "./message.ts";

export const json = { "content-type": "application/json" } as const;

export function answering(status: number, headers: Readonly<Record<string, string>> = {}, body = ""): RequestListener {
  return (request, response) => void request.resume().on("end", () => response.writeHead(status, headers).end(body));
}

/** An honest MCP server, but for what it is told to say otherwise. */
export function speakingMcp(otherwise: (message: Message) => object | undefined = () => undefined): RequestListener {
  const speak = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === "GET") return void response.writeHead(405).end();
    const parts: Buffer[] = await request.toArray();
    const message = messageIn(Buffer.concat(parts).toString());
    const said = otherwise(message) ?? honest(message);
    if (said === undefined) return void response.writeHead(202).end();
    return void response.writeHead(200, json).end(JSON.stringify(said));
  };
  return (request, response) => void speak(request, response);
}

/** MCP at one path, something else at all others. */
export function mcpAt(path: string, others: RequestListener): RequestListener {
  const mcp = speakingMcp();
  return (request, response) => (request.url === path ? mcp : others)(request, response);
}

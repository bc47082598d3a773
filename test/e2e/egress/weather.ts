/**
 * An MCP server over HTTP that asks a weather API at a fixed address with Node's own fetch.
 * MODE: honest says when the API fails; swallow answers an empty list. TELEMETRY: it reports each call there.
 */
import { createServer, type IncomingMessage } from "node:http";

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly arguments?: { readonly city?: string };
    readonly _meta?: { readonly traceparent?: string };
  };
}

const { API_URL = "", MODE = "honest", PORT, TELEMETRY } = process.env;
const tool = { name: "Forecast", inputSchema: { type: "object", properties: { city: { type: "string" } } } };

async function forecast({ params }: Message): Promise<unknown> {
  // Nobody waits for it, and nobody hears if it fails.
  if (TELEMETRY !== undefined) fetch(TELEMETRY, { method: "POST", body: "called" }).catch(() => {});
  const traceparent = params?.["_meta"]?.traceparent;
  try {
    const answer = await fetch(`${API_URL}/forecast?city=${params?.arguments?.city ?? ""}`, {
      headers: traceparent === undefined ? {} : { traceparent },
      signal: AbortSignal.timeout(2000),
    });
    if (!answer.ok) throw new Error(`the API said ${answer.status}`);
    return resultOf(await answer.json());
  } catch (error) {
    if (MODE === "swallow") return resultOf({ days: [] });
    return { isError: true, content: [{ type: "text", text: `the weather API failed: ${String(error)}` }] };
  }
}

function resultOf(data: unknown): unknown {
  return { content: [{ type: "text", text: JSON.stringify(data) }], structuredContent: data };
}

async function answerTo(message: Message): Promise<unknown> {
  if (message.method === "tools/list") return { tools: [tool] };
  if (message.method === "tools/call") return forecast(message);
  if (message.method !== "initialize") return {};
  const { protocolVersion } = message.params ?? {};
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "weather", version: "1" } };
}

async function messageIn(request: IncomingMessage): Promise<Message | undefined> {
  const text = Buffer.concat(await request.toArray()).toString();
  return text === "" ? undefined : (JSON.parse(text) as Message);
}

createServer((request, response) => {
  const serve = async (): Promise<void> => {
    const message = await messageIn(request);
    if (message?.id === undefined) {
      response.writeHead(request.method === "POST" ? 202 : 405).end();
      return;
    }
    const result = await answerTo(message);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
  };
  void serve();
}).listen(Number(PORT), "127.0.0.1");

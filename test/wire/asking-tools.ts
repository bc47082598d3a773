/** Tools of a server of the first SDK that ask back before they answer; run by itself, it serves them over stdio. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
} from "@modelcontextprotocol/sdk/types.js";

export function askingServer(): McpServer {
  const server = new McpServer({ name: "asking", version: "1" });
  const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
  const requestedSchema = { type: "object" as const, properties: { name: { type: "string" as const } } };
  const form = { message: "who?", requestedSchema };
  const sampling = {
    messages: [{ role: "user" as const, content: { type: "text" as const, text: "say" } }],
    maxTokens: 5,
  };

  server.registerTool("Elicit", {}, async ({ sendRequest }) =>
    text(await sendRequest({ method: "elicitation/create", params: form }, ElicitResultSchema)),
  );
  // Not on the stream of the call, but on the session's own.
  server.registerTool("ElicitAside", {}, async () => text(await server.server.elicitInput(form)));
  server.registerTool("Sample", {}, async ({ sendRequest }) =>
    text(await sendRequest({ method: "sampling/createMessage", params: sampling }, CreateMessageResultSchema)),
  );
  server.registerTool("Roots", {}, async ({ sendRequest }) =>
    text(await sendRequest({ method: "roots/list" }, ListRootsResultSchema)),
  );
  server.registerTool("Knows", {}, () => text(server.server.getClientCapabilities()));
  return server;
}

if (import.meta.main) await askingServer().connect(new StdioServerTransport());

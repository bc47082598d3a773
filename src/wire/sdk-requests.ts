/** The requests of MCP by the SDK's own functions, which check what they send and what they get as its users have it. */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import type { HowToAsk } from "./sdk-session.ts";
import type { CallRequest } from "./session.ts";

export function askClient(client: Client, request: CallRequest, options: HowToAsk): Promise<unknown> {
  const { method, name = "", meta } = request;
  const params = { ...request.params, _meta: { ...meta } };
  switch (method) {
    case "tools/call":
      // Its own function knows no tasks.
      if ("task" in params) return client.request({ method, params }, ResultSchema, options);
      return client.callTool({ ...params, name }, undefined, options);
    case "resources/read":
      return client.readResource({ ...params, uri: name }, options);
    case "prompts/get":
      return client.getPrompt({ ...params, name }, options);
    case "tools/list":
      return client.listTools(params, options);
    case "resources/list":
      return client.listResources(params, options);
    case "prompts/list":
      return client.listPrompts(params, options);
    case "resources/templates/list":
      return client.listResourceTemplates(params, options);
    default:
      return client.request({ method, params }, ResultSchema, options);
  }
}

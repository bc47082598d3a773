/** The requests of MCP that an agent may make: what each is called on the wire, and what it is about. */
import type { McpRequest } from "./session.ts";

type Named = Readonly<Record<string, unknown>>;

export function callTool(tool: string, args: Named): McpRequest {
  return { method: "tools/call", name: tool, params: { name: tool, arguments: args } };
}

export function readResource(uri: string): McpRequest {
  return { method: "resources/read", name: uri, params: { uri } };
}

export function getPrompt(prompt: string, args: Named): McpRequest {
  return { method: "prompts/get", name: prompt, params: { name: prompt, arguments: args } };
}

/** The same as a task: from 2026-07-28 on it is the server's to choose, before it is asked for. */
export function callAsTask(tool: string, args: Named, asked: { readonly ttl?: number } | undefined): McpRequest {
  const { params, ...request } = callTool(tool, args);
  return { ...request, params: asked === undefined ? params : { ...params, task: asked } };
}

export function askOfTask(what: "get" | "result" | "cancel" | "update", taskId: string, more: Named = {}): McpRequest {
  return { method: `tasks/${what}`, name: taskId, params: { taskId, ...more } };
}

/** What a server can list: the method that asks for it, and where its result holds it. */
export const listings = {
  tools: { method: "tools/list", member: "tools" },
  resources: { method: "resources/list", member: "resources" },
  prompts: { method: "prompts/list", member: "prompts" },
  "resource-templates": { method: "resources/templates/list", member: "resourceTemplates" },
} as const;

export type Listed = keyof typeof listings;

/** One page: the first, or the one that the cursor of the page before names. */
export function listPage(what: Listed, cursor?: string): McpRequest {
  return { method: listings[what].method, params: cursor === undefined ? {} : { cursor } };
}

/** A server that hands out cursors for ever must not keep us for ever. */
export const pagesMax = 64;

/** What a request of MCP is called in ops, exchanges and bounds. */

const promptPrefix = "prompts/get:";

/** A tool by its name, a prompt by its method and its name, all else by its method: URIs are too many to tell apart. */
export function requestName(method: string, name: string): string {
  if (method === "tools/call") return name;
  return method === "prompts/get" ? promptPrefix + name : method;
}

/** The prompt of a request that is called so. */
export function promptIn(called: string): string {
  return called.slice(promptPrefix.length);
}

/** The methods, beside `tools/call`, whose requests are called by a name: agents make them on purpose. */
export const namedMethods: ReadonlySet<string> = new Set([
  "resources/read",
  "prompts/get",
  "tools/list",
  "resources/list",
  "prompts/list",
  "resources/templates/list",
]);

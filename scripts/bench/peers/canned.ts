/** What the barest MCP server answers: always the same but for the id. */

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

/** Of one JSON-RPC message; undefined where it wants no answer, or one that nobody here has. */
export function cannedAnswer(body: string): { readonly method: string; readonly text: string } | undefined {
  const { id, method } = JSON.parse(body) as { readonly id?: number | string; readonly method: string };
  const result = results[method];
  if (id === undefined || result === undefined) return undefined;
  return { method, text: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}` };
}

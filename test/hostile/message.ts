/** What hostile servers have in common with honest ones: enough of MCP to be let in. */
export interface Message {
  readonly id?: number;
  readonly method: string;
}

export function messageIn(text: string): Message {
  const value: unknown = text === "" ? {} : JSON.parse(text);
  const { id, method } = value as { id?: unknown; method?: unknown };
  return { ...(typeof id === "number" ? { id } : {}), method: typeof method === "string" ? method : "" };
}

export const tool = { name: "Echo", description: "Says it again.", inputSchema: { type: "object" } };

/** What an honest server answers; undefined where a message asks for nothing. */
export function honest({ id, method }: Message): object | undefined {
  if (id === undefined) return undefined;
  const result = honestResults[method];
  if (result !== undefined) return answer(id, result);
  return { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } };
}

export const answer = (id: number | undefined, result: unknown): object => ({ jsonrpc: "2.0", id, result });

export const opened = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: {} },
  serverInfo: { name: "hostile", version: "1" },
};

const honestResults: Readonly<Record<string, unknown>> = {
  initialize: opened,
  ping: {},
  "tools/list": { tools: [tool] },
  "tools/call": { content: [{ type: "text", text: "hello" }] },
};

/** Deeper than any recursion goes: `{"a":{"a":…}}`, as text. */
export const deepJson = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

/** What a terminal, a page and a document in Markdown or XML would obey. */
export const poison =
  "\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u009b31m\u202etxt.exe<script>globalThis.owned = 1</script>" +
  "<img src=x onerror='globalThis.owned = 1'>]]>&lt;`|**[click](javascript:alert(1))\r\n::error::owned";

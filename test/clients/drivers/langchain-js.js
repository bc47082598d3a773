import { bring, drive } from "./loop.js";

const { MultiServerMCPClient } = bring("@langchain/mcp-adapters");
const { toolRetryMiddleware } = bring("langchain");
const isRetrying = process.env.MIDDLEWARE === "toolRetry";

drive(async (url) => {
  const client = new MultiServerMCPClient({ mcpServers: { driven: { transport: "http", url } } });
  const tools = await client.getTools();
  const invoke = (name, args) => tools.find((tool) => tool.name === name).invoke(args);
  // An agent hands each call of a tool to its middleware in this way.
  const { wrapToolCall } = toolRetryMiddleware({ onFailure: "error" });
  const retrying = (name, args) => {
    const tool = tools.find((one) => one.name === name);
    const request = { toolCall: { id: "1", name, args }, tool, state: { messages: [] }, runtime: {} };
    return wrapToolCall(request, () => tool.invoke(args));
  };
  return { call: isRetrying ? retrying : invoke, close: () => client.close() };
});

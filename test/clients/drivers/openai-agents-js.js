import { bring, drive } from "./loop.js";

const { MCPServerStreamableHttp } = bring("@openai/agents");

drive(async (url) => {
  const server = new MCPServerStreamableHttp({ url, name: "driven" });
  await server.connect();
  await server.listTools();
  return { call: (name, args) => server.callTool(name, args), close: () => server.close() };
});

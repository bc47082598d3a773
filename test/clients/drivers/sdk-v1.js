import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { drive } from "./loop.js";

drive(async (url) => {
  const client = new Client({ name: "driven", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return { call: (name, args) => client.callTool({ name, arguments: args }), close: () => client.close() };
});

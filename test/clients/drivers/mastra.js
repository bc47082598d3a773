import { bring, drive } from "./loop.js";

const { MCPClient } = bring("@mastra/mcp");
let opened = 0;

drive(async (url) => {
  opened += 1;
  const client = new MCPClient({ id: `driven-${opened}`, servers: { driven: { url: new URL(url) } } });
  const tools = await client.listTools();
  return { call: (name, args) => tools[`driven_${name}`].execute(args, {}), close: () => client.disconnect() };
});

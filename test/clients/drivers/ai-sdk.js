import { bring, drive } from "./loop.js";

const { createMCPClient } = bring("@ai-sdk/mcp");
const maxRetries = Number(process.env.MAX_RETRIES ?? 0);

drive(async (url) => {
  const retrying = maxRetries === 0 ? {} : { maxRetries };
  const client = await createMCPClient({ transport: { type: "http", url }, ...retrying });
  const tools = await client.tools();
  return {
    call: (name, args) => tools[name].execute(args, { toolCallId: "1", messages: [] }),
    close: () => client.close(),
  };
});

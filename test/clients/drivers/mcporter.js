import { bringFile, drive } from "./loop.js";

const { createRuntime } = await bringFile("mcporter/dist/index.js");

drive(async (url) => {
  const definition = { name: "driven", command: { kind: "http", url: new URL(url) } };
  const runtime = await createRuntime({ servers: [definition] });
  await runtime.listTools("driven");
  return { call: (name, args) => runtime.callTool("driven", name, { args }), close: () => runtime.close() };
});

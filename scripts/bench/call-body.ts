/** The request that the lean wire makes for one tools/call, for those who post it without Squall. */
import { createTracer, opId } from "../../src/history/ids.ts";

export const nonce = "0000beef";
export const tool = "Echo";
export const args = { text: "always the same" };

const at = { group: "callers", agent: 7, walk: 11, step: 3 };
const traceparent = createTracer(nonce, [at.group]).traceparent(at, 1);

export const callBody = JSON.stringify({
  jsonrpc: "2.0",
  id: 12_345,
  method: "tools/call",
  params: { name: tool, arguments: args, _meta: { traceparent, "squall/op": opId(nonce, at) } },
});

export const callHeaders = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-11-25",
  "mcp-session-id": "00000000-0000-4000-8000-000000000000",
  traceparent,
};

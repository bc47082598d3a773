import * as fc from "fast-check";
import { expect, test } from "vitest";
import { askedIn, watchForAnswer } from "../../src/links/tool-call.ts";

const call = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "CreateLimitRequest", arguments: {} } };

test("a tool call is found alone and in a batch, and nothing else is taken for one", () => {
  const asked = { method: "tools/call", tool: "CreateLimitRequest", id: 7 };
  expect(askedIn(JSON.stringify(call))).toEqual(asked);
  expect(askedIn(JSON.stringify([{ ...call, method: "ping" }, call]))).toEqual(asked);
  expect(askedIn(JSON.stringify({ ...call, method: "ping" }))).toEqual({ method: "ping", id: 7 });
  for (const other of [{ ...call, id: undefined }, "x", []]) {
    expect(askedIn(JSON.stringify(other))).toBeUndefined();
  }
  expect(askedIn('{"method":"tools/call"')).toBeUndefined();
  expect(askedIn(JSON.stringify({ ...call, params: {} }))?.tool).toBeUndefined();
});

test("what agents ask for beside tools has a name too", () => {
  const named = (method: string, params: object) => askedIn(JSON.stringify({ ...call, method, params }))?.tool;
  expect(named("tools/list", {})).toBe("tools/list");
  expect(named("resources/read", { uri: "file:///x" })).toBe("resources/read");
  expect(named("prompts/get", { name: "greet" })).toBe("prompts/get:greet");
  expect(named("initialize", {})).toBeUndefined();
});

const stream = [
  ": hello\n\n",
  'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}\n\n',
  'data: {"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}}\n\n',
  'data: {"jsonrpc":"2.0","id":"7","result":{}}\n\n',
].join("");
const answer = 'event: message\ndata: {"jsonrpc":"2.0","id":7,"result":{"é":1}}\n\n';

test("the answer is seen in the event that carries it and not before, however the stream is cut", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), (size) => {
      const bytes = Buffer.from(stream + answer);
      const watch = watchForAnswer(7);
      let seenAt = 0;
      for (let at = 0; at < bytes.length && seenAt === 0; at += size) {
        if (watch(bytes.subarray(at, at + size)) !== undefined) seenAt = Math.min(at + size, bytes.length);
      }
      expect(seenAt).toBeGreaterThanOrEqual(bytes.length - 1);
    }),
  );
});

test("an event too long to look into does not break the watch", () => {
  const watch = watchForAnswer(7);
  expect(watch(Buffer.from(`data: ${"x".repeat(5 * 1024 * 1024)}`))).toBeUndefined();
  expect(watch(Buffer.from(answer))).toBeUndefined();
});

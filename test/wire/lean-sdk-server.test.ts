/** The lean wire against servers of the real SDK: sessions or none, JSON or event streams. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openLeanSession } from "../../src/wire/lean.ts";
import { getPrompt, listPage, readResource } from "../../src/wire/requests.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import type { McpRequest } from "../../src/wire/session.ts";
import { callOf, openTo } from "./fault-server.ts";

interface Kind {
  readonly sessions: boolean;
  readonly json: boolean;
}

interface Started {
  readonly url: URL;
  readonly traces: unknown[];
  /** How many sessions live. */
  live(): number;
  forgetSessions(): void;
  close(): Promise<void>;
}

async function startSdkServer({ sessions, json }: Kind): Promise<Started> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const traces: unknown[] = [];

  const connected = async (): Promise<StreamableHTTPServerTransport> => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      ...(sessions ? { sessionIdGenerator: () => randomUUID() } : {}),
      enableJsonResponse: json,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    });
    await serverWithTools(traces).connect(transport);
    return transport;
  };
  const server = createServer((request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? transports.get(id) : undefined;
    if (sessions && id !== undefined && known === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}');
      return;
    }
    void (known === undefined ? connected() : Promise.resolve(known)).then((transport) =>
      transport.handleRequest(request, response),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    traces,
    live: () => transports.size,
    forgetSessions: () => transports.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serverWithTools(traces: unknown[]): McpServer {
  const server = new McpServer({ name: "sdk", version: "1" }, { capabilities: { logging: {} } });
  const wait = { waitMs: z.number().default(0) };
  server.registerTool(
    "FetchResources",
    { inputSchema: wait, annotations: { readOnlyHint: true } },
    async ({ waitMs }, { _meta, sendNotification }) => {
      traces.push(_meta?.["traceparent"]);
      await sendNotification({ method: "notifications/message", params: { level: "info", data: "working" } });
      await new Promise((resolve) => void setTimeout(resolve, waitMs));
      return { content: [{ type: "text", text: '{"resources":[{"id":"r-1"}]}' }] };
    },
  );
  server.registerTool("CreateLimitRequest", {}, () => {
    throw new Error("no more limits");
  });
  server.registerResource("log", "file:///log", {}, (uri) => ({ contents: [{ uri: uri.href, text: '{"lines":[]}' }] }));
  server.registerPrompt("greet", { argsSchema: { who: z.string() } }, ({ who }) => ({
    messages: [{ role: "user", content: { type: "text", text: `hello ${who}` } }],
  }));
  return server;
}

describe.each([
  { wire: "lean", open: openLeanSession },
  { wire: "sdk", open: openSdkSession },
])("requests beyond tools on the wire $wire", ({ open }) => {
  test("read, prompt and list, and are told in their own shapes", async () => {
    const server = await startSdkServer({ sessions: true, json: true });
    const session = await openTo(server.url, {}, open);
    const ask = (request: McpRequest) => session.call({ ...callOf(), ...request });

    expect(await ask(readResource("file:///log"))).toMatchObject({
      class: "ok",
      answer: { form: "json", filled: ["$"], hollow: ["$.lines"] },
      result: { contents: [{ uri: "file:///log" }] },
    });
    expect(await ask(readResource("file:///nowhere"))).toMatchObject({ class: "rpc-error", outcome: "failed" });
    expect(await ask(getPrompt("greet", { who: "you" }))).toMatchObject({
      class: "ok",
      answer: { form: "text", filled: ["$"] },
      result: { messages: [{ content: { text: "hello you" } }] },
    });
    expect(await ask(getPrompt("greet", {}))).toMatchObject({ class: "rpc-error" });
    for (const what of ["tools", "resources", "prompts"] as const) {
      expect(await ask(listPage(what))).toMatchObject({ class: "ok", answer: { filled: ["$", "$[]"] } });
    }
    expect(await ask(listPage("resource-templates"))).toMatchObject({ class: "ok", answer: { hollow: ["$"] } });
    expect(await ask({ method: "ping", params: {} })).toMatchObject({ class: "ok", answer: { hollow: ["$"] } });

    await session.close();
    await server.close();
  });
});

describe.each<Kind>([
  { sessions: true, json: true },
  { sessions: true, json: false },
  { sessions: false, json: true },
  { sessions: false, json: false },
])("a server of the SDK with sessions: $sessions, JSON: $json", (kind) => {
  test("is opened, listed, called and closed", async () => {
    const server = await startSdkServer(kind);
    const session = await openTo(server.url);
    expect(session.protocolVersion).toBe("2025-11-25");
    expect(server.live()).toBe(kind.sessions ? 1 : 0);

    expect(await session.listTools(5000)).toMatchObject([
      { name: "FetchResources", readOnly: true },
      { name: "CreateLimitRequest", readOnly: false },
    ]);

    const ok = await session.call(callOf());
    expect(ok).toMatchObject({
      class: "ok",
      status: 200,
      answer: { form: "json", filled: ["$", "$.resources", "$.resources[]", "$.resources[].id"], hollow: [] },
    });
    expect(server.traces).toEqual([callOf().meta.traceparent]);
    expect(await session.call(callOf({ tool: "CreateLimitRequest" }))).toMatchObject({
      class: "tool-error",
      says: "no more limits",
    });
    expect(await session.call(callOf({ tool: "Unknown" }))).toMatchObject({ outcome: "failed" });

    await session.close();
    expect(server.live()).toBe(0);
    await server.close();
  });

  test("answers many calls at once", async () => {
    const server = await startSdkServer(kind);
    const session = await openTo(server.url);
    const answers = await Promise.all(Array.from({ length: 30 }, () => session.call(callOf())));
    expect(answers.map((answer) => answer.class)).toEqual(answers.map(() => "ok"));
    await session.close();
    await server.close();
  });

  test("is given up on when it is too slow", async () => {
    const server = await startSdkServer(kind);
    const session = await openTo(server.url);
    const answer = await session.call(callOf({ args: { waitMs: 5000 }, timeoutMs: 100 }));
    expect(answer).toMatchObject({ class: "timeout", outcome: "unknown", onTimeout: "cancel" });
    expect(await session.call(callOf())).toMatchObject({ class: "ok" });
    await session.close();
    await server.close();
  });
});

test.for([true, false])("a server of the SDK that has forgotten the session loses it, with JSON: %s", async (json) => {
  const server = await startSdkServer({ sessions: true, json });
  const session = await openTo(server.url);
  server.forgetSessions();
  expect(await session.call(callOf())).toMatchObject({
    class: "session-lost",
    outcome: "failed",
    status: 404,
    rpcCode: -32001,
    says: "Session not found",
  });
  expect(session.lost).toBe(true);
  await session.close();
  await server.close();
});

/** HTTP+SSE, the transport of 2024-11-05, with a server of the SDK's first version and with odd ones. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { dialectOf, eventStreamDialect, learned } from "../../src/wire/dialect.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import type { OpenSession, SessionOptions } from "../../src/wire/session.ts";
import { startFixture } from "../fixtures/started-fixture.ts";
import { callOf, openTo } from "./fault-server.ts";
import { waitFor } from "../waiting.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const old: Partial<SessionOptions> = { dialect: dialectOf("2024-11-05") };

async function startCloud(env: Readonly<Record<string, string>> = {}): Promise<URL> {
  const api = await startFixture("cloud-api", env);
  closing.push(() => api[Symbol.asyncDispose]());
  const cloud = await startFixture("cloud", {
    CLOUD_API_URL: api.url,
    TRANSPORT: "events",
    UPSTREAM_TIMEOUT_MS: "60000",
  });
  closing.push(() => cloud[Symbol.asyncDispose]());
  return new URL(cloud.url);
}

describe.each<[string, OpenSession, string]>([
  ["lean", openLeanSession, "2024-11-05"],
  // The SDK offers what it always offers, whatever carries it.
  ["sdk", openSdkSession, "2025-11-25"],
])("a server of the SDK, on the wire %s", (_, open, protocolVersion) => {
  test("is opened, listed, called and closed", async () => {
    const session = await openTo(await startCloud(), old, open);
    expect(session).toMatchObject({ protocolVersion, lost: false });
    expect((await session.listTools(10_000)).map(({ name }) => name)).toContain("FetchResources");
    expect(await session.call(callOf())).toMatchObject({ class: "ok", outcome: "ok" });
    expect(await session.call(callOf({ tool: "Nothing" }))).toMatchObject({ class: "rpc-error", rpcCode: -32602 });
    await session.close();
  });

  test("answers many calls at once over its one stream", async () => {
    const session = await openTo(await startCloud(), old, open);
    const answers = await Promise.all(Array.from({ length: 20 }, () => session.call(callOf())));
    expect(answers.map(({ class: is }) => is)).toEqual(answers.map(() => "ok"));
    await session.close();
  });

  test("a call that takes too long is cancelled in words", async () => {
    const session = await openTo(await startCloud({ DELAY_MS: "30000" }), old, open);
    const answer = await session.call(callOf({ timeoutMs: 400 }));
    expect(answer).toMatchObject({ class: "timeout", onTimeout: "cancel" });
    await session.close();
  });
});

describe("finding out", () => {
  test("comes to it where neither newer way is taken, and needs it not again", async () => {
    const url = await startCloud();
    const first = await openTo(url, { dialect: dialectOf("auto") });
    expect(first).toMatchObject({ protocolVersion: "2024-11-05", begins: "event-stream" });
    expect(learned(dialectOf("auto"), first)).toBe(eventStreamDialect);
    await first.close();
  });

  test("tells of initialize where there is no stream either", async () => {
    const url = await startOdd((response) => response.writeHead(404).end());
    await expect(openTo(url, { dialect: dialectOf("auto") })).rejects.toThrow("answered initialize with HTTP 405");
    await expect(openTo(url, old)).rejects.toThrow("answered the GET of its event stream with HTTP 404");
  });
});

describe("an odd server", () => {
  const stream = (...events: readonly string[]) => {
    return (response: ServerResponse): void => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of events) response.write(event);
    };
  };

  test.for<[string, (response: ServerResponse) => void, string]>([
    [
      "that names another host",
      stream("event: endpoint\ndata: http://127.0.0.2:1/x\n\n"),
      "wants messages posted elsewhere",
    ],
    ["that answers with a page", (response) => void response.writeHead(200).end("<html>"), "another content type"],
    ["that says nothing", stream(": hello\n\n"), "named no endpoint for messages within 500ms"],
    [
      "whose stream ends",
      (response) => void response.writeHead(200, { "content-type": "text/event-stream" }).end(),
      "named no endpoint for messages: ",
    ],
  ])("%s is told of", async ([, onGet, says]) => {
    const url = await startOdd(onGet);
    await expect(openTo(url, { ...old, timeoutMs: 500 })).rejects.toThrow(says);
  });

  test("that refuses a post has refused that call, and no other", async () => {
    let answerTo: ServerResponse | undefined;
    const url = await startOdd(
      (response) => {
        answerTo = response;
        stream("event: endpoint\ndata: /mcp/messages?s=1\n\n")(response);
      },
      (message, response) => {
        if (message.method === "tools/call") {
          response.writeHead(503, { "retry-after": "2" }).end("busy");
          return;
        }
        response.writeHead(202).end();
        const result = { protocolVersion: "2024-11-05", capabilities: {}, serverInfo: { name: "x", version: "1" } };
        if (message.id !== undefined) {
          answerTo?.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n\n`);
        }
      },
    );
    const session = await openTo(url, old);
    expect(await session.call(callOf())).toMatchObject({ class: "http-refusal", status: 503, retryAfterMs: 2000 });
    const waiting = session.call(callOf({ method: "tools/list", params: {} }));
    expect(await waiting).toMatchObject({ class: "ok" });
    // Whoever loses the stream loses the session.
    answerTo?.destroy();
    await waitFor(() => expect(session.lost).toBe(true));
    expect(await session.call(callOf())).toMatchObject({ class: "no-session" });
    await session.close();
  });
});

type OnMessage = (message: { readonly id?: number; readonly method: string }, response: ServerResponse) => void;

async function startOdd(
  onGet: (response: ServerResponse) => unknown,
  onMessage: OnMessage = (_, response) => void response.writeHead(405).end(),
): Promise<URL> {
  const server = createServer((request, response) => {
    if (request.method === "GET") {
      onGet(response);
      return;
    }
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => onMessage(JSON.parse(text), response));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
}

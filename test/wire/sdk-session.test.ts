/** A session of the SDK's wire: opening, calling, giving up, closing; and what a person reads when it fails. */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { readdirSync, readFileSync } from "node:fs";
import { getEventListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { wires } from "../../src/wire/registry.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { openSdkSessionOver } from "../../src/wire/sdk-session.ts";
import { SessionError, type CallRequest, type Session, type SessionOptions } from "../../src/wire/session.ts";
import { realWorld } from "../../src/world.ts";
import { callOf, errorTo, openTo, resultTo, startFaultServer, textResult } from "./fault-server.ts";
import type { Asked, FaultServer, FaultServerOptions, React } from "./fault-server.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

async function serve(onCall: React = good, options: FaultServerOptions = {}): Promise<FaultServer> {
  const server = await startFaultServer(onCall, options);
  opened.push(server);
  return server;
}

async function openSdk(server: FaultServer, options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = await openTo(server.url, options, openSdkSession);
  opened.push(session);
  return session;
}

/** A server that answers calls only when a test does. */
async function serveByHand(options: FaultServerOptions = {}) {
  const arrived: ((asked: Asked) => void)[] = [];
  const server = await serve((asked) => arrived.shift()?.(asked), options);
  const session = await openSdk(server);
  const call = async (options: Partial<CallRequest>) => {
    const hearing = new Promise<Asked>((resolve) => void arrived.push(resolve));
    const answer = session.call(callOf(options));
    return { asked: await hearing, answer };
  };
  return { server, session, call };
}

const good: React = (asked) => asked.json(resultTo(asked, textResult('{"id":"r-1"}')));
const said = (server: FaultServer, name: string) =>
  server.heard.filter(({ message, httpMethod }) => (message.method ?? httpMethod) === name);
const tick = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 50));

describe("a call", () => {
  test("carries the headers of the scenario, and its trace in _meta", async () => {
    const server = await serve();
    const session = await openSdk(server, { headers: { authorization: "Bearer t-0123456789" } });
    expect(session).toMatchObject({ protocolVersion: "2025-11-25", lost: false });
    const call = callOf({ args: { limit: 5 } });
    expect(await session.call(call)).toEqual({
      class: "ok",
      outcome: "ok",
      answer: { form: "json", filled: ["$", "$.id"], hollow: [] },
      result: textResult('{"id":"r-1"}'),
    });
    const [heard] = said(server, "tools/call");
    expect(heard?.message.params).toEqual({ name: "FetchResources", arguments: { limit: 5 }, _meta: call.meta });
    expect(heard?.headers).toMatchObject({ authorization: "Bearer t-0123456789", "user-agent": "node" });
    expect(heard?.headers).not.toHaveProperty("traceparent");
  });

  test("that resolves to an empty object is an ok answer with nothing in it, as the SDK's user sees it", async () => {
    const session = await openSdk(await serve((asked) => asked.json(resultTo(asked, {}))));
    expect(await session.call(callOf())).toEqual({
      class: "ok",
      outcome: "ok",
      answer: { form: "none", filled: [], hollow: [] },
      result: { content: [] },
    });
  });

  test("does not tell a secret that the server quotes", async () => {
    const secret = "t-0123456789";
    const session = await openSdk(await serve((asked) => asked.json(errorTo(asked, 1, `no ${secret}`))), {
      headers: { authorization: `Bearer ${secret}` },
    });
    expect(await session.call(callOf())).toEqual({ class: "rpc-error", outcome: "failed", rpcCode: 1, says: "no ***" });
  });

  test("to a server that has gone is refused", async () => {
    const server = await serve();
    const session = await openSdk(server);
    await server.stopListening();
    // A connection that was kept may not have heard yet; the one after it finds nobody.
    await session.call(callOf());
    expect(await session.call(callOf())).toEqual({ class: "refused", outcome: "failed" });
  });

  test("that meets 404 finds the session lost, but the SDK goes on with it", async () => {
    const server = await serve(({ response }) => void response.writeHead(404).end("Session not found"), {
      sessionId: "s-1",
    });
    const session = await openSdk(server);
    for (let call = 0; call < 2; call += 1) {
      expect(await session.call(callOf())).toEqual({
        class: "session-lost",
        outcome: "failed",
        status: 404,
        says: "Session not found",
      });
      expect(session.lost).toBe(false);
    }
    expect(said(server, "tools/call").map(({ headers }) => headers["mcp-session-id"])).toEqual(["s-1", "s-1"]);
    expect(said(server, "initialize")).toHaveLength(1);
  });

  test("that is redirected is posted again by the SDK, five times at most", async () => {
    const server = await serve(({ response }) => void response.writeHead(307, { location: "/mcp" }).end());
    const session = await openSdk(server);
    expect(await session.call(callOf())).toMatchObject({ class: "http-refusal", status: 307 });
    expect(said(server, "tools/call")).toHaveLength(6);
  });
});

describe("giving up", () => {
  test("cancels, leaves the request open, and drops the answer that comes late", async () => {
    const { server, call } = await serveByHand();
    const onLate = vi.fn();
    const { asked, answer } = await call({ timeoutMs: 100.5, onLate });
    expect(await answer).toEqual({ class: "timeout", outcome: "unknown", onTimeout: "cancel" });
    const { message } = await server.hears("notifications/cancelled");
    expect(message.params?.requestId).toBe(asked.message.id);
    expect(asked.socket.destroyed).toBe(false);
    asked.json(resultTo(asked, textResult("late")));
    await tick();
    expect(onLate).not.toHaveBeenCalled();
  });

  test("is told from a server's error that looks the same", async () => {
    const session = await openSdk(
      await serve(({ json, message: { id } }) => {
        json({ jsonrpc: "2.0", id, error: { code: -32001, message: "Request timed out", data: { timeout: 10_000 } } });
      }),
    );
    expect(await session.call(callOf({ timeoutMs: 10_000 }))).toMatchObject({ class: "rpc-error", rpcCode: -32001 });
  });

  test("happens at once when the run is over, for the calls of that run only", async () => {
    const { call } = await serveByHand();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = await call({ signal: one.signal });
    const second = await call({ signal: other.signal });
    one.abort();
    expect(await first.answer).toEqual({ class: "stopped", outcome: "unknown" });
    second.asked.json(resultTo(second.asked, {}));
    expect(await second.answer).toMatchObject({ class: "ok" });
  });

  test("of a run that is over sends nothing", async () => {
    const server = await serve();
    const session = await openSdk(server);
    expect(await session.call(callOf({ signal: AbortSignal.abort() }))).toEqual({
      class: "stopped",
      outcome: "unknown",
    });
    expect(said(server, "tools/call")).toEqual([]);
  });

  test("cancels no call that has long ended, and leaves one listener at most on the run's signal", async () => {
    const server = await serve();
    const session = await openSdk(server);
    const run = new AbortController();
    for (let call = 0; call < 5; call += 1) await session.call(callOf({ signal: run.signal }));
    expect(getEventListeners(run.signal, "abort").length).toBeLessThan(2);
    run.abort();
    await tick();
    expect(said(server, "notifications/cancelled")).toEqual([]);
  });
});

test("over a transport that ends by itself, a call is closed, and the next finds no session", async () => {
  const transport: Transport = {
    start: () => Promise.resolve(),
    close: () => Promise.resolve(transport.onclose?.()),
    send: (message) => {
      if (!("id" in message) || !("method" in message)) return Promise.resolve();
      if (message.method !== "initialize") return transport.close();
      const result = {
        protocolVersion: "2025-11-25",
        capabilities: {},
        serverInfo: { name: "far", version: "1" },
      };
      return Promise.resolve(transport.onmessage?.({ jsonrpc: "2.0", id: message.id, result }));
    },
  };
  const session = await openSdkSessionOver(
    {
      name: "far",
      transport,
      protocolVersion: () => "2025-11-25",
      isPipe: false,
      inSession: () => false,
      isLost: () => false,
      farewell: () => Promise.resolve(),
    },
    { headers: {}, timeoutMs: 10_000, world: realWorld, clientName: "squall" },
  );
  expect(await session.call(callOf())).toEqual({ class: "closed", outcome: "unknown" });
  expect(await session.call(callOf())).toEqual({ class: "no-session", outcome: "failed" });
  await session.close();
});

describe("closing", () => {
  test("ends what is under way, gives the session back, and sends nothing any more", async () => {
    const { server, session, call } = await serveByHand({ sessionId: "s-1" });
    const { asked, answer } = await call({});
    await session.close();
    expect(await answer).toEqual({ class: "stopped", outcome: "unknown" });
    await asked.gone;
    expect(said(server, "DELETE").map(({ headers }) => headers["mcp-session-id"])).toEqual(["s-1"]);
    expect(await session.call(callOf())).toEqual({ class: "no-session", outcome: "failed" });
    expect(said(server, "tools/call")).toHaveLength(1);
    await session.close();
    expect(said(server, "DELETE")).toHaveLength(1);
  });

  test("does not wait for a farewell that is never answered", async () => {
    const server = await serve(good, { sessionId: "s-1", on: { DELETE: () => undefined } });
    const session = await openSdk(server);
    await session.close();
    await server.hears("DELETE");
  });
});

describe("opening", () => {
  const failures: readonly [string, string, Record<string, React>][] = [
    ["HTTP 404", "HTTP 404: Error POSTing to endpoint: gone", { initialize: refuse404 }],
    ["an error", "not today", { initialize: (asked) => asked.json(errorTo(asked, -32603, "not today")) }],
    ["a connection that closes", "fetch failed (other side closed)", { initialize: ({ socket }) => void socket.end() }],
  ];
  test.for(failures)("says so when it meets %s", async ([, says, on]) => {
    const server = await serve(good, { on });
    const error = await thrownBy(openSdk(server));
    expect(error.message).toBe(`${server.url.href} did not open a session: ${says}`);
  });

  test.for(["initialize", "notifications/initialized"])("waits no longer than it may for %s", async (name) => {
    const server = await serve(good, { on: { [name]: () => undefined } });
    const error = await thrownBy(openSdk(server, { timeoutMs: 200 }));
    expect(error.message).toBe(`${server.url.href} did not open a session within 200ms`);
  });

  test("tells neither login nor header", async () => {
    const server = await serve();
    const withLogin = new URL(server.url);
    withLogin.password = "p-0123456789";
    const refused = await thrownBy(openTo(withLogin, {}, openSdkSession));
    expect(refused.message).toContain("the SDK takes no login in a URL");
    const unsendable = await thrownBy(openSdk(server, { headers: { "x-key": "secret\nvalue" } }));
    expect(unsendable.message).toContain("did not open a session: Headers.append");
    for (const { message } of [refused, unsendable]) expect(message).not.toMatch(/secret|p-0123456789/);
  });
});

describe("listing tools", () => {
  test("walks all pages", async () => {
    const pages: Readonly<Record<string, unknown>> = {
      start: { tools: [{ ...tool("FetchResources"), annotations: { readOnlyHint: true } }], nextCursor: "2" },
      2: { tools: [tool("CreateLimitRequest")] },
    };
    const session = await openSdk(
      await serve(good, {
        on: { "tools/list": (asked) => asked.json(resultTo(asked, pages[asked.message.params?.cursor ?? "start"])) },
      }),
    );
    expect(await session.listTools(10_000)).toMatchObject([
      { name: "FetchResources", readOnly: true },
      { name: "CreateLimitRequest", readOnly: false },
    ]);
  });

  test.for<[string, string, React]>([
    [
      "pages without end",
      "has more than 64 pages of tools",
      (asked) => asked.json(resultTo(asked, { tools: [], nextCursor: "more" })),
    ],
    [
      "an error",
      "did not answer tools/list: no such method",
      (asked) => asked.json(errorTo(asked, -32601, "no such method")),
    ],
    ["silence", "did not answer tools/list within 300ms", () => undefined],
  ])("says so when it meets %s", async ([, says, list]) => {
    const server = await serve(good, { on: { "tools/list": list } });
    const session = await openSdk(server);
    const error = await thrownBy(session.listTools(says.endsWith("ms") ? 300 : 10_000));
    expect(error.message).toBe(`${server.url.href} ${says}`);
  });
});

test("only the SDK's wire loads the SDK, and nobody loads that wire before a group speaks through it", () => {
  const src = fileURLToPath(new URL("../../src", import.meta.url));
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const heavy = /from "(?:@modelcontextprotocol\/|\.[\w./]*\/sdk2?(?:-pipe|-session|-requests|-outcome)?\.ts")/;
  const users = files.filter((file) => heavy.test(readFileSync(`${src}/${file}`, "utf8")));
  expect(users.sort()).toEqual([
    "wire/sdk-outcome.ts",
    "wire/sdk-pipe.ts",
    "wire/sdk-requests.ts",
    "wire/sdk-session.ts",
    "wire/sdk-validator.ts",
    "wire/sdk.ts",
    "wire/sdk2-outcome.ts",
    "wire/sdk2.ts",
  ]);
});

test("the registry's sdk is this wire", async () => {
  const server = await serve();
  const session = await openTo(server.url, { clientName: "squall planner.0" }, wires.sdk);
  opened.push(session);
  expect(await session.call(callOf())).toMatchObject({ class: "ok" });
  expect(said(server, "initialize")[0]?.headers["user-agent"]).toBe("node");
});

function refuse404({ response }: Asked): void {
  response.writeHead(404).end("gone");
}

function tool(name: string) {
  return { name, inputSchema: { type: "object" } };
}

async function thrownBy(promise: Promise<unknown>): Promise<SessionError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SessionError)) throw new Error("expected a SessionError", { cause: thrown });
  return thrown;
}

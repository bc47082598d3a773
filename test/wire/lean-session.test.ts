/** Opening, listing and closing: what is negotiated, and what a person reads when it fails. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { SessionError } from "../../src/wire/session.ts";
import { pagesMax } from "../../src/wire/requests.ts";
import { realWorld, type World } from "../../src/world.ts";
import { fakeWorld } from "../fake-world.ts";
import { callOf, errorTo, openTo, resultTo, startFaultServer } from "./fault-server.ts";
import type { FaultServer, FaultServerOptions, React } from "./fault-server.ts";
import { waitFor } from "../waiting.ts";

const servers: FaultServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: FaultServerOptions = {}, onCall: React = () => undefined): Promise<FaultServer> {
  const server = await startFaultServer(onCall, options);
  servers.push(server);
  return server;
}

async function thrownBy(promise: Promise<unknown>): Promise<SessionError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(SessionError);
  return thrown as SessionError;
}

const initialized = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } };

describe("opening", () => {
  test("offers the newest revision and says that it is ready", async () => {
    const server = await serve();
    const session = await openTo(server.url, { clientName: "squall-planner" });
    await session.close();
    const [initialize, ready] = server.heard;
    expect(initialize?.message).toEqual({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "squall-planner", version: "1" },
      },
    });
    expect(initialize?.headers).not.toHaveProperty("mcp-protocol-version");
    expect(ready?.message).toEqual({ jsonrpc: "2.0", method: "notifications/initialized" });
    expect(server.heard).toHaveLength(2);
  });

  test.for([
    ["2025-03-26", undefined],
    ["2025-06-18", "2025-06-18"],
    ["2025-11-25", "2025-11-25"],
  ] as const)("speaks %s where the server does, with header %s", async ([protocolVersion, header]) => {
    const server = await serve({ protocolVersion, sessionId: "s-1" });
    const session = await openTo(server.url);
    expect(session).toMatchObject({ protocolVersion, lost: false });
    await session.close();
    for (const { headers } of server.heard.slice(1)) {
      expect(headers["mcp-protocol-version"]).toBe(header);
      expect(headers["mcp-session-id"]).toBe("s-1");
    }
    expect(server.heard.map(({ httpMethod }) => httpMethod)).toEqual(["POST", "POST", "DELETE"]);
  });

  test("takes an event stream for an answer to initialize", async () => {
    const server = await serve({
      on: {
        initialize: (asked) => {
          asked.events(resultTo(asked, initialized));
          asked.response.end();
        },
      },
    });
    const session = await openTo(server.url);
    expect(session.protocolVersion).toBe("2025-11-25");
    await session.close();
  });

  test.for<[string, string, React]>([
    ["HTTP 404", "answered initialize with HTTP 404", ({ response }) => void response.writeHead(404).end()],
    [
      "an HTTP error with JSON-RPC inside",
      "answered initialize with HTTP 400: Unsupported protocol version",
      (asked) => asked.json(errorTo(asked, -32000, "Unsupported protocol version"), 400),
    ],
    [
      "a JSON-RPC error",
      "answered initialize with JSON-RPC error -32603: not today",
      (asked) => asked.json(errorTo(asked, -32603, "not today")),
    ],
    [
      "an old revision",
      'answered initialize with protocol version "2024-10-07", expected 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05',
      (asked) => asked.json(resultTo(asked, { ...initialized, protocolVersion: "2024-10-07" })),
    ],
    [
      "no revision",
      "answered initialize with protocol version nothing, expected 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05",
      (asked) => asked.json(resultTo(asked, {})),
    ],
    [
      "a web page",
      "answered initialize with a 2xx answer of another content type",
      ({ response }) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
    ],
    [
      "a connection that closes",
      "did not answer initialize: the connection was closed before the answer (socket hang up)",
      ({ socket }) => void socket.end(),
    ],
    [
      "a connection that resets",
      "did not answer initialize: the connection was reset before the answer (read ECONNRESET)",
      ({ socket }) => void socket.resetAndDestroy(),
    ],
    ["silence", "did not answer initialize within 200ms", () => undefined],
  ])("says so when it meets %s", async ([, says, initialize]) => {
    const server = await serve({ on: { initialize } });
    const error = await thrownBy(openTo(server.url, { timeoutMs: 200 }));
    expect(error.message).toBe(`${server.url.href} ${says}`);
  });

  test("a refused connection is told with its cause", async () => {
    const server = await serve();
    await server.stopListening();
    const error = await thrownBy(openTo(server.url));
    expect(error.message).toBe(
      `${server.url.href} did not answer initialize: the connection was refused, so nothing was sent ` +
        `(connect ECONNREFUSED ${server.url.host})`,
    );
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  test("a server that does not take the ready message is not open, and its session is given back", async () => {
    const server = await serve({
      sessionId: "s-1",
      on: { "notifications/initialized": ({ response }) => void response.writeHead(500).end() },
    });
    const error = await thrownBy(openTo(server.url));
    expect(error.message).toBe(`${server.url.href} answered notifications/initialized with HTTP 500`);
    expect((await server.hears("DELETE")).headers["mcp-session-id"]).toBe("s-1");
  });

  test("any 2xx takes the ready message", async () => {
    const server = await serve({
      on: { "notifications/initialized": ({ response }) => void response.writeHead(200).end() },
    });
    await (await openTo(server.url)).close();
  });

  test("login and query of the URL are sent, but never told", async () => {
    const server = await serve({ on: { initialize: (asked) => asked.json({}, 403) } });
    const url = new URL("?key=k-0123456789", server.url);
    url.username = "ann";
    url.password = "p@ss-word";
    const error = await thrownBy(openTo(url));
    expect(error.message).toBe(`${server.url.href} answered initialize with HTTP 403`);
    const basic = `Basic ${Buffer.from("ann:p@ss-word").toString("base64")}`;
    const { headers, path } = await server.hears("initialize");
    expect(headers.authorization).toBe(basic);
    expect(path).toBe("/mcp?key=k-0123456789");
  });

  test("a header that cannot be sent is told without its value", async () => {
    const server = await serve();
    const error = await thrownBy(openTo(server.url, { headers: { "x-key": "secret\nvalue" } }));
    expect(error.message).toBe(`${server.url.href} could not be asked: Invalid character in header content ["x-key"]`);
  });

  test("only http and https are spoken", async () => {
    const error = await thrownBy(openTo(new URL("ftp://127.0.0.1/mcp")));
    expect(error.message).toBe('expected an http: or https: URL, got "ftp:"');
  });
});

describe("listing tools", () => {
  const pageAfter: Readonly<Record<string, unknown>> = {
    start: {
      tools: [{ name: "FetchResources", annotations: { readOnlyHint: true } }, { name: "CreateLimitRequest" }],
      nextCursor: "2",
    },
    2: { tools: [{ name: "DeleteResource", annotations: { readOnlyHint: false } }] },
  };

  test("walks all pages", async () => {
    const server = await serve({
      on: { "tools/list": (asked) => asked.json(resultTo(asked, pageAfter[asked.message.params?.cursor ?? "start"])) },
    });
    const session = await openTo(server.url);
    expect(await session.listTools(1000)).toMatchObject([
      { name: "FetchResources", readOnly: true },
      { name: "CreateLimitRequest", readOnly: false },
      { name: "DeleteResource", readOnly: false },
    ]);
    await session.close();
  });

  test.for<[string, string, React]>([
    [
      "pages without end",
      `has more than ${pagesMax} pages of tools`,
      (asked) => asked.json(resultTo(asked, { tools: [], nextCursor: "more" })),
    ],
    [
      "no list",
      "answered tools/list without a list of tools",
      (asked) => asked.json(resultTo(asked, { tools: "none" })),
    ],
    [
      "a nameless tool",
      "answered tools/list with a tool that has no name",
      (asked) => asked.json(resultTo(asked, { tools: [{}] })),
    ],
    [
      "an error",
      "answered tools/list with JSON-RPC error -32601: (no message)",
      (asked) => asked.json(errorTo(asked, -32601, "")),
    ],
    ["silence", "did not answer tools/list within 300ms", () => undefined],
  ])("says so when it meets %s", async ([, says, list]) => {
    const server = await serve({ on: { "tools/list": list } });
    const session = await openTo(server.url);
    const error = await thrownBy(session.listTools(says.endsWith("ms") ? 300 : 10_000));
    expect(error.message).toBe(`${server.url.href} ${says}`);
    await session.close();
  });

  test("the patience is for the whole walk, not for each page", async () => {
    const server = await serve({
      on: {
        "tools/list": (asked) =>
          void setTimeout(() => asked.json(resultTo(asked, { tools: [], nextCursor: "more" })), 50),
      },
    });
    const session = await openTo(server.url);
    const error = await thrownBy(session.listTools(300));
    expect(error.message).toBe(`${server.url.href} did not answer tools/list within 300ms`);
    await session.close();
  });
});

describe("closing", () => {
  test("does not wait for a farewell that is never answered", async () => {
    const server = await serve({ sessionId: "s-1", on: { DELETE: () => undefined } });
    const world = fakeWorld();
    const session = await openTo(server.url, { world });
    const closing = session.close();
    await server.hears("DELETE");
    await world.advance(2000);
    await closing;
  });

  test("leaves no timer behind", async () => {
    const live = new Set<symbol>();
    const timer: World["timer"] = (ms, fire) => {
      const one = Symbol("timer");
      const running = realWorld.timer(ms, () => {
        live.delete(one);
        fire();
      });
      const cancel = (): void => {
        live.delete(one);
        running.cancel();
      };
      live.add(one);
      return { cancel };
    };
    const server = await serve({ sessionId: "s-1" }, (asked) => {
      if (asked.message.method !== "tools/call") asked.json(resultTo(asked, { tools: [] }));
      else if (asked.message.params?.name === "FetchResources") asked.events(resultTo(asked, {}));
    });
    const session = await openTo(server.url, { world: { ...realWorld, timer } });
    await session.listTools(10_000);
    await session.call(callOf());
    await session.call(callOf({ tool: "Slow", timeoutMs: 20 }));
    expect(live.size).toBeGreaterThan(0);
    await session.close();
    // The requests left open end with their connections, a moment after those were dropped.
    await waitFor(() => expect(live.size).toBe(0));
  });

  test("twice is once", async () => {
    const server = await serve({ sessionId: "s-1" });
    const session = await openTo(server.url);
    await session.close();
    await session.close();
    expect(server.heard.filter(({ httpMethod }) => httpMethod === "DELETE")).toHaveLength(1);
  });

  test("lets a cancellation that was just sent arrive", async () => {
    const cancelled = Promise.withResolvers<void>();
    const server = await serve({
      on: {
        "notifications/cancelled": ({ response }) => {
          cancelled.resolve();
          setTimeout(() => response.writeHead(202).end(), 100);
        },
      },
    });
    const session = await openTo(server.url);
    expect(await session.call(callOf({ timeoutMs: 20 }))).toMatchObject({ class: "timeout" });
    await session.close();
    await cancelled.promise;
  });
});

describe("over TLS", () => {
  let key: Buffer;
  let cert: Buffer;
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), "squall-tls-"));
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const what = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1";
    execFileSync("openssl", [...what.split(" "), "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
    [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
    rmSync(folder, { recursive: true });
  });

  async function withSecureServer(use: (url: URL) => Promise<void>): Promise<void> {
    const server = createSecureServer({ key, cert }, (request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: initialized }));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    await use(new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`));
    await new Promise((resolve) => void server.close(resolve));
  }

  test("a server whose certificate is trusted is spoken to", () =>
    withSecureServer(async (url) => {
      const usual = getCACertificates("default");
      setDefaultCACertificates([...usual, cert.toString()]);
      try {
        const session = await openTo(url);
        expect(session.protocolVersion).toBe("2025-11-25");
        await session.close();
      } finally {
        setDefaultCACertificates(usual);
      }
    }));

  test("a server whose certificate is not trusted is told nothing", () =>
    withSecureServer(async (url) => {
      const error = await thrownBy(openTo(url));
      expect(error.message).toContain(`${url.href} did not answer initialize: no route or no such name`);
      expect(error.message).toContain("self-signed certificate");
      expect(error.cause).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    }));
});

/** Which revision is spoken: found out or pinned, with real servers of both SDKs and with such that answer oddly. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dialectOf, learned, usualDialect } from "../../src/wire/dialect.ts";
import type { SessionOptions } from "../../src/wire/session.ts";
import { callOf, errorTo, openTo, resultTo, startFaultServer, type React } from "./fault-server.ts";
import { openStdioStand } from "./stdio-child.ts";
import { startV2Server, v2StdioScript, type V2Server } from "./v2-server.ts";
import { waitFor } from "../waiting.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const auto: Partial<SessionOptions> = { dialect: dialectOf("auto") };
const modern: Partial<SessionOptions> = { dialect: dialectOf("2026-07-28") };

async function v2(options?: Parameters<typeof startV2Server>[0]): Promise<V2Server> {
  const server = await startV2Server(options);
  closing.push(() => server.close());
  return server;
}

async function odd(on: Readonly<Record<string, React>>, call: React = () => undefined) {
  const server = await startFaultServer(call, { on });
  closing.push(() => server.close());
  return server;
}

describe("2026-07-28 with a server of the second SDK", () => {
  test("is found out, and what is learned spares further sessions every request", async () => {
    const server = await v2();
    const first = await openTo(server.url, auto);
    expect(first).toMatchObject({ protocolVersion: "2026-07-28", begins: "at-once", hasId: false });
    expect(server.heard).toHaveLength(1);
    const second = await openTo(server.url, { dialect: learned(dialectOf("auto"), first) });
    expect(second.protocolVersion).toBe("2026-07-28");
    expect(server.heard).toHaveLength(1);
    await Promise.all([first.close(), second.close()]);
    expect(server.heard.map(({ method }) => method)).toEqual(["POST"]);
  });

  test("is listed and called, each request with its own headers and envelope", async () => {
    // The SDK warns of such a name, and takes it.
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const server = await v2({ named: "Größe" });
    const session = await openTo(server.url, modern);
    expect((await session.listTools(10_000)).map(({ name }) => name)).toEqual(["FetchResources", "Größe"]);
    const answer = await session.call(callOf());
    expect(answer).toMatchObject({ class: "ok", status: 200 });
    expect(await session.call(callOf({ tool: "Größe" }))).toMatchObject({ class: "ok" });
    await session.close();
    warn.mockRestore();
    expect(server.heard[2]?.headers).toMatchObject({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "FetchResources",
    });
    expect(server.heard[3]?.headers["mcp-name"]).toBe("=?base64?R3LDtsOfZQ==?=");
    expect(server.heard[2]?.headers).not.toHaveProperty("mcp-session-id");
    // The server keeps the envelope to itself, and gives its tools the rest.
    expect(server.metas[0]).toMatchObject({ traceparent: callOf().meta.traceparent });
  });

  test("an unknown tool is a JSON-RPC error", async () => {
    const server = await v2();
    const session = await openTo(server.url, modern);
    expect(await session.call(callOf({ tool: "Nothing" }))).toMatchObject({ class: "rpc-error", rpcCode: -32602 });
    await session.close();
  });

  test.for(["cancel", "close"] as const)("onTimeout: %s closes the stream, which is the cancel", async (onTimeout) => {
    const server = await v2();
    const session = await openTo(server.url, modern);
    const answer = await session.call(callOf({ args: { waitMs: 60_000 }, timeoutMs: 300, onTimeout }));
    expect(answer).toMatchObject({ class: "timeout", onTimeout: "cancel" });
    await waitFor(() => expect(server.cancelled).toEqual(["FetchResources"]));
    await session.close();
    // Nothing was said beside the two requests.
    expect(server.heard).toHaveLength(2);
  });

  test("onTimeout: abandon leaves the call alone", async () => {
    const server = await v2();
    const session = await openTo(server.url, modern);
    const late: unknown[] = [];
    const answer = await session.call(
      callOf({ args: { waitMs: 1000 }, timeoutMs: 300, onTimeout: "abandon", onLate: (came) => late.push(came) }),
    );
    expect(answer).toMatchObject({ class: "timeout", onTimeout: "abandon" });
    await waitFor(() => expect(late).toEqual([{ class: "ok" }]));
    expect(server.cancelled).toEqual([]);
    await session.close();
  });

  test("a pinned 2025 revision is negotiated with it all the same", async () => {
    const server = await v2();
    const session = await openTo(server.url, { dialect: dialectOf("2025-11-25") });
    expect(session.protocolVersion).toBe("2025-11-25");
    expect(await session.call(callOf())).toMatchObject({ class: "ok" });
    await session.close();
  });

  test("one that speaks nothing older says so", async () => {
    const server = await v2({ legacy: false });
    const opened = openTo(server.url, { dialect: dialectOf("2025-11-25") });
    await expect(opened).rejects.toThrow(/answered initialize with HTTP 400: /);
    const session = await openTo(server.url, auto);
    expect(session.protocolVersion).toBe("2026-07-28");
    await session.close();
  });
});

describe("finding out", () => {
  test.for<[string, React]>([
    ["400", (asked) => asked.json(errorTo(asked, -32000, "Bad Request: Server not initialized"), 400)],
    ["method not found", (asked) => asked.json(errorTo(asked, -32601, "Method not found"))],
    ["404 and no JSON", ({ response }) => void response.writeHead(404).end("no")],
    ["500", ({ response }) => void response.writeHead(500).end("oops")],
    ["a web page", ({ response }) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>")],
    ["a result without versions", (asked) => asked.json(resultTo(asked, {}))],
    ["a reset", ({ socket }) => void socket.resetAndDestroy()],
    ["versions of the future", (asked) => asked.json(resultTo(asked, { supportedVersions: ["2031-01-01"] }))],
  ])("goes on with initialize after %s", async ([, discover]) => {
    const server = await odd({ "server/discover": discover });
    const session = await openTo(server.url, auto);
    expect(session).toMatchObject({ protocolVersion: "2025-11-25", begins: "initialize" });
    await session.close();
    const [, initialize] = server.heard;
    expect(initialize?.message).toMatchObject({ method: "initialize" });
    expect(initialize?.message.params).not.toHaveProperty("_meta");
    for (const header of ["mcp-protocol-version", "mcp-method"]) expect(initialize?.headers).not.toHaveProperty(header);
    // Who knows that needs no such question.
    expect(learned(dialectOf("auto"), session)).toEqual(usualDialect);
  });

  test("names what is offered where nothing fits", async () => {
    const server = await odd({
      "server/discover": (asked) => {
        asked.json(
          { ...Object(errorTo(asked, -32022, "Unsupported")), error: unsupported(["2031-01-01", "2032-02-02"]) },
          400,
        );
      },
      initialize: (asked) => asked.json(errorTo(asked, -32601, "gone"), 404),
    });
    await expect(openTo(server.url, auto)).rejects.toThrow(
      'answered server/discover with protocol versions "2031-01-01", "2032-02-02", expected 2026-07-28, 2025-11-25',
    );
    await expect(openTo(server.url, modern)).rejects.toThrow(
      'answered server/discover with protocol versions "2031-01-01", "2032-02-02", expected 2026-07-28',
    );
  });

  test("a pinned 2026-07-28 that nobody speaks is refused in the server's words", async () => {
    const server = await odd({ "server/discover": (asked) => asked.json(errorTo(asked, -32601, "no such method")) });
    await expect(openTo(server.url, modern)).rejects.toThrow(
      "answered server/discover with JSON-RPC error -32601: no such method",
    );
    const old = await odd({ "server/discover": (asked) => asked.json(resultTo(asked, {})) });
    await expect(openTo(old.url, modern)).rejects.toThrow(
      "answered server/discover without the versions that it speaks",
    );
  });

  test("a pinned older revision that is not taken names what was offered", async () => {
    const server = await odd({});
    await expect(openTo(server.url, { dialect: dialectOf("2025-06-18") })).rejects.toThrow(
      'answered initialize with protocol version "2025-11-25", expected 2025-06-18',
    );
    expect(server.heard[0]?.message.params).toMatchObject({ protocolVersion: "2025-06-18" });
  });
});

describe("over stdio", () => {
  test("2026-07-28 is asked for in the pipe, called, and cancelled in words", async () => {
    await using stand = await openStdioStand({ first: v2StdioScript, dialect: dialectOf("2026-07-28"), bare: true });
    const session = await stand.open();
    expect(session).toMatchObject({ protocolVersion: "2026-07-28", begins: "discover" });
    expect(await session.call(callOf())).toMatchObject({ class: "ok" });
    const answer = await session.call(callOf({ tool: "Hang", timeoutMs: 300, onTimeout: "cancel" }));
    expect(answer).toMatchObject({ class: "timeout", onTimeout: "cancel" });
    const log = (): Promise<string> => readFile(join(stand.stand.folder, "cloud.log"), "utf8");
    await waitFor(async () => expect(await log()).toContain("cancelled"));
    await session.close();
  });

  test("a server is opened as ever, and asked nothing that might end it", async () => {
    const ends = { "server/discover": "process.exit(3)" };
    await using stand = await openStdioStand({ on: ends, dialect: dialectOf("auto", "stdio") });
    const session = await stand.open();
    expect(session).toMatchObject({ protocolVersion: "2025-11-25", begins: "initialize" });
    await session.close();
  });

  test("one that refuses to be opened so is asked what it speaks", async () => {
    const first = v2StdioScript.replace("return server;\n});", 'return server;\n}, { legacy: "reject" });');
    await using stand = await openStdioStand({ first, bare: true, dialect: dialectOf("auto", "stdio") });
    const session = await stand.open();
    expect(session).toMatchObject({ protocolVersion: "2026-07-28", begins: "discover" });
    expect(await session.call(callOf())).toMatchObject({ class: "ok" });
    await session.close();
  });

  test("2024-11-05 is a revision like others there", async () => {
    const initialize = `answer({ protocolVersion: "2024-11-05", capabilities: {}, serverInfo: { name: "x", version: "1" } })`;
    await using stand = await openStdioStand({ on: { initialize }, dialect: dialectOf("2024-11-05", "stdio") });
    const session = await stand.open();
    expect(session).toMatchObject({ protocolVersion: "2024-11-05", begins: "initialize" });
    await session.close();
  });
});

function unsupported(supported: readonly string[]): unknown {
  return { code: -32022, message: "Unsupported protocol version", data: { supported, requested: "2026-07-28" } };
}

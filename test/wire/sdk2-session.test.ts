/** The SDK's second version as agents speak through it in 2026-07-28, with servers of its own and with odd ones. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { dialectOf, learned, sessionless } from "../../src/wire/dialect.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import type { SessionOptions } from "../../src/wire/session.ts";
import { answerTo, callOf, errorTo, openTo, resultTo, startFaultServer, type React } from "./fault-server.ts";
import { openStdioStand } from "./stdio-child.ts";
import { startV2Server, v2StdioScript } from "./v2-server.ts";
import { waitFor } from "../waiting.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const modern: Partial<SessionOptions> = { dialect: dialectOf(sessionless) };

async function v2() {
  const server = await startV2Server();
  closing.push(() => server.close());
  return server;
}

const discover: React = (asked) =>
  asked.json(
    resultTo(asked, {
      resultType: "complete",
      supportedVersions: [sessionless],
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: "public",
    }),
  );

describe("with a server of its own", () => {
  test("opens, lists, calls and closes", async () => {
    const server = await v2();
    const session = await openTo(server.url, modern, openSdkSession);
    expect(session).toMatchObject({ protocolVersion: sessionless, hasId: false, lost: false });
    expect(await session.listTools(10_000)).toMatchObject([{ name: "FetchResources", readOnly: true }]);
    const answer = await session.call(callOf());
    expect(answer).toMatchObject({ class: "ok", outcome: "ok" });
    expect(await session.call(callOf({ tool: "Nothing" }))).toMatchObject({ class: "rpc-error", rpcCode: -32602 });
    await session.close();
    expect(server.heard.at(-1)?.headers).toMatchObject({ "mcp-method": "tools/call", "mcp-name": "Nothing" });
    expect(server.metas[0]).toMatchObject({ traceparent: callOf().meta.traceparent });
  });

  test("what was learned of the server is no news to it: it asks all the same", async () => {
    const server = await v2();
    const dialect = learned(dialectOf("auto"), { begins: "at-once" });
    const session = await openTo(server.url, { dialect }, openSdkSession);
    expect(session.protocolVersion).toBe(sessionless);
    expect(server.heard).toHaveLength(1);
    await session.close();
  });

  test("a timeout closes the stream, which is the cancel", async () => {
    const server = await v2();
    const session = await openTo(server.url, modern, openSdkSession);
    const answer = await session.call(callOf({ args: { waitMs: 60_000 }, timeoutMs: 400 }));
    expect(answer).toMatchObject({ class: "timeout", onTimeout: "cancel" });
    await waitFor(() => expect(server.cancelled).toEqual(["FetchResources"]));
    await session.close();
  });

  test("speaks over stdio", async () => {
    await using stand = await openStdioStand({
      first: v2StdioScript,
      bare: true,
      dialect: dialectOf(sessionless),
      wire: openSdkSession,
    });
    const session = await stand.open();
    expect(session.protocolVersion).toBe(sessionless);
    expect(await session.call(callOf())).toMatchObject({ class: "ok" });
    expect(await session.call(callOf({ tool: "Hang", timeoutMs: 400 }))).toMatchObject({ class: "timeout" });
    await session.close();
  });
});

test("a server that speaks 2025 only is refused with what the SDK says of it", async () => {
  const server = await startFaultServer(() => undefined, {
    on: { "server/discover": (asked) => asked.json(errorTo(asked, -32601, "what?"), 400) },
  });
  closing.push(() => server.close());
  await expect(openTo(server.url, modern, openSdkSession)).rejects.toThrow(/did not open a session: .*2026-07-28/);
});

test("one that pins an older revision gets it, or says what was agreed on", async () => {
  const server = await startFaultServer(() => undefined, { protocolVersion: "2025-06-18" });
  closing.push(() => server.close());
  const opened = openTo(server.url, { dialect: dialectOf("2025-11-25") }, openSdkSession);
  await expect(opened).rejects.toThrow("and the SDK agreed on protocol version 2025-06-18, expected 2025-11-25");
});

const complete = { resultType: "complete", content: [{ type: "text", text: "fine" }] };

/** What an answer is, and the classes that it gets on the lean wire and on the SDK's. */
const answers: readonly (readonly [string, React, string, string])[] = [
  ["as it should be", (asked) => asked.json(resultTo(asked, complete)), "ok", "ok"],
  ["500", ({ response }) => void response.writeHead(500).end("oops"), "http-refusal", "http-refusal"],
  ["503", ({ response }) => void response.writeHead(503).end(), "http-refusal", "http-refusal"],
  ["502", ({ response }) => void response.writeHead(502).end(), "http-gateway", "http-gateway"],
  ["404", ({ response }) => void response.writeHead(404).end(), "http-refusal", "http-refusal"],
  ["a JSON-RPC error", (asked) => asked.json(errorTo(asked, -32603, "broken")), "rpc-error", "rpc-error"],
  ["a reset", ({ socket }) => void socket.resetAndDestroy(), "reset", "reset"],
  ["a connection that closes", ({ socket }) => void socket.end(), "closed", "closed"],
  ["a web page", ({ response }) => html(response), "not-mcp", "not-mcp"],
  ["a task", (asked) => asked.json(resultTo(asked, { resultType: "task", taskId: "t" })), "task-begun", "task-begun"],
  ["a request for input", (asked) => asked.json(resultTo(asked, wantsInput)), "input-required", "input-required"],
  ["a result without content", (asked) => asked.json(resultTo(asked, {})), "ok", "malformed-answer"],
  ["202", ({ response }) => void response.writeHead(202).end(), "accepted-only", "timeout"],
  ["another id", (asked) => asked.json({ jsonrpc: "2.0", id: 987, result: complete }), "wrong-id", "timeout"],
];

const wantsInput = {
  resultType: "input_required",
  inputRequests: {
    sure: {
      method: "elicitation/create",
      params: { mode: "form", message: "sure?", requestedSchema: { type: "object", properties: {} } },
    },
  },
  requestState: "s",
};

describe.concurrent("an answer", () => {
  test.for(answers)("%s is told as well as the SDK lets us", async ([, react, lean, sdk]) => {
    const on = { "server/discover": discover };
    const call = { timeoutMs: sdk === "timeout" ? 400 : 10_000 };
    const seen = await Promise.all([
      answerTo(react, { on, session: modern, call: { timeoutMs: 10_000 } }),
      answerTo(react, { on, session: modern, call, open: openSdkSession }),
    ]);
    expect(seen.map(({ answer }) => answer.class)).toEqual([lean, sdk]);
  });
});

test("docs/wires.md has the answers of which the SDK shows less", () => {
  const document = readFileSync(new URL("../../docs/wires.md", import.meta.url), "utf8");
  const [, later = ""] = document.split("## In 2026-07-28");
  const rows = [...later.matchAll(/^\|(.+)\|$/gm)].map(([, cells = ""]) => cells.split("|").map((cell) => cell.trim()));
  const hidden = answers.filter(([, , lean, sdk]) => lean !== sdk);
  expect(rows.slice(2)).toEqual(hidden.map(([what, , lean, sdk]) => [what, lean, sdk]));
});

function html(response: Parameters<React>[0]["response"]): void {
  response.writeHead(200, { "content-type": "text/html" }).end("<html>");
}

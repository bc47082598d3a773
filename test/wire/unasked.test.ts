/** What servers say unasked, through both wires, over each way and revision: changed lists, and who hears of them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer as McpServer2 } from "@modelcontextprotocol/server";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import type { ListKind } from "../../src/history/list-changes.ts";
import { dialectOf } from "../../src/wire/dialect.ts";
import type { Hears } from "../../src/wire/ear.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { callOf, openTo, resultTo, startFaultServer, textResult } from "./fault-server.ts";
import { openStdioStand } from "./stdio-child.ts";
import { waitFor } from "../waiting.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const wires = [
  ["lean", openLeanSession],
  ["sdk", openSdkSession],
] as const;

function hearing() {
  const lists: ListKind[] = [];
  const hears: Hears = { onListChanged: (list) => lists.push(list), onStray: () => undefined };
  return { lists, hears };
}

const changed = (list: ListKind) => ({ jsonrpc: "2.0", method: `notifications/${list}/list_changed` });

test.each(wires)("the %s wire hears of changed lists on the session's own stream", async (_, open) => {
  const server = await startFaultServer((asked) => asked.json(resultTo(asked, textResult("1"))), {
    sessionId: "s-1",
    on: { GET: ({ events }) => events(changed("tools"), changed("prompts"), changed("resources")) },
  });
  closing.push(() => server.close());
  const { lists, hears } = hearing();
  const session = await openTo(server.url, { hears, listens: true }, open);
  closing.push(() => session.close());
  await waitFor(() => expect(lists).toEqual(["tools", "prompts", "resources"]));
});

test("the lean wire says where a server has no such stream, and asks for none unless it is to listen", async () => {
  const server = await startFaultServer((asked) => asked.json(resultTo(asked, textResult("1"))), {
    on: { GET: ({ response }) => void response.writeHead(405).end() },
  });
  closing.push(() => server.close());
  const deaf = await openTo(server.url, {}, openLeanSession);
  closing.push(() => deaf.close());
  expect(deaf.listens).toBeUndefined();
  expect(server.heard.some(({ httpMethod }) => httpMethod === "GET")).toBe(false);
  const session = await openTo(server.url, { listens: true }, openLeanSession);
  closing.push(() => session.close());
  expect(session.listens).toBe(false);
});

test.each(wires)("over stdio the %s wire hears of them wherever it is", async (_, open) => {
  const { lists, hears } = hearing();
  const stand = await openStdioStand({
    call: `send(${JSON.stringify(changed("tools"))}); answer({ content: [] });`,
    wire: (options) => open({ ...options, hears, listens: true }),
  });
  closing.push(async () => stand[Symbol.asyncDispose]());
  const session = await stand.open();
  closing.push(() => session.close());
  expect(session.listens).toBe(true);
  await session.call(callOf());
  await waitFor(() => expect(lists).toEqual(["tools"]));
});

test.each(wires)("in 2026-07-28 the %s wire subscribes, and hears of them then", async (_, open) => {
  const make = (): McpServer2 => {
    const made = new McpServer2({ name: "v2", version: "1" }, { capabilities: { tools: { listChanged: true } } });
    made.registerTool("Any", { inputSchema: z.object({}) }, () => ({ content: [] }));
    return made;
  };
  const handler = createMcpHandler(make);
  const serve = toNodeHandler(handler);
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    void serve(Object.assign(request, { method, url }), response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  const { lists, hears } = hearing();
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const session = await openTo(url, { hears, listens: true, dialect: dialectOf("2026-07-28") }, open);
  closing.push(() => session.close());
  expect(session.listens).toBe(true);
  handler.notify.toolsChanged();
  await waitFor(() => expect(lists).toEqual(["tools"]));
});

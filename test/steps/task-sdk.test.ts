/** Tasks of a real server of the first SDK, through both wires: done, cancelled, and forgotten in a restart. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { InMemoryTaskMessageQueue, InMemoryTaskStore } from "@modelcontextprotocol/sdk/experimental/tasks";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterEach, describe, expect, test } from "vitest";
import { task } from "../../src/steps/task.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { realWorld } from "../../src/world.ts";
import { openTo } from "../wire/fault-server.ts";
import { askedWith } from "./asked.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Its tool "Work" takes as long as the test says. */
async function taskServer(doneAfterMs: number) {
  let transports = new Map<string, StreamableHTTPServerTransport>();
  let taskStore = new InMemoryTaskStore();
  const made = (): McpServer => {
    const capabilities = { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
    const taskMessageQueue = new InMemoryTaskMessageQueue();
    const server = new McpServer({ name: "tasks", version: "1" }, { capabilities, taskStore, taskMessageQueue });
    server.experimental.tasks.registerToolTask(
      "Work",
      { execution: { taskSupport: "required" } },
      {
        createTask: async ({ taskStore: store, taskRequestedTtl }) => {
          const begun = await store.createTask({ ttl: taskRequestedTtl ?? 60_000, pollInterval: 20 });
          const end = () =>
            store.storeTaskResult(begun.taskId, "completed", { content: [{ type: "text", text: "42" }] });
          setTimeout(() => void end().catch(() => undefined), doneAfterMs).unref();
          return { task: begun };
        },
        getTask: ({ taskId, taskStore: store }) => store.getTask(taskId),
        getTaskResult: async ({ taskId, taskStore: store }) => ({
          content: [],
          ...(await store.getTaskResult(taskId)),
        }),
      },
    );
    return server;
  };
  const server = createServer((request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? transports.get(id) : undefined;
    if (id !== undefined && known === undefined) return void response.writeHead(404).end();
    const opened = async (): Promise<StreamableHTTPServerTransport> => {
      const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (named) => void transports.set(named, transport),
      });
      await made().connect(transport);
      return transport;
    };
    return void (known === undefined ? opened() : Promise.resolve(known)).then((to) =>
      to.handleRequest(request, response),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    /** As a restart would: it keeps nothing in memory. */
    forget: () => {
      transports = new Map();
      taskStore = new InMemoryTaskStore();
    },
  };
}

describe.each([
  ["lean", openLeanSession],
  ["sdk", openSdkSession],
] as const)("on the %s wire", (_, open) => {
  const begin = async (doneAfterMs: number, settings = {}) => {
    const server = await taskServer(doneAfterMs);
    const opened = async () => {
      const session = await openTo(server.url, {}, open);
      closing.push(() => session.close());
      return session;
    };
    const { asked, wentOn } = askedWith({ tool: "Work", world: realWorld, nowUs: realWorld.nowUs, settings });
    const manner = { ...asked.manner, timeoutMs: 10_000 };
    const goOn: typeof asked.goOn = (answer) => {
      asked.goOn(answer);
      return manner;
    };
    const came = await task.ask(await opened(), { ...asked, manner, goOn, sessionNow: opened });
    return { came, wentOn };
  };

  test("a task is followed to its end", async () => {
    const { came, wentOn } = await begin(100);
    expect(came).toMatchObject({ class: "ok", outcome: "ok", result: { content: [{ text: "42" }] } });
    expect(wentOn[0]).toMatchObject({ class: "task-begun" });
    expect(wentOn.length).toBeGreaterThan(1);
  });

  test("a task that takes too long is cancelled", async () => {
    const { came } = await begin(60_000, { cancelAfter: 100 });
    expect(came).toMatchObject({ class: "task-cancelled", outcome: "unknown" });
  });
});

test("a task that a restart has made its server forget is lost, and what it did unknown", async () => {
  const server = await taskServer(60_000);
  const opened = () => openTo(server.url);
  const session = await opened();
  closing.push(() => session.close());
  const { asked, wentOn } = askedWith({ tool: "Work", world: realWorld, nowUs: realWorld.nowUs });
  const manner = { ...asked.manner, timeoutMs: 10_000 };
  const came = await task.ask(session, {
    ...asked,
    manner,
    goOn: (answer) => {
      if (wentOn.length === 0) server.forget();
      asked.goOn(answer);
      return manner;
    },
    sessionNow: async () => {
      const another = await opened();
      closing.push(() => another.close());
      return another;
    },
  });
  expect(came).toMatchObject({ class: "task-lost", outcome: "unknown" });
  expect(wentOn.map(({ class: is }) => is)).toEqual(["task-begun", "session-lost"]);
});

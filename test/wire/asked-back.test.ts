/** What servers ask back, through both wires: scripted answers, nobody who answers, and nothing in the script. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterEach, describe, expect, test } from "vitest";
import type { Answers, AskedBack } from "../../src/wire/asked-back.ts";
import { isAskMethod } from "../../src/wire/asked-back.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import type { Answer, OpenSession, Session } from "../../src/wire/session.ts";
import { callOf, eventOf, openTo, resultTo, startFaultServer, textResult } from "./fault-server.ts";
import { askingServer } from "./asking-tools.ts";
import { dialectOf } from "../../src/wire/dialect.ts";
import { stepKindNamed } from "../../src/steps/registry.ts";
import { realWorld } from "../../src/world.ts";
import { askedWith } from "../steps/asked.ts";
import { startV2Server } from "./v2-server.ts";
import { openStdioStand, withChild } from "./stdio-child.ts";
import { waitFor } from "../waiting.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const full: Answers = {
  "elicitation/create": { is: "accept", result: { action: "accept", content: { name: "Ada" } } },
  "sampling/createMessage": {
    is: "text",
    result: { role: "assistant", content: { type: "text", text: "said" }, model: "scripted" },
  },
  "roots/list": { is: "roots", result: { roots: [{ uri: "file:///work" }] } },
};

async function overHttp(answers: Answers, open: OpenSession): Promise<Session> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const server = createServer((request, response) => {
    const known = transports.get(String(request.headers["mcp-session-id"]));
    const opened = async (): Promise<StreamableHTTPServerTransport> => {
      const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => void transports.set(id, transport),
      });
      await askingServer().connect(transport);
      return transport;
    };
    void (known === undefined ? opened() : Promise.resolve(known)).then((to) => to.handleRequest(request, response));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const session = await openTo(url, answeredBy(answers), open);
  closing.push(() => session.close());
  return session;
}

async function overStdio(answers: Answers, open: OpenSession): Promise<Session> {
  const script = fileURLToPath(new URL("asking-tools.ts", import.meta.url));
  const wire: OpenSession = (options) => open({ ...options, ...answeredBy(answers) });
  const stand = await openStdioStand({ command: [process.execPath, script], wire });
  closing.push(async () => stand[Symbol.asyncDispose]());
  const session = await stand.open();
  closing.push(() => session.close());
  return session;
}

function answeredBy(answers: Answers) {
  const answered = Object.keys(answers).filter(isAskMethod);
  return answered.length === 0 ? {} : { answered };
}

async function called(session: Session, tool: string, answers: Answers, timeoutMs = 10_000) {
  const asked: AskedBack[] = [];
  const answering = { answers, onAsked: (one: AskedBack) => void asked.push(one) };
  const answer: Answer = await session.call(callOf({ tool, timeoutMs, answering }));
  return { answer, asked, said: textIn(answer) };
}

function textIn({ result }: Answer): unknown {
  const { content: [item] = [] } = (result ?? {}) as { content?: { text: string }[] };
  return item === undefined ? undefined : (JSON.parse(item.text) as unknown);
}

const ways = [
  { wire: "lean", over: "HTTP", start: (answers: Answers) => overHttp(answers, openLeanSession) },
  { wire: "sdk", over: "HTTP", start: (answers: Answers) => overHttp(answers, openSdkSession) },
  { wire: "lean", over: "stdio", start: (answers: Answers) => overStdio(answers, openLeanSession) },
  { wire: "sdk", over: "stdio", start: (answers: Answers) => overStdio(answers, openSdkSession) },
];

describe.each(ways)("on the $wire wire over $over, a server of the SDK", ({ start }) => {
  test("gets what the script has, and is told before that it can be had", async () => {
    const session = await start(full);
    expect((await called(session, "Knows", full)).said).toMatchObject({ elicitation: {}, sampling: {}, roots: {} });
    const elicited = await called(session, "Elicit", full);
    expect(elicited.said).toMatchObject({ action: "accept", content: { name: "Ada" } });
    expect(elicited.asked).toMatchObject([{ method: "elicitation/create", answer: "accept" }]);
    expect((await called(session, "ElicitAside", full)).said).toMatchObject({ action: "accept" });
    expect((await called(session, "Sample", full)).said).toMatchObject({ content: { text: "said" } });
    expect((await called(session, "Roots", full)).said).toMatchObject({ roots: [{ uri: "file:///work" }] });
  });

  test("gets a no where a person declines", async () => {
    const declined: Answers = { "elicitation/create": { is: "decline", result: { action: "decline" } } };
    const { said, asked } = await called(await start(declined), "Elicit", declined);
    expect(said).toMatchObject({ action: "decline" });
    expect(asked).toMatchObject([{ answer: "decline" }]);
  });

  test("waits in vain for whoever never answers, and its caller with it", async () => {
    const never: Answers = { "elicitation/create": { is: "never" } };
    const { answer, asked } = await called(await start(never), "Elicit", never, 500);
    expect(answer).toMatchObject({ class: "timeout", outcome: "unknown" });
    expect(asked).toMatchObject([{ answer: "never" }]);
  });

  test("gets nothing that comes too late for its call", async () => {
    const slow: Answers = { "elicitation/create": { is: "decline", result: { action: "decline" }, delayMs: 60_000 } };
    const { answer, asked } = await called(await start(slow), "Elicit", slow, 500);
    expect(answer.class).toBe("timeout");
    await waitFor(() => expect(asked).toMatchObject([{ answer: "too-late" }]));
  });

  test("is told that nobody knows of it where nothing is in the script", async () => {
    const session = await start({});
    const { said: knows } = await called(session, "Knows", {});
    expect(knows).not.toHaveProperty("elicitation");
    const { answer, asked } = await called(session, "Elicit", {});
    expect(answer).toMatchObject({ class: "tool-error" });
    expect(answer.says).toMatch(/not (?:found|support)/i);
    expect(asked.every((one) => one.answer === "none")).toBe(true);
  });
});

test("what comes on the stream of a call is for that call, whatever else is under way", async () => {
  const hold = Promise.withResolvers<void>();
  const server = await startFaultServer((asked) => {
    const { message, httpMethod } = asked;
    if (httpMethod === "GET") return asked.json({}, 405);
    if (message.method !== "tools/call") return asked.json({}, 202);
    const end = (): void => void asked.response.end(eventOf(resultTo(asked, textResult("1"))));
    if (message.params?.name === "Slow")
      return void hold.promise.then(() => asked.json(resultTo(asked, textResult("1"))));
    asked.events({ jsonrpc: "2.0", id: "q", method: "elicitation/create", params: {} });
    return void waitFor(() => expect(server.heard.some((heard) => heard.message.id === "q")).toBe(true)).then(end);
  });
  closing.push(() => server.close());
  const answers: Answers = { "elicitation/create": { is: "decline", result: { action: "decline" } } };
  const session = await openTo(server.url, answeredBy(answers));
  closing.push(() => session.close());
  const slow = called(session, "Slow", answers);
  const own = await called(session, "Ask", answers);
  expect(own.asked).toMatchObject([{ answer: "decline" }]);
  expect(own.asked[0]).not.toHaveProperty("isShared");
  hold.resolve();
  expect((await slow).asked).toEqual([]);
});

test("over a pipe that calls share it is said that it may have been for another of them", async () => {
  const call = `if (message.params.name !== "Ask") return;
    send({ jsonrpc: "2.0", id: "q", method: "elicitation/create", params: {} });
    while (!heard.some((one) => one.id === "q")) await sleep(5);
    answer({}); send({ jsonrpc: "2.0", id: message.id - 1, result: {} });`;
  const answers: Answers = { "elicitation/create": { is: "decline", result: { action: "decline" } } };
  await withChild({ call }, async (session) => {
    const slow = called(session, "Slow", answers);
    const own = await called(session, "Ask", answers);
    const all = [...own.asked, ...(await slow).asked];
    expect(all).toMatchObject([{ answer: "decline", isShared: true }]);
  });
});

describe("in 2026-07-28, a server of the second SDK that answers with a question", () => {
  const elicits: Answers = { "elicitation/create": full["elicitation/create"]! };

  test.each([
    ["lean", openLeanSession],
    ["sdk", openSdkSession],
  ] as const)("gets what the script has for it, on the %s wire", async (wire, open) => {
    const server = await startV2Server({ asks: true });
    closing.push(() => server.close());
    const session = await openTo(server.url, { dialect: dialectOf("2026-07-28"), ...answeredBy(elicits) }, open);
    closing.push(() => session.close());
    const { asked, back, wentOn } = askedWith({ tool: "Book", answers: elicits, world: realWorld });
    const came = await stepKindNamed("call").ask(session, { ...asked, manner: { ...asked.manner, timeoutMs: 10_000 } });
    expect(came).toMatchObject({ class: "ok", result: { content: [{ text: '{"name":"Ada"}' }] } });
    expect(back).toMatchObject([{ method: "elicitation/create", answer: "accept" }]);
    // The SDK makes its rounds by itself, unseen.
    expect(wentOn.map((answer) => answer.class)).toEqual(wire === "lean" ? ["input-required"] : []);
  });

  test("is told by those who have no script that they cannot be asked", async () => {
    const server = await startV2Server({ asks: true });
    closing.push(() => server.close());
    const session = await openTo(server.url, { dialect: dialectOf("2026-07-28") });
    closing.push(() => session.close());
    const { asked } = askedWith({ tool: "Book", world: realWorld });
    const came = await stepKindNamed("call").ask(session, { ...asked, manner: { ...asked.manner, timeoutMs: 10_000 } });
    expect(came).toMatchObject({ outcome: "failed", rpcCode: -32021 });
  });
});

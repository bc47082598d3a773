/** Every outcome class that a server, or the way to it, can cause: each is caused on real sockets. */
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { outcomeClasses, type OutcomeClass } from "../../src/history/outcomes.ts";
import type { Reply } from "../../src/wire/lean-channel.ts";
import { Peer } from "../../src/wire/http-peer.ts";
import { openRequest } from "../../src/wire/lean-http.ts";
import { createWords } from "../../src/wire/mcp-result.ts";
import { realWorld } from "../../src/world.ts";
import { answerTo, callOf, openTo, resultTo, startFaultServer, textResult } from "./fault-server.ts";
import { good, notTheServers, stimuli } from "./stimuli.ts";

const names = Object.keys(outcomeClasses) as readonly OutcomeClass[];

test("every outcome class has a stimulus or a reason why a server cannot cause it", () => {
  const without = names.filter((name) => (stimuli[name] ?? []).length === 0 && notTheServers[name] === undefined);
  const both = names.filter((name) => stimuli[name] !== undefined && notTheServers[name] !== undefined);
  expect({ without, both }).toEqual({ without: [], both: [] });
});

for (const name of names) {
  for (const { when, react, sees = {}, ...options } of stimuli[name] ?? []) {
    test(`${name}: ${when}`, async () => {
      const { answer } = await answerTo(react, {
        ...options,
        ...(name === "timeout" ? { call: { timeoutMs: 150 } } : {}),
      });
      expect(answer).toMatchObject({ outcome: outcomeClasses[name].outcome, ...sees, class: name });
    });
  }
}

describe("without a server", () => {
  test("a server that has gone refuses", async () => {
    const server = await startFaultServer(good, {
      on: {
        "notifications/initialized": ({ response }) => void response.writeHead(202, { connection: "close" }).end(),
      },
    });
    const session = await openTo(server.url);
    await server.stopListening();
    const answer = await session.call(callOf());
    await session.close();
    expect(answer).toEqual({ class: "refused", outcome: "failed", reusedSocket: false });
  });

  test.for([
    ["http://nowhere.invalid/mcp", "has a name that no one knows"],
    ["http://255.255.255.255:9/mcp", "has an address without a route"],
  ] as const)("%s, which %s, is unreachable", async ([url]) => {
    const reply = await replyFrom(new URL(url), "{}");
    expect(reply).toMatchObject({ is: "failure", class: "unreachable" });
  });

  test("a server that goes while it is still being told closes or resets", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.destroy());
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const reply = await replyFrom(new URL(`http://127.0.0.1:${port}/`), "x".repeat(4_000_000));
    await new Promise((resolve) => void server.close(resolve));
    expect(["closed", "reset"]).toContain(reply.is === "failure" ? reply.class : "answer");
  });

  test("a call after close is not made", async () => {
    const { session, server } = await answerTo(good);
    const before = server.heard.length;
    expect(await session.call(callOf())).toEqual({ class: "no-session", outcome: "failed" });
    expect(server.heard.length).toBe(before);
  });
});

describe("what the server is told and says", () => {
  test("a call carries its arguments, its trace and the session's names", async () => {
    const { server } = await answerTo(good, {
      sessionId: "s-1",
      session: { headers: { Authorization: "Bearer t-0123456789", Accept: "text/html" } },
      call: { tool: "CreateLimitRequest", args: { limit: 200 } },
    });
    const { headers, message } = await server.hears("tools/call");
    expect(message).toEqual({
      jsonrpc: "2.0",
      id: 2,
      method: "tools/call",
      params: { name: "CreateLimitRequest", arguments: { limit: 200 }, _meta: callOf().meta },
    });
    expect(headers).toMatchObject({
      host: server.url.host,
      authorization: "Bearer t-0123456789",
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": "2025-11-25",
      "mcp-session-id": "s-1",
      traceparent: callOf().meta.traceparent,
      connection: "keep-alive",
    });
    expect(headers["content-length"]).toBe(String(JSON.stringify(message).length));
  });

  test("a result is handed back with its shape, and without being put in says", async () => {
    const { answer } = await answerTo((asked) => asked.json(resultTo(asked, textResult('{"resources":[]}'))));
    expect(answer).toEqual({
      class: "ok",
      outcome: "ok",
      status: 200,
      bytes: expect.any(Number),
      reusedSocket: true,
      answer: { form: "json", filled: ["$"], hollow: ["$.resources"] },
      result: textResult('{"resources":[]}'),
    });
  });

  test("what the server quotes of our secrets is blotted out", async () => {
    const { answer } = await answerTo(({ json }) => json({ error: "token t-0123456789 has lapsed" }, 401), {
      session: { headers: { authorization: "Bearer t-0123456789" } },
    });
    expect(answer.says).toBe('{"error":"token *** has lapsed"}');
  });

  test("long words are cut after they were cleaned, never inside a secret", () => {
    const words = createWords(["Bearer t-0123456789"]);
    expect(words(`${"x".repeat(195)} t-0123456789`)).toBe(`${"x".repeat(195)} ***`);
    expect(words("x".repeat(300))).toHaveLength(200);
    expect(words(`${"x".repeat(199)}🙂`)).toBe(`${"x".repeat(199)}\uFFFD`);
    expect(words(" \n\t ")).toBeUndefined();
    expect(words("\u001B[31mred\u0000")).toBe("[31mred");
  });

  test("a secret that begins like another is blotted out whole", () => {
    expect(createWords(["k-0123456789", "k-0123456789-and-more"])("no k-0123456789-and-more")).toBe("no ***");
  });

  test("a wait may be given as a date", async () => {
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000);
    const { answer } = await answerTo(({ json }) => json({}, 429, { "retry-after": at.toUTCString() }));
    expect(answer.retryAfterMs).toBeGreaterThan(30_000);
    expect(answer.retryAfterMs).toBeLessThanOrEqual(61_000);
  });

  test("a wait that is neither number nor date is none", async () => {
    const { answer } = await answerTo(({ json }) => json({}, 429, { "retry-after": "soon" }));
    expect(answer).not.toHaveProperty("retryAfterMs");
  });

  test("a redirect is not followed, and a dead kept connection is not tried again", async () => {
    const redirected = await answerTo(({ response }) => void response.writeHead(308, { location: "/mcp" }).end());
    const cut = await answerTo(({ socket }) => void socket.destroy());
    for (const { server } of [redirected, cut]) {
      expect(server.heard.filter(({ message }) => message.method === "tools/call")).toHaveLength(1);
    }
    expect(cut.answer).toMatchObject({ class: "closed", reusedSocket: true });
  });

  test("session.lost tells of a 404, and of nothing else", async () => {
    const lost = await answerTo(({ response }) => void response.writeHead(404).end(), { sessionId: "s-1" });
    const refused = await answerTo(({ response }) => void response.writeHead(400).end(), { sessionId: "s-1" });
    expect([lost.session.lost, refused.session.lost]).toEqual([true, false]);
    expect(lost.server.heard.map(({ httpMethod }) => httpMethod)).not.toContain("DELETE");
  });

  test("pings in the stream are answered, other requests of the server declined, all of them counted", async () => {
    const { server, answer } = await answerTo((asked) => {
      if (asked.message.method === undefined) {
        asked.response.writeHead(202).end();
        return;
      }
      asked.events(
        { jsonrpc: "2.0", id: "p-1", method: "ping" },
        { jsonrpc: "2.0", id: 2, method: "sampling/createMessage", params: {} },
        ...Array.from({ length: 100 }, (_, n) => ({ jsonrpc: "2.0", id: `flood-${n}`, method: "ping" })),
        resultTo(asked, {}),
      );
      asked.response.end();
    });
    expect(answer.class).toBe("ok");
    const answers = server.heard.map(({ message }) => message).filter(({ method, id }) => !method && id !== undefined);
    expect(answers).toContainEqual({ jsonrpc: "2.0", id: "p-1", result: {} });
    expect(answers).toContainEqual({
      jsonrpc: "2.0",
      id: 2,
      error: { code: -32601, message: "Method not found: sampling/createMessage" },
    });
    expect(answers).toHaveLength(32);
  });
});

/** One request without a session around it. */
async function replyFrom(url: URL, body: string): Promise<Reply> {
  const peer = new Peer(url);
  const reply = await new Promise<Reply>((resolve) => {
    openRequest(peer, {
      id: 1,
      head: `POST / HTTP/1.1\r\nhost: ${url.host}\r\n`,
      body,
      inSession: false,
      world: realWorld,
      tell: resolve,
      onServerRequest: () => undefined,
      onNotification: () => undefined,
      onClosed: () => undefined,
    });
  });
  peer.close();
  return reply;
}

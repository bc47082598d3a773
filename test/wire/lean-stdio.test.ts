/** The lean wire over stdio, against real processes that misbehave. */
import { describe, expect, test, vi } from "vitest";
import { UserError } from "../../src/errors.ts";
import { groupLives } from "../../src/processes.ts";
import { SessionError, type Answer, type Session } from "../../src/wire/session.ts";
import { callOf } from "./fault-server.ts";
import { openStdioStand, withChild, type Behaviour } from "./stdio-child.ts";
import { waitFor } from "../waiting.ts";

const text = (says: string): string => `{ content: [{ type: "text", text: ${JSON.stringify(says)} }] }`;

const answerTo = (call: string, options: Parameters<typeof callOf>[0] = {}): Promise<Answer> =>
  withChild({ call }, (session) => session.call(callOf(options)));

/** What the child has heard, told by its tool "heard". */
async function heardBy(session: Session): Promise<{ method?: string; params?: Record<string, unknown> }[]> {
  const { result } = await session.call(callOf({ tool: "heard" }));
  return (result as { structuredContent: { heard: [] } }).structuredContent.heard;
}
const tellsHeard = `if (message.params.name === "heard") return answer({ structuredContent: { heard } });`;

describe.concurrent("each class that a process can cause", () => {
  test.each<[string, string, Partial<Answer>]>([
    ["a result", `answer(${text("fine")})`, { class: "ok", outcome: "ok", bytes: 77 }],
    ["a result behind garbage", `write("starting…\\n\\n{\\n"); send({ odd: 1 }); answer({})`, { class: "ok" }],
    ["a result behind a notification", `send({ jsonrpc: "2.0", method: "n" }); answer({})`, { class: "ok" }],
    ["a result in a batch", `send([{ jsonrpc: "2.0", id: message.id, result: {} }])`, { class: "ok" }],
    [
      "a result with a carriage return",
      `write(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: {} }) + "\\r\\n")`,
      { class: "ok" },
    ],
    [
      "two answers, the first of which wins",
      `answer({}); send({ jsonrpc: "2.0", id: message.id, error: { code: 1, message: "?" } })`,
      { class: "ok" },
    ],
    [
      "isError",
      `answer({ isError: true, content: [{ type: "text", text: "no" }] })`,
      { class: "tool-error", says: "no" },
    ],
    [
      "an error",
      `send({ jsonrpc: "2.0", id: message.id, error: { code: -32602, message: "no such tool" } })`,
      { class: "rpc-error", rpcCode: -32602, says: "no such tool" },
    ],
    ["an answer to nobody", `send({ jsonrpc: "2.0", id: 987, result: {} })`, { class: "wrong-id", outcome: "unknown" }],
    ["our id as a text", `send({ jsonrpc: "2.0", id: String(message.id), result: {} })`, { class: "wrong-id" }],
    [
      "an error without an id",
      `send({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "what?" } })`,
      { class: "wrong-id", rpcCode: -32700, says: "what?" },
    ],
    [
      "our id without a result",
      `send({ jsonrpc: "2.0", id: message.id })`,
      { class: "malformed-answer", outcome: "unknown" },
    ],
    ["our id without a version", `send({ id: message.id, result: {} })`, { class: "malformed-answer" }],
    ["a null result", `send({ jsonrpc: "2.0", id: message.id, result: null })`, { class: "malformed-answer" }],
    ["its exit", `process.exit(3)`, { class: "closed", outcome: "unknown" }],
    ["kill -9", `process.kill(process.pid, "SIGKILL")`, { class: "closed", outcome: "unknown" }],
    ["an exit in the middle of the answer", `writeSync(1, '{"jsonrpc":"2.0",'); process.exit(0)`, { class: "closed" }],
    ["a stdout that is closed though it lives", `closeSync(1)`, { class: "closed", outcome: "unknown" }],
    [
      "an answer of 11 MiB",
      `answer(${text("x")}, write("x".repeat(11 * 1024 * 1024)))`,
      { class: "oversized", outcome: "unknown" },
    ],
    ["silence", ``, { class: "timeout", outcome: "unknown", onTimeout: "cancel" }],
    ["garbage glued to the answer", `write("oops"); answer({})`, { class: "timeout" }],
  ])("%s", async (_, call, sees) => {
    expect(await answerTo(call, { timeoutMs: sees.class === "timeout" ? 200 : 10_000 })).toMatchObject(sees);
  });

  test("an answer that comes byte by byte, cut inside its characters", async () => {
    const call = `for (const byte of Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: ${text("größer 🌩")} }) + "\\n")) {
      writeSync(1, Buffer.from([byte]));
      if (byte > 127) await sleep(5);
    }`;
    expect(await answerTo(call)).toMatchObject({ class: "ok", result: { content: [{ text: "größer 🌩" }] } });
  });
});

describe.concurrent("one pipe for many calls", () => {
  test("calls at once each get their own answer, in whatever order", async () => {
    const call = `await sleep(message.params.arguments.ms); answer({ structuredContent: message.params.arguments })`;
    await withChild({ call }, async (session) => {
      const answers = await Promise.all([60, 30, 0].map((ms) => session.call(callOf({ args: { ms } }))));
      expect(answers.map(({ result }) => result)).toEqual([60, 30, 0].map((ms) => ({ structuredContent: { ms } })));
    });
  });

  test("a strange answer is laid at nobody's door while several wait", async () => {
    const call = `if (message.params.name !== "second") { first = answer; return; }
      send({ jsonrpc: "2.0", id: 987, result: {} }); first({}); answer({})`;
    await withChild({ first: "let first;", call }, async (session) => {
      const calls = ["first", "second"].map((tool) => session.call(callOf({ tool })));
      expect((await Promise.all(calls)).map((answer) => answer.class)).toEqual(["ok", "ok"]);
    });
  });

  test("an exit ends them all, and the session is lost", async () => {
    const call = `if (message.params.name === "last") process.exit(0)`;
    await withChild({ call }, async (session) => {
      const answers = ["one", "two", "last"].map((tool) => session.call(callOf({ tool })));
      for (const answer of await Promise.all(answers)) expect(answer.class).toBe("closed");
      expect(session.lost).toBe(true);
      // Nothing was sent, so it is no unknown outcome.
      expect(await session.call(callOf())).toEqual({ class: "no-session", outcome: "failed" });
      await expect(session.listTools(1000)).rejects.toThrow(SessionError);
    });
  });
});

describe.concurrent("when the patience ends", () => {
  // The first call is answered only when the second one comes.
  const late: Behaviour = {
    first: "let first;",
    call: `${tellsHeard} if (message.params.name !== "second") { first = answer; return; } first({}); answer({})`,
  };
  const impatient = { tool: "first", timeoutMs: 50 } as const;

  test.each(["cancel", "close"] as const)("%s cancels: closing the pipe would end the server", async (onTimeout) => {
    const onLate = vi.fn<() => void>();
    await withChild(late, async (session) => {
      const timedOut = { class: "timeout", outcome: "unknown", onTimeout: "cancel" };
      expect(await session.call(callOf({ ...impatient, onTimeout, onLate }))).toEqual(timedOut);
      expect(await session.call(callOf({ tool: "second" }))).toMatchObject({ class: "ok" });
      expect(onLate).toHaveBeenCalledExactlyOnceWith({ class: "ok" });
      expect(await heardBy(session)).toContainEqual({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 2, reason: "no answer within 50ms" },
      });
      expect(session.lost).toBe(false);
    });
  });

  test("abandon says nothing, and hears the late answer", async () => {
    const onLate = vi.fn<() => void>();
    await withChild(late, async (session) => {
      await session.call(callOf({ ...impatient, onTimeout: "abandon", onLate }));
      await session.call(callOf({ tool: "second" }));
      expect(onLate).toHaveBeenCalledOnce();
      expect((await heardBy(session)).map(({ method }) => method)).not.toContain("notifications/cancelled");
    });
  });

  test("the end of the process is no late answer", async () => {
    const onLate = vi.fn<() => void>();
    await withChild({ call: `if (message.params.name === "last") process.exit(0)` }, async (session) => {
      await session.call(callOf({ ...impatient, onLate }));
      expect(await session.call(callOf({ tool: "last" }))).toMatchObject({ class: "closed" });
    });
    expect(onLate).not.toHaveBeenCalled();
  });

  test("the end of the run ends the wait", async () => {
    const stop = new AbortController();
    await withChild({ call: "" }, async (session) => {
      const answer = session.call(callOf({ signal: stop.signal }));
      stop.abort();
      expect(await answer).toMatchObject({ class: "stopped", outcome: "unknown" });
    });
  });
});

describe.concurrent("a session", () => {
  test("opens with initialize and initialized; calls carry their canary", async () => {
    await withChild({ call: tellsHeard }, async (session) => {
      expect(session.protocolVersion).toBe("2025-11-25");
      const [first, second, third] = await heardBy(session);
      const clientInfo = { name: "squall", version: "1" };
      expect(first).toMatchObject({ method: "initialize", params: { protocolVersion: "2025-11-25", clientInfo } });
      expect(second).toEqual({ jsonrpc: "2.0", method: "notifications/initialized" });
      expect(third).toMatchObject({ method: "tools/call", params: { _meta: callOf().meta } });
    });
  });

  test("takes an older revision, and refuses an unknown one", async () => {
    const offering = (revision: string): Behaviour => ({
      on: { initialize: `answer({ protocolVersion: "${revision}" })` },
    });
    await withChild(offering("2025-03-26"), async (session) => expect(session.protocolVersion).toBe("2025-03-26"));
    await expect(withChild(offering("1999-01-01"), () => Promise.resolve())).rejects.toThrow(
      /cloud did not start: cloud answered initialize with protocol version "1999-01-01", expected 2025-11-25/,
    );
  });

  test("answers the server's pings, and says what it does not offer", async () => {
    const call = `${tellsHeard} send({ jsonrpc: "2.0", id: message.id, method: "ping" });
      send({ jsonrpc: "2.0", id: "s", method: "sampling/createMessage", params: {} }); await sleep(50); answer({})`;
    await withChild({ call }, async (session) => {
      expect(await session.call(callOf())).toMatchObject({ class: "ok" });
      const heard = await heardBy(session);
      expect(heard).toContainEqual({ jsonrpc: "2.0", id: 2, result: {} });
      const error = { code: -32601, message: "Method not found: sampling/createMessage" };
      expect(heard).toContainEqual({ jsonrpc: "2.0", id: "s", error });
    });
  });

  test("lists tools page by page", async () => {
    const list = `const next = { undefined: "b", b: "c" }[message.params.cursor];
      answer({ tools: [{ name: "at-" + message.params.cursor }], nextCursor: next })`;
    await withChild({ on: { "tools/list": list } }, async (session) => {
      const tools = await session.listTools(5000);
      expect(tools.map(({ name }) => name)).toEqual(["at-undefined", "at-b", "at-c"]);
    });
  });

  test("waits for a process that is slow to start", async () => {
    await withChild({ first: "await sleep(700);" }, async (session) => {
      expect(await session.call(callOf())).toMatchObject({ class: "ok" });
    });
  });
});

describe.concurrent("a process that does not start is told as a person can mend it", () => {
  test.each<[string, Behaviour, RegExp]>([
    [
      "no such command",
      { command: ["no-such-command-of-ours", "--x"] },
      /did not start: it ended with exit code 127 \(command not found\) before its answer to initialize came\n {2}command: no-such-command-of-ours --x\n[^]*not found/,
    ],
    [
      "an exit at start",
      { first: `console.error("the config is missing"); process.exit(3);` },
      /it ended with exit code 3 before its answer to initialize came\n[^]*last lines on stderr:\n {4}\| the config is missing/,
    ],
    [
      "words on stdout only",
      { first: `console.log("usage: cloud FILE"); process.exit(1);` },
      /last lines on stdout:\n {4}\| usage: cloud FILE/,
    ],
    [
      "silence",
      { first: "await sleep(60_000);", startTimeoutMs: 400 },
      /cloud did not answer initialize within 400ms\n[^]*it wrote nothing/,
    ],
    [
      "a refusal",
      { on: { initialize: `send({ jsonrpc: "2.0", id: message.id, error: { code: -32600, message: "go away" } })` } },
      /cloud answered initialize with JSON-RPC error -32600: go away/,
    ],
  ])("%s", async (_, behaviour, says) => {
    await using stand = await openStdioStand(behaviour);
    const error: unknown = await stand.open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionError);
    const { message, cause } = error as SessionError;
    expect(message).toMatch(/^cloud did not start: /);
    expect(message).not.toContain("\n");
    expect(cause).toBeInstanceOf(UserError);
    expect(cause).toMatchObject({ exitCode: 75, message: expect.stringMatching(says) });
    // It never was ready, so it is told neither as ready nor as ended; and nothing of it is left.
    expect(stand.events.filter(({ type }) => type === "target")).toEqual([]);
    expect((await stand.stand.leased()).filter(groupLives)).toEqual([]);
  });

  test("the end of the run ends the wait for the start", async () => {
    await using stand = await openStdioStand({ first: "await sleep(60_000);" });
    const opening = stand.open();
    await waitFor(() => expect(stand.events).toContainEqual(expect.objectContaining({ edge: "opened" })));
    stand.stopping.abort();
    await expect(opening).rejects.toThrow(SessionError);
    await expect(stand.open()).rejects.toThrow();
  });
});

test("a server that asks without end, in place of an answer, is left", { timeout: 60_000 }, async () => {
  const flood = `
    const more = () => { while (process.stdout.write('{"jsonrpc":"2.0","id":"q","method":"ping"}\\n'.repeat(100))); };
    process.stdout.on("drain", more);
    more();`;
  const answer = await answerTo(flood, { timeoutMs: 50_000 });
  expect(answer).toMatchObject({ class: "closed", outcome: "unknown" });
});

test("ten thousand questions and an answer between them are no flood", { timeout: 60_000 }, async () => {
  const asks = `write('{"jsonrpc":"2.0","id":"q","method":"ping"}\\n'.repeat(6000)); answer({});`;
  await withChild({ call: asks }, async (session) => {
    for (let call = 0; call < 3; call += 1)
      expect((await session.call(callOf({ timeoutMs: 15_000 }))).class).toBe("ok");
  });
});

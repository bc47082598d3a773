/** The SDK's wire over stdio: what its users see of processes that misbehave. */
import { describe, expect, test } from "vitest";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { SessionError, type Answer } from "../../src/wire/session.ts";
import { callOf } from "./fault-server.ts";
import { openStdioStand, withChild } from "./stdio-child.ts";

const good = `answer({ content: [{ type: "text", text: "fine" }] })`;

describe.concurrent("what a call comes to", () => {
  test.each<[string, string, Partial<Answer>]>([
    ["an answer", good, { class: "ok" }],
    ["garbage before it", `write("starting…\\n{\\n"); ${good}`, { class: "ok" }],
    [
      "a carriage return behind it",
      `write(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: { content: [] } }) + "\\r\\n")`,
      { class: "ok" },
    ],
    [
      "an error",
      `send({ jsonrpc: "2.0", id: message.id, error: { code: -32602, message: "no" } })`,
      { class: "rpc-error", rpcCode: -32602, says: "no" },
    ],
    ["its exit", "process.exit(1)", { class: "closed", outcome: "unknown" }],
    ["an answer of 11 MiB", `write("x".repeat(11 * 1024 * 1024)); ${good}`, { class: "closed" }],
    ["silence", "", { class: "timeout", onTimeout: "cancel" }],
    ["an answer to nobody", `send({ jsonrpc: "2.0", id: 987, result: {} })`, { class: "timeout" }],
  ])("%s", async (_, call, sees) => {
    const timeoutMs = sees.class === "timeout" ? 200 : 10_000;
    const answer = await withChild({ call, wire: openSdkSession }, (session) => session.call(callOf({ timeoutMs })));
    expect(answer).toMatchObject(sees);
  });
});

test.concurrent("a session whose process has gone is lost, and says so of every later call", async () => {
  await withChild({ call: "process.exit(1)", wire: openSdkSession }, async (session) => {
    expect(session.protocolVersion).toBe("2025-11-25");
    expect(session.lost).toBe(false);
    await session.call(callOf());
    expect(session.lost).toBe(true);
    expect(await session.call(callOf())).toMatchObject({ class: "no-session", outcome: "failed" });
  });
});

test.concurrent("closing it ends the process by its stdin", async () => {
  await using stand = await openStdioStand({ wire: openSdkSession });
  const session = await stand.open();
  await session.close();
  const [ready, stopped] = stand.events.filter((event) => event.type === "target");
  expect([ready, stopped]).toMatchObject([{ edge: "ready" }, { edge: "stopped", code: 0 }]);
});

test.concurrent.each([
  ["a command that is not there", { command: ["no-such-command-of-ours"] as const }, /exit code 127/],
  ["an exit at start", { first: "process.exit(3);" }, /it ended with exit code 3 before its answer/],
  ["silence", { first: "await sleep(60_000);", startTimeoutMs: 400 }, /cloud did not open a session within 400ms/],
])("it cannot be opened over %s", async (_, behaviour, says) => {
  await using stand = await openStdioStand({ ...behaviour, wire: openSdkSession });
  const error: unknown = await stand.open().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SessionError);
  expect((error as SessionError).message).toMatch(says);
});

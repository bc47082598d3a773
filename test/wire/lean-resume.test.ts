/** Event streams that are lost before the answer, and asked for again by the id of their last event. */
import { expect, test } from "vitest";
import type { LostStream } from "../../src/history/lost-stream.ts";
import type { Answer } from "../../src/wire/session.ts";
import { answerTo, eventOf, openTo, callOf, resultTo, startFaultServer, textResult } from "./fault-server.ts";
import type { Asked, Heard, React } from "./fault-server.ts";

const resuming = { afterMs: (inVain: number): number | undefined => (inVain < 2 ? 1 : undefined) };
const note = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "begun" } };
const withId = (id: string, value: unknown): string => `id: ${id}\n${eventOf(value)}`;
const cut = ({ socket }: Asked): void => void setTimeout(() => socket.destroy(), 20);

/** The first stream is cut behind a note; the rest is for the test. */
function resumedBy(rest: (asked: Asked, posted: Heard) => void): {
  readonly onCall: React;
  readonly on: { GET: React };
} {
  let posted: Heard | undefined;
  return {
    onCall: (asked) => {
      posted = asked;
      asked.events("retry: 7\n\n", withId("a-1", note));
      cut(asked);
    },
    on: { GET: (asked) => posted !== undefined && rest(asked, posted) },
  };
}

async function lostStreamOf(
  rest: (asked: Asked, posted: Heard) => void,
  over: { readonly sessionId?: string; readonly timeoutMs?: number } = {},
): Promise<{ answer: Answer; lost: LostStream | undefined; heard: readonly Heard[] }> {
  const { sessionId = "s-1", timeoutMs = 10_000 } = over;
  const { onCall, on } = resumedBy(rest);
  const { answer, server } = await answerTo(onCall, { sessionId, on, session: { resuming }, call: { timeoutMs } });
  return { answer, lost: answer.lostStream, heard: server.heard };
}

test("what came behind the last event is asked for by its id, and its answer is the call's", async () => {
  const { answer, lost, heard } = await lostStreamOf((asked, posted) =>
    asked.events(withId("a-2", resultTo(posted, textResult("done")))),
  );
  expect(answer).toMatchObject({ class: "ok", outcome: "ok" });
  expect(lost).toMatchObject({
    events: 1,
    lastEventId: "a-1",
    retryMs: 7,
    resumptions: [{ came: "answer", events: 1 }],
  });
  expect(lost?.resumptions[0]).not.toHaveProperty("twice");
  const get = heard.find(({ httpMethod }) => httpMethod === "GET");
  expect(get?.headers).toMatchObject({
    "last-event-id": "a-1",
    accept: "text/event-stream",
    "mcp-session-id": "s-1",
    "mcp-protocol-version": "2025-11-25",
  });
  // The call itself is never made twice.
  expect(heard.filter(({ message }) => message.method === "tools/call")).toHaveLength(1);
});

test("a stream that ends again and again brings each time what it has, and is asked for by the newest id", async () => {
  const named: unknown[] = [];
  const { answer, lost } = await lostStreamOf((asked, posted) => {
    named.push(asked.headers["last-event-id"]);
    const step = named.length;
    asked.events(withId(`a-${step + 1}`, step < 4 ? note : resultTo(posted, textResult("done"))));
    asked.response.end();
  });
  expect(answer.class).toBe("ok");
  expect(named).toEqual(["a-1", "a-2", "a-3", "a-4"]);
  expect(lost?.resumptions.map(({ came }) => came)).toEqual(["ended", "ended", "ended", "answer"]);
});

test("what came before and comes again is counted, and what belongs to another stream", async () => {
  const { answer, lost } = await lostStreamOf((asked, posted) =>
    asked.events(
      withId("b-9", { jsonrpc: "2.0", id: Number(posted.message.id) + 100, result: {} }),
      withId("a-1", note),
      withId("a-2", resultTo(posted, textResult("done"))),
    ),
  );
  expect(answer.class).toBe("ok");
  expect(lost?.resumptions).toMatchObject([{ came: "answer", events: 3, twice: 1, foreign: 1 }]);
});

test("an event that another stream of the session has brought is foreign; its id alone is a shared one", async () => {
  let calls = 0;
  const server = await startFaultServer(
    (asked) => {
      calls += 1;
      const own =
        calls === 1 ? resultTo(asked, textResult("first")) : { ...note, params: { level: "info", data: "2" } };
      asked.events(withId("one", note), withId("two", own));
      if (calls === 1) asked.response.end();
      else cut(asked);
    },
    {
      on: {
        GET: (asked) =>
          asked.events(withId("one", note), withId("three", { jsonrpc: "2.0", id: 3, result: textResult("") })),
      },
    },
  );
  const session = await openTo(server.url, { resuming });
  try {
    await session.call(callOf());
    const { class: is, lostStream } = await session.call(callOf());
    expect(is).toBe("ok");
    expect(lostStream).toMatchObject({ sharedIds: 2, resumptions: [{ foreign: 1 }] });
  } finally {
    await session.close();
    await server.close();
  }
});

test("a server that will not resume is asked once, and the call is what it was", async () => {
  const { answer, lost, heard } = await lostStreamOf(({ response }) => void response.writeHead(405).end());
  expect(answer).toMatchObject({ class: "truncated", outcome: "unknown", status: 200 });
  expect(lost?.resumptions).toMatchObject([{ came: "refused", status: 405, events: 0 }]);
  expect(heard.filter(({ httpMethod }) => httpMethod === "GET")).toHaveLength(1);
});

test("it gives up after so many times in vain, and where its patience ends", async () => {
  const inVain = await lostStreamOf((asked) => void asked.socket.destroy());
  expect(inVain.answer.class).toBe("truncated");
  expect(inVain.lost?.resumptions).toMatchObject([{ came: "unreached" }, { came: "unreached" }]);
  const silent = await lostStreamOf((asked) => asked.events(": still there\n\n"), { timeoutMs: 400 });
  expect(silent.answer.class).toBe("timeout");
  expect(silent.lost?.resumptions).toMatchObject([{ came: "silent", status: 200, events: 0 }]);
});

test("a session that is lost meanwhile is lost, and the call's fate is unknown all the same", async () => {
  const { onCall, on } = resumedBy(({ response }) => void response.writeHead(404).end());
  const { answer, session } = await answerTo(onCall, { sessionId: "s-1", on, session: { resuming } });
  expect(answer).toMatchObject({ class: "truncated", outcome: "unknown" });
  expect(session.lost).toBe(true);
});

test.each([
  ["no ids", [eventOf(note)]],
  ["an id that no header can hold", [withId("a\u0007b", note)]],
  ["an id that was taken back", [withId("a-1", note), withId("", note)]],
])("with %s nothing is asked for", async (_what, events) => {
  const { answer, server } = await answerTo(
    (asked) => {
      asked.events(...events);
      cut(asked);
    },
    { session: { resuming } },
  );
  expect(answer).toMatchObject({ class: "truncated", lostStream: { events: events.length, resumptions: [] } });
  expect(answer.lostStream).not.toHaveProperty("lastEventId");
  expect(server.heard.some(({ httpMethod }) => httpMethod === "GET")).toBe(false);
});

test("who has no such habit asks for nothing, and what is not lost is no lost stream", async () => {
  const { onCall, on } = resumedBy(() => undefined);
  const { answer: plain, server } = await answerTo(onCall, { on });
  expect(plain).not.toHaveProperty("lostStream");
  expect(server.heard.some(({ httpMethod }) => httpMethod === "GET")).toBe(false);
  const { answer: whole } = await answerTo((asked) => asked.events(resultTo(asked, textResult("done"))), {
    session: { resuming },
  });
  expect(whole).not.toHaveProperty("lostStream");
});

/** What a server, or the way to it, can do to one call, by the outcome class that the lean wire makes of it. */
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { answerBytesMax } from "../../src/wire/lean-http.ts";
import type { Answer } from "../../src/wire/session.ts";
import { errorTo, eventOf, resultTo, textResult } from "./fault-server.ts";
import type { FaultServerOptions, React } from "./fault-server.ts";

export interface Stimulus extends FaultServerOptions {
  readonly when: string;
  readonly react: React;
  readonly sees?: Partial<Answer>;
  readonly listsFirst?: true;
}

/** Not a server's doing. */
export const notTheServers: Partial<Record<OutcomeClass, string>> = {
  "no-session": "the runner's: no session, so no call; here only a call after close",
  "not-listed": "the runner's: it goes by what was listed, and makes no call; tested with the catalogue",

  outrun: "the runner's: it gives up an attempt beside which another was answered",
  "task-cancelled": "what a task came to, not one answer; tested with the steps",
  "task-lost": "the same",
  stopped: "the runner's: its signal aborts; tested with the timeouts",
  refused: "needs a server that has gone; tested below",
  unreachable: "needs a host that is not there; tested below",
};

const picky: FaultServerOptions["on"] = {
  "tools/list": (asked) => {
    const outputSchema = { type: "object", properties: { id: { type: "number" } }, required: ["id"] };
    asked.json(resultTo(asked, { tools: [{ name: "FetchResources", inputSchema: { type: "object" }, outputSchema }] }));
  },
};
const head = (type: string, rest = ""): string => `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${rest}\r\n`;
const chunked = "transfer-encoding: chunked\r\n";
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
export const good: React = (asked) => asked.json(resultTo(asked, textResult("fine")));
const end = (react: React): React => {
  return (asked) => {
    react(asked);
    asked.response.end();
  };
};

export const stimuli: Partial<Record<OutcomeClass, readonly Stimulus[]>> = {
  ok: [
    { when: "a JSON answer", react: good, sees: { status: 200, reusedSocket: true } },
    { when: "an event stream", react: end((asked) => asked.events(resultTo(asked, textResult("fine")))) },
    {
      when: "an event stream with comments, other events and notifications before the answer",
      react: end((asked) =>
        asked.events(
          ": hello\n\n",
          "id: 1\ndata: \n\n",
          "event: weather\ndata: not JSON\n\n",
          { jsonrpc: "2.0", method: "notifications/progress", params: {} },
          resultTo(asked, textResult("fine")),
        ),
      ),
    },
    {
      when: "an event stream with strange events before the answer",
      react: end((asked) =>
        asked.events("data: garbage\n\n", { jsonrpc: "2.0", id: 987, result: {} }, resultTo(asked, {})),
      ),
    },
    { when: "an event stream that stays open after the answer", react: (asked) => asked.events(resultTo(asked, {})) },
    { when: "an empty result object", react: (asked) => asked.json(resultTo(asked, {})) },
    {
      when: "JSON behind a byte order mark",
      react: (asked) =>
        void asked.response
          .writeHead(200, { "content-type": "application/json" })
          .end(`\uFEFF${JSON.stringify(resultTo(asked, {}))}`),
    },
    { when: "a batch that holds the answer", react: (asked) => asked.json([resultTo(asked, {})]) },
    {
      when: "JSON until the connection closes",
      react: (asked) => {
        asked.raw(head("application/json") + JSON.stringify(resultTo(asked, {})));
        asked.socket.end();
      },
    },
    {
      when: "a result whose content is no list",
      react: (asked) => asked.json(resultTo(asked, { content: "fine" })),
    },
    {
      when: "a message with a part that JSON-RPC does not know",
      react: ({ json, message: { id } }) => json({ jsonrpc: "2.0", id, result: {}, took: 5 }),
    },
    {
      when: "a result that breaks the tool's own output schema",
      listsFirst: true,
      on: picky,
      react: (asked) => asked.json(resultTo(asked, { content: [], structuredContent: { id: "r-1" } })),
    },
    {
      when: "a result without the structured content that the tool's output schema asks for",
      listsFirst: true,
      on: picky,
      react: (asked) => asked.json(resultTo(asked, textResult("fine"))),
    },
    {
      when: "two answers, the first of which wins",
      react: end((asked) => asked.events(resultTo(asked, {}), errorTo(asked, 1, "second"))),
    },
  ],
  "input-required": [
    {
      when: "a result that asks for input",
      react: (asked) => asked.json(resultTo(asked, { content: [], resultType: "input_required" })),
      sees: { outcome: "unknown", status: 200 },
    },
  ],
  "task-begun": [
    {
      when: "a task in place of a result",
      react: (asked) => asked.json(resultTo(asked, { content: [], resultType: "task", taskId: "t-1" })),
    },
  ],
  "tool-error": [
    {
      when: "isError in JSON",
      react: (asked) =>
        asked.json(resultTo(asked, { isError: true, content: [{ type: "text", text: "out of stock" }] })),
      sees: { says: "out of stock", outcome: "failed" },
    },
    {
      when: "isError in an event stream",
      react: end((asked) => asked.events(resultTo(asked, { isError: true, content: [] }))),
    },
    {
      when: "isError with data that breaks the tool's own output schema",
      listsFirst: true,
      on: picky,
      react: (asked) =>
        asked.json(resultTo(asked, { isError: true, content: [], structuredContent: { error: "out of stock" } })),
    },
    {
      when: "a tool that does not know what became of its effect",
      react: (asked) =>
        asked.json(resultTo(asked, { isError: true, structuredContent: { error: { outcome: "unknown" } } })),
      sees: { outcome: "unknown" },
    },
  ],
  "rpc-error": [
    {
      when: "an error in JSON",
      react: (asked) => asked.json(errorTo(asked, -32602, "no such\n  tool")),
      sees: { rpcCode: -32602, says: "no such tool", outcome: "failed", status: 200 },
    },
    {
      when: "an error with the code that an SDK uses for its own timeout",
      react: (asked) => asked.json(errorTo(asked, -32001, "Request timed out")),
      sees: { rpcCode: -32001, says: "Request timed out" },
    },
    {
      when: "an error with the code that an SDK uses for a closed connection",
      react: (asked) => asked.json(errorTo(asked, -32000, "Connection closed")),
      sees: { rpcCode: -32000, says: "Connection closed" },
    },
    {
      when: "an error in an event stream",
      react: end((asked) => asked.events(errorTo(asked, -32603, "broken"))),
      sees: { rpcCode: -32603, says: "broken" },
    },
  ],
  "wrong-id": [
    { when: "another id in JSON", react: ({ json }) => json({ jsonrpc: "2.0", id: 987, result: {} }) },
    {
      when: "our id as a string",
      react: ({ json, message }) => json({ jsonrpc: "2.0", id: String(message.id), result: {} }),
    },
    {
      when: "an error without an id to blame",
      react: ({ json }) => json({ jsonrpc: "2.0", id: null, error: { code: -32603, message: "Internal error" } }),
      sees: { rpcCode: -32603, says: "Internal error" },
    },
    {
      when: "another id in an event stream that then ends",
      react: end(({ events }) => events({ jsonrpc: "2.0", id: 987, result: {} })),
    },
  ],
  "malformed-answer": [
    {
      when: "JSON that breaks off",
      react: ({ response }) => void response.writeHead(200, { "content-type": "application/json" }).end('{"jsonrpc":'),
      sees: { says: '{"jsonrpc":' },
    },
    { when: "JSON that is not JSON-RPC", react: ({ json }) => json({ ok: true }), sees: { says: '{"ok":true}' } },
    { when: "JSON that is not an object", react: ({ json }) => json("fine") },
    { when: "no result and no error", react: (asked) => asked.json(resultTo(asked, undefined)) },
    { when: "a null result", react: (asked) => asked.json(resultTo(asked, null)) },
    {
      when: "a result and an error",
      react: ({ json, message: { id } }) => json({ jsonrpc: "2.0", id, result: {}, error: { code: 1, message: "?" } }),
    },
    { when: "a result that is not JSON-RPC 2.0", react: ({ json, message: { id } }) => json({ id, result: {} }) },
    { when: "a result without an id", react: ({ json }) => json({ jsonrpc: "2.0", result: {} }) },
    { when: "an empty batch", react: ({ json }) => json([]) },
    { when: "a notification for an answer", react: ({ json }) => json({ jsonrpc: "2.0", method: "x" }) },
    {
      when: "an error without an id",
      react: ({ json }) => json({ jsonrpc: "2.0", error: { code: -32603, message: "Internal error" } }),
    },
    {
      when: "an error without a code",
      react: ({ json, message: { id } }) => json({ jsonrpc: "2.0", id, error: { message: "?" } }),
    },
    {
      when: "a null result in an event stream that stays open",
      react: (asked) => asked.events(resultTo(asked, null)),
    },
    { when: "garbage in an event stream that then ends", react: end(({ events }) => events("data: {garbage\n\n")) },
    {
      when: "bytes that are not HTTP",
      react: ({ raw, socket }) => {
        raw("+OK POP3 ready\r\n");
        socket.end();
      },
      sees: { says: "+OK POP3 ready" },
    },
  ],
  "empty-answer": [
    {
      when: "200 and no body as JSON",
      react: ({ response }) => void response.writeHead(200, { "content-type": "application/json" }).end(),
      sees: { bytes: 0 },
    },
    { when: "200, no body and no type", react: ({ response }) => void response.writeHead(200).end() },
    { when: "204", react: ({ response }) => void response.writeHead(204).end(), sees: { status: 204 } },
  ],
  "accepted-only": [
    { when: "202", react: ({ response }) => void response.writeHead(202).end(), sees: { status: 202 } },
  ],
  "not-mcp": [
    {
      when: "a web page",
      react: ({ response }) =>
        void response.writeHead(200, { "content-type": "text/html" }).end("<html>\n<h1>Sign in</h1>"),
      sees: { says: "<html> <h1>Sign in</h1>" },
    },
    {
      when: "JSON without a content type",
      react: (asked) => void asked.response.writeHead(200).end(JSON.stringify(resultTo(asked, {}))),
    },
  ],
  "stream-ended": [
    { when: "an event stream of nothing", react: end(({ events }) => events()) },
    {
      when: "an event stream with an empty event, and one of another name, only",
      react: end(({ events }) => events("id: 1\ndata: \n\n", "event: weather\ndata: not JSON\n\n")),
    },
    {
      when: "an event stream that ends early, and goes on for a client that asks where it stopped",
      on: {
        GET: ({ headers, response, events }) => {
          if (headers["last-event-id"] === undefined) response.writeHead(405).end();
          else events({ jsonrpc: "2.0", id: 1, result: { content: [] } });
        },
      },
      react: end(({ events }) => events("id: 1\nretry: 20\ndata: \n\n")),
    },
    {
      when: "an event stream of notifications only",
      react: end(({ events }) => events({ jsonrpc: "2.0", method: "notifications/progress" })),
    },
    {
      when: "an event stream that ends inside the answer's event",
      react: end((asked) => asked.events(eventOf(resultTo(asked, {})).trimEnd())),
    },
  ],
  oversized: [
    {
      when: "a JSON answer over the limit",
      react: (asked) => asked.json(resultTo(asked, textResult("x".repeat(answerBytesMax)))),
    },
    {
      when: "events over the limit",
      react: (asked) => asked.events(resultTo(asked, textResult("x".repeat(answerBytesMax)))),
    },
    {
      when: "a head over Node's limit",
      react: ({ raw }) => raw(head("application/json", `x-long: ${"x".repeat(100_000)}\r\n`)),
    },
  ],
  "session-lost": [
    {
      when: "404 within a session",
      sessionId: "s-1",
      react: ({ json }) =>
        json({ jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } }, 404),
      sees: { status: 404, rpcCode: -32001, says: "Session not found", outcome: "failed" },
    },
  ],
  "http-refusal": [
    {
      when: "404 without a session",
      react: ({ json }) => json({ error: "no such path" }, 404),
      sees: { status: 404, says: '{"error":"no such path"}', outcome: "failed" },
    },
    {
      when: "503 with a wait",
      react: ({ json }) => json({}, 503, { "retry-after": "7" }),
      sees: { status: 503, retryAfterMs: 7000 },
    },
    {
      when: "400 with a JSON-RPC error of our id",
      react: (asked) => asked.json(errorTo(asked, -32600, "bad"), 400),
      sees: { status: 400, rpcCode: -32600, says: "bad" },
    },
    {
      when: "a result with an error status",
      react: (asked) => asked.json(resultTo(asked, textResult("fine")), 500),
      sees: { status: 500 },
    },
    {
      when: "an event stream with an error status",
      react: (asked) =>
        void asked.response
          .writeHead(500, { "content-type": "text/event-stream" })
          .end(eventOf(resultTo(asked, textResult("fine")))),
      sees: { status: 500 },
    },
    {
      when: "a redirect",
      react: ({ response }) => void response.writeHead(307, { location: "/elsewhere" }).end(),
      sees: { status: 307 },
    },
    {
      when: "an error whose body breaks off",
      react: ({ raw, socket }) => {
        raw("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 100\r\n\r\nslow down");
        socket.end();
      },
      sees: { status: 429, says: "slow down" },
    },
    {
      when: "an error whose body never ends",
      react: ({ raw }) => raw(`HTTP/1.1 500 Broken\r\n\r\n${"x".repeat(answerBytesMax + 1)}`),
      sees: { status: 500, says: "x".repeat(200) },
    },
  ],
  "http-gateway": [
    { when: "502", react: ({ json }) => json({}, 502), sees: { status: 502, outcome: "unknown" } },
    { when: "504", react: ({ json }) => json({}, 504), sees: { status: 504, outcome: "unknown" } },
  ],
  reset: [
    {
      when: "RST before the answer",
      react: ({ socket }) => void socket.resetAndDestroy(),
      sees: { reusedSocket: true },
    },
    {
      when: "RST inside the head",
      react: ({ raw, socket }) => {
        raw("HTTP/1.1 200 OK\r\ncontent-ty");
        setTimeout(() => socket.resetAndDestroy(), 50);
      },
    },
  ],
  closed: [
    { when: "FIN before the answer", react: ({ socket }) => void socket.end(), sees: { reusedSocket: true } },
    {
      when: "FIN inside the head",
      react: ({ raw, socket }) => {
        raw("HTTP/1.1 200 OK\r\ncontent-ty");
        socket.end();
      },
    },
    {
      when: "an upgrade that nobody asked for",
      react: ({ raw }) => raw("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: tls\r\n\r\n"),
    },
  ],
  truncated: [
    {
      when: "FIN inside a JSON body of known length",
      react: ({ raw, socket }) => {
        raw(`${head("application/json", "content-length: 100\r\n")}{"jsonrpc":`);
        socket.end();
      },
      sees: { status: 200, bytes: 11 },
    },
    {
      when: "RST inside a chunked JSON body",
      react: ({ raw, socket }) => {
        raw(head("application/json", chunked) + chunk('{"jsonrpc":'));
        setTimeout(() => socket.resetAndDestroy(), 50);
      },
    },
    {
      when: "RST inside a JSON body that runs until the connection closes",
      react: ({ raw, socket }) => {
        raw(`${head("application/json")}{"jsonrpc":`);
        setTimeout(() => socket.resetAndDestroy(), 50);
      },
    },
    {
      when: "FIN inside an event stream",
      react: ({ raw, socket }) => {
        raw(head("text/event-stream", chunked) + chunk(": still working\n\n"));
        socket.end();
      },
    },
    {
      when: "RST inside an event stream",
      react: ({ events, socket }) => {
        events(": still working\n\n");
        setTimeout(() => socket.resetAndDestroy(), 50);
      },
    },
    {
      when: "FIN inside a web page",
      react: ({ raw, socket }) => {
        raw(`${head("text/html", "content-length: 100\r\n")}<html>`);
        socket.end();
      },
    },
    {
      when: "chunks that are not chunks",
      react: ({ raw }) => raw(`${head("application/json", chunked)}zz\r\n{}`),
    },
  ],
  timeout: [
    { when: "nothing at all", react: () => undefined, sees: { onTimeout: "cancel" } },
    {
      when: "half a JSON answer",
      react: ({ raw }) => raw(`${head("application/json", "content-length: 100\r\n")}{"jsonrpc":`),
      sees: { status: 200, bytes: 11 },
    },
    {
      when: "an event stream of comments",
      react: ({ events }) => events(": still working\n\n"),
      sees: { status: 200, bytes: 17 },
    },
    {
      when: "garbage in an event stream that stays open",
      react: ({ events }) => events("data: garbage\n\n"),
      sees: { status: 200 },
    },
  ],
};

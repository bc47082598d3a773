/**
 * Servers over HTTP that mean harm, each by its name and the one thing that it does. What they do not say anything about
 * is answered as an honest server would.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, gzipSync } from "node:zlib";
import { answer, deepJson, opened, poison, tool, type Message } from "./message.ts";

export interface Asked extends Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How many requests of this method came before. */
  readonly nth: number;
}

/** Answers true where it has dealt with the request. */
export type Behaviour = (asked: Asked) => boolean;

const json = { "content-type": "application/json" } as const;
const events = { "content-type": "text/event-stream" } as const;
const mebi = 1024 * 1024;

export const overHttp: Readonly<Record<string, Behaviour>> = {
  "endless-events": on("tools/call", ({ response }) => {
    response.writeHead(200, events);
    pour(response, () =>
      `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"more"}}\n\n`.repeat(100),
    );
  }),
  "endless-comment": on("tools/call", ({ response }) => {
    response.writeHead(200, events);
    response.write(":");
    pour(response, () => "x".repeat(64 * 1024));
  }),
  "gigabyte-by-length": on("tools/call", ({ response }) => {
    response.writeHead(200, { ...json, "content-length": 1024 * mebi });
    pour(response, () => " ".repeat(64 * 1024), 1024 * mebi);
  }),
  "gigabyte-in-chunks": on("tools/call", ({ response }) => {
    response.writeHead(200, json);
    pour(response, () => " ".repeat(64 * 1024), 1024 * mebi);
  }),
  "gigabyte-greeting": on("initialize", ({ response }) => {
    response.writeHead(200, json);
    pour(response, () => " ".repeat(64 * 1024), 1024 * mebi);
  }),
  "gzip-bomb": on("tools/call", ({ response }) => {
    response.writeHead(200, { ...json, "content-encoding": "gzip" });
    const block = gzipSync(Buffer.alloc(16 * mebi, " "), { finishFlush: constants.Z_FULL_FLUSH });
    pour(response, () => block, 64 * block.length);
  }),
  "deep-result": on("tools/call", ({ response, id }) => {
    response.writeHead(200, json);
    response.end(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":${deepJson(100_000)}}}`);
  }),
  "deep-text": on("tools/call", ({ response, id }) =>
    reply(response, answer(id, { content: [{ type: "text", text: deepJson(100_000) }] })),
  ),
  "deep-schema": on("tools/list", ({ response, id }) => {
    response.writeHead(200, json);
    const schema = `{"type":"object","properties":${deepJson(100_000)}}`;
    response.end(`{"jsonrpc":"2.0","id":${id},"result":{"tools":[{"name":"Echo","inputSchema":${schema}}]}}`);
  }),
  "slow-head": on("initialize", ({ response }) => {
    const { socket } = response;
    socket?.write("HTTP/1.1 200 OK\r\n");
    drip(() => socket?.write("x"), response);
  }),
  "slow-body": on("tools/call", ({ response }) => {
    response.writeHead(200, json);
    drip(() => response.write(" "), response);
  }),
  "ten-thousand-tools": on("tools/list", ({ response, id }) => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...tool, name: `Tool${index}` }));
    reply(response, answer(id, { tools: [tool, ...many] }));
  }),
  "cursor-that-loops": on("tools/list", ({ response, id }) =>
    reply(response, answer(id, { tools: [tool], nextCursor: "again" })),
  ),
  "cursor-without-end": on("tools/list", ({ response, id, nth }) => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ ...tool, name: `Tool${nth}-${index}` }));
    reply(response, answer(id, { tools: many, nextCursor: `page ${nth}` }));
  }),
  "schema-that-holds-itself": on("tools/list", ({ response, id }) => {
    const schema = { type: "object", $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } };
    reply(response, answer(id, { tools: [{ ...tool, inputSchema: schema, outputSchema: schema }] }));
  }),
  "pattern-that-never-ends": ({ method, response, id }) => {
    const held = { answer: { type: "string", pattern: "^(a+)+$" } };
    const schema = { type: "object", properties: held, required: ["answer"] };
    if (method === "tools/list") return reply(response, answer(id, { tools: [{ ...tool, outputSchema: schema }] }));
    if (method !== "tools/call") return false;
    return reply(response, answer(id, { content: [], structuredContent: { answer: `${"a".repeat(60)}!` } }));
  },
  "foreign-ids": on("tools/call", ({ response }) => reply(response, answer(987_654_321, { content: [] }))),
  "reused-ids": on("tools/call", ({ response, nth }) => reply(response, answer(nth === 0 ? 1 : nth, { content: [] }))),
  "answers-twice": on("tools/call", ({ response, id }) => {
    const once = `data: ${JSON.stringify(answer(id, { content: [{ type: "text", text: "hello" }] }))}\n\n`;
    response.writeHead(200, events).end(once + once);
  }),
  "many-headers": on("initialize", ({ response }) => {
    for (let index = 0; index < 100_000; index += 1) response.setHeader(`x-${index}`, "1");
    reply(response, answer(1, opened));
  }),
  "huge-header": on("tools/call", ({ response, id }) => {
    response.setHeader("x-huge", "x".repeat(32 * mebi));
    reply(response, answer(id, { content: [] }));
  }),
  "redirects-away": ({ response }) => {
    // The only host that a test can watch is this one; it is another origin all the same.
    const location = process.env["REDIRECTS_TO"] ?? "http://squall.invalid/mcp";
    response.writeHead(307, { location }).end();
    return true;
  },
  "redirects-calls-away": on("tools/call", ({ response }) => {
    response.writeHead(308, { location: process.env["REDIRECTS_TO"] ?? "http://squall.invalid/mcp" }).end();
  }),
  "poisoned-error": on("initialize", ({ response, id }) =>
    reply(response, { jsonrpc: "2.0", id, error: { code: -32000, message: poison } }),
  ),
  "poisoned-tools": on("tools/list", ({ response, id }) =>
    reply(response, answer(id, { tools: [{ ...tool, name: poison, description: poison }] })),
  ),
  "poisoned-answers": on("tools/call", ({ response, id }) =>
    reply(response, answer(id, { isError: true, content: [{ type: "text", text: poison }], [poison]: poison })),
  ),
  "invalid-utf8": on("tools/call", ({ response, id }) => {
    response.writeHead(200, json);
    response.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
    response.write(Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]));
    response.end('"}]}}');
  }),
  "prototype-keys": on("tools/call", ({ response, id }) => {
    response.writeHead(200, json);
    const evil = '{"__proto__":{"isError":true,"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":1,"a":2}';
    response.end(
      `{"__proto__":{"error":{"code":1,"message":"x"}},"jsonrpc":"2.0","id":${id},"id":${id},"result":{"__proto__":{"isError":true},"content":[],"structuredContent":${evil}}}`,
    );
  }),
  "flood-of-requests": on("tools/call", ({ response }) => {
    response.writeHead(200, events);
    let id = 0;
    pour(response, () => {
      id += 1;
      return `data: {"jsonrpc":"2.0","id":"flood-${id}","method":"ping"}\n\n`;
    });
  }),
  "closes-each-connection": ({ request, method }) => {
    if (method === "") return false;
    request.socket.destroy();
    return true;
  },
};

function on(wanted: string, act: (asked: Asked) => unknown): Behaviour {
  return (asked) => {
    if (asked.method !== wanted) return false;
    act(asked);
    return true;
  };
}

function reply(response: ServerResponse, body: object): true {
  response.writeHead(200, json).end(JSON.stringify(body));
  return true;
}

/** As fast as whoever reads takes it. */
function pour(response: ServerResponse, more: () => string | Buffer, bytesMax = Number.POSITIVE_INFINITY): void {
  let left = bytesMax;
  const on = (): void => {
    while (left > 0 && !response.destroyed) {
      const chunk = more();
      left -= chunk.length;
      if (!response.write(chunk)) return;
    }
    if (!response.destroyed) response.end();
  };
  response.on("drain", on).on("error", () => {});
  on();
}

function drip(drop: () => void, response: ServerResponse): void {
  const timer = setInterval(drop, 1000);
  response.on("close", () => clearInterval(timer));
}

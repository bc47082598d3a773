/** What a tap records of the requests that pass, by real HTTP clients and servers. */
import { once } from "node:events";
import { Agent, request, type IncomingMessage, type RequestOptions } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { opId } from "../../src/history/ids.ts";
import { realWorld, type World } from "../../src/world.ts";
import { bodyOf, callLink, httpCallee, nonce, openRig, tcpCallee, tracer, type Rig } from "./rig.ts";
import { waitFor } from "../waiting.ts";

const at = { group: "planner", agent: 3, walk: 1, step: 0 };
const op = opId(nonce, at);

interface Ask extends RequestOptions {
  readonly body?: string | Buffer;
}

async function ask(rig: Rig, path: string, { body, ...options }: Ask = {}): Promise<{ status: number; body: Buffer }> {
  const sent = request(rig.url(path), options);
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await bodyOf(answer) };
}

test("a request and its answer make one exchange, without the query and without contents", async () => {
  await using callee = await httpCallee((_request, response) => {
    response.writeHead(201, { "content-type": "application/json" }).end('{"id":7,"tags":[]}');
  });
  await using rig = await openRig(callee.port, "http");
  await ask(rig, "/limits?token=secret", { method: "POST", body: '{"limit":200}' });
  await waitFor(() => expect(rig.exchanges()).toHaveLength(1));
  const [exchange] = rig.exchanges();
  expect(exchange).toMatchObject({
    type: "exchange",
    link: "cloud->cloud-api",
    connection: 1,
    ops: [],
    method: "POST",
    path: "/limits",
    ended: "answered",
    status: 201,
    answer: { form: "json", filled: ["$", "$.id"], hollow: ["$.tags"] },
  });
  const { startedUs = 0, sentUs = 0, firstByteUs = 0 } = exchange ?? {};
  expect(startedUs).toBeLessThanOrEqual(sentUs);
  expect(sentUs).toBeLessThanOrEqual(firstByteUs);
  expect(JSON.stringify(rig.events)).not.toMatch(/secret|200,|"tool"/);
});

test.each([
  ["the body", { method: "POST", body: JSON.stringify({ requestId: op }) }, { ops: [op] }],
  ["a header", { headers: { "x-request-id": op } }, { ops: [op] }],
  ["the traceparent", { headers: { traceparent: tracer.traceparent(at, 2) } }, { ops: [op], attempt: 2 }],
  [
    "both body and traceparent",
    { method: "POST", headers: { traceparent: tracer.traceparent(at, 2) }, body: op },
    { ops: [op], attempt: 2 },
  ],
  [
    "two bodies of one batch, of which one has a traceparent",
    { method: "POST", headers: { traceparent: tracer.traceparent(at, 2) }, body: `${nonce}.writer.0.0.0` },
    { ops: [op, `${nonce}.writer.0.0.0`] },
  ],
] as const)("an op is told by %s", async (_where, options, expected) => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  await ask(rig, "/", options);
  await waitFor(() => expect(rig.exchanges()).toHaveLength(1));
  const [{ ops, attempt } = { ops: [] }] = rig.exchanges();
  expect({ ops, ...(attempt === undefined ? {} : { attempt }) }).toEqual(expected);
});

test("an op is told by the query and by the path", async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  await ask(rig, `/limits?for=${op}`);
  await ask(rig, `/limits/${op}/state`);
  await waitFor(() => expect(rig.exchanges().map(({ ops }) => ops)).toEqual([[op], [op]]));
});

test("requests of one path tell whether they asked for the same, and not for what", async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  const post = { method: "POST" } as const;
  const asked = [
    () => ask(rig, "/r"),
    () => ask(rig, "/r?page=1"),
    () => ask(rig, "/r?page=1"),
    () => ask(rig, "/r?page=2"),
    () => ask(rig, "/r?page=1", { ...post, body: "same" }),
    () => ask(rig, "/r?page=1", { ...post, body: "same" }),
    () => ask(rig, "/r?page=1", { ...post, body: "other" }),
  ];
  for (const one of asked) await one();
  await waitFor(() => expect(rig.exchanges()).toHaveLength(asked.length));
  const digests = rig.exchanges().map(({ asks }) => asks);
  expect(digests.map((asks) => digests.indexOf(asks))).toEqual([0, 1, 1, 3, 4, 4, 6]);
  expect(digests[0]).toBeUndefined();
  expect(JSON.stringify(rig.events)).not.toMatch(/page|"same"|other/);
});

test("a kept-alive connection makes one exchange a request, each with its own bytes", async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let n = 0; n < 100; n += 1) await ask(rig, `/r/${n}`, { agent, method: "POST", body: "x".repeat(n) });
  await waitFor(() => expect(rig.exchanges()).toHaveLength(100));
  agent.destroy();
  await waitFor(() => expect(rig.connections().map(({ edge }) => edge)).toEqual(["opened", "closed"]));
  expect(rig.exchanges().map(({ path }) => path)).toEqual(Array.from({ length: 100 }, (_, n) => `/r/${n}`));
  const closed = rig.connections().find(({ edge }) => edge === "closed");
  const sum = (field: "bytesUp" | "bytesDown") => rig.exchanges().reduce((bytes, one) => bytes + one[field], 0);
  expect([sum("bytesUp"), sum("bytesDown")]).toEqual([closed?.bytesUp, closed?.bytesDown]);
  expect(closed).toMatchObject({ by: "caller" });
});

test("an exchange tells that its connection had been used before, and how long the answer asked to wait", async () => {
  await using callee = await httpCallee((_request, response) => response.writeHead(503, { "retry-after": "2" }).end());
  await using rig = await openRig(callee.port, "http");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(rig, "/first", { agent });
  await ask(rig, "/second", { agent });
  agent.destroy();
  await waitFor(() => expect(rig.exchanges()).toHaveLength(2));
  const [first, second] = rig.exchanges();
  expect(first).toMatchObject({ status: 503, retryAfterMs: 2000 });
  expect(first).not.toHaveProperty("reusedSocket");
  expect(second).toMatchObject({ retryAfterMs: 2000, reusedSocket: true });
});

test("chunked bodies of a megabyte pass both ways", async () => {
  await using callee = await httpCallee((incoming, response) => void incoming.pipe(response));
  await using rig = await openRig(callee.port, "http");
  const body = Buffer.alloc(1024 * 1024, "0123456789abcdef");
  const sent = request(rig.url("/echo"), { method: "PUT" });
  for (let from = 0; from < body.length; from += 10_000) sent.write(body.subarray(from, from + 10_000));
  sent.end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  expect((await bodyOf(answer)).equals(body)).toBe(true);
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ method: "PUT", ended: "answered", status: 200 }]));
  const [exchange] = rig.exchanges();
  expect(exchange?.bytesUp).toBeGreaterThan(body.length);
  expect(exchange?.bytesDown).toBeGreaterThan(body.length);
  expect(exchange?.answer).toBeUndefined();
});

test("pipelined requests are joined with their answers in turn", async () => {
  await using callee = await httpCallee((incoming, response) => response.end(incoming.url));
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  const paths = ["/a", "/b", "/c"];
  caller.socket.write(paths.map((path) => `GET ${path}?${op} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
  await waitFor(() => expect(rig.exchanges().map(({ path }) => path)).toEqual(paths));
  expect(rig.exchanges().every(({ ops, ended, bytesDown }) => ops[0] === op && ended === "answered" && bytesDown > 0));
  const { bytesDown: _, ...first } = rig.exchanges()[0] ?? { bytesDown: 0 };
  expect(first).toMatchObject({
    ended: "answered",
    ops: [op],
    bytesUp: `GET /a?${op} HTTP/1.1\r\nHost: x\r\n\r\n`.length,
  });
  const bytesDown = rig.exchanges().reduce((sum, exchange) => sum + exchange.bytesDown, 0);
  await waitFor(() => expect(caller.received()).toHaveLength(bytesDown));
  caller.socket.destroy();
});

test("HEAD, 204, 304 and 100-continue do not put the tap out of step", async () => {
  await using callee = await httpCallee((incoming, response) => {
    if (incoming.url === "/none") response.writeHead(204).end();
    else if (incoming.url === "/same") response.writeHead(304, { etag: "x" }).end();
    else response.writeHead(200, { "content-length": 4 }).end("body");
  });
  await using rig = await openRig(callee.port, "http");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(rig, "/", { agent, method: "HEAD" });
  await ask(rig, "/none", { agent });
  await ask(rig, "/same", { agent });
  await ask(rig, "/", { agent, method: "PUT", headers: { expect: "100-continue" }, body: op });
  await ask(rig, "/last", { agent });
  agent.destroy();
  await waitFor(() => expect(rig.exchanges()).toHaveLength(5));
  expect(rig.exchanges().map(({ status, ended }) => `${ended} ${status}`)).toEqual([
    "answered 200",
    "answered 204",
    "answered 304",
    "answered 200",
    "answered 200",
  ]);
  expect(rig.exchanges()[3]?.ops).toEqual([op]);
  expect(rig.exchanges()[1]?.answer).toEqual({ form: "none", filled: [], hollow: [] });
  expect([rig.exchanges()[0]?.answer, rig.exchanges()[2]?.answer]).toEqual([undefined, undefined]);
});

test("after an upgrade the bytes pass unread", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.once("data", () => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
      );
      socket.on("data", (chunk) => socket.write(chunk));
    });
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  await waitFor(() => expect(caller.text()).toContain("GET / HTTP/1.1"));
  caller.socket.write("GET /not-http HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(caller.text()).toContain("/not-http"));
  expect(rig.exchanges()).toMatchObject([{ path: "/ws", ended: "answered", status: 101 }]);
  expect(rig.link.openExchanges()).toBe(0);
  caller.socket.destroy();
});

test("a connection that stops being HTTP makes no more exchanges but goes on", async () => {
  await using callee = await tcpCallee((socket) => void socket.pipe(socket));
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("\u0016\u0003\u0001 not http at all");
  await waitFor(() => expect(caller.text()).toContain("not http at all"));
  caller.socket.write("GET / HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(caller.text()).toContain("GET / HTTP/1.1"));
  caller.socket.end();
  await waitFor(() => expect(rig.connections().at(-1)?.edge).toBe("closed"));
  expect(rig.exchanges()).toEqual([]);
});

test("an absolute URL is recorded without its host and its password", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "http");
  await ask(rig, "/", { path: "http://user:secret@host.test/x/y?z=1" });
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ path: "/x/y" }]));
});

test.each([
  ["gzip", gzipSync('{"items":[]}'), { form: "json", filled: ["$"], hollow: ["$.items"] }],
  ["identity", Buffer.from('{"items":[]}'), { form: "json", filled: ["$"], hollow: ["$.items"] }],
  ["gzip", Buffer.from("not gzip"), undefined],
  ["gzip", gzipSync(Buffer.alloc(1024 * 1024)), undefined],
  ["compress", Buffer.from("??"), undefined],
  ["identity", Buffer.alloc(65 * 1024, " "), undefined],
])("the shape of an answer is known where it is short and readable (%s)", async (encoding, body, shape) => {
  await using callee = await httpCallee((_request, response) => {
    response.writeHead(200, { "content-type": "application/problem+json", "content-encoding": encoding }).end(body);
  });
  await using rig = await openRig(callee.port, "http");
  await ask(rig, "/");
  await waitFor(() => expect(rig.exchanges()).toHaveLength(1));
  expect(rig.exchanges()[0]?.answer).toEqual(shape);
});

test("the shape of other content is not taken", async () => {
  await using callee = await httpCallee((_request, response) => {
    response.writeHead(200, { "content-type": "image/png" }).end("{}");
  });
  await using rig = await openRig(callee.port, "http");
  await ask(rig, "/");
  await waitFor(() => expect(rig.exchanges()).toHaveLength(1));
  expect(rig.exchanges()[0]?.answer).toBeUndefined();
});

test("on an MCP link the tool of a call is told, and nothing of its answer", async () => {
  await using callee = await httpCallee((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await using rig = await openRig(callee.port, "mcp");
  const meta = { "squall/op": op, traceparent: tracer.traceparent(at, 1) };
  const params = { name: "FetchServices", arguments: {}, _meta: meta };
  const messages = [
    { jsonrpc: "2.0", id: 1, method: "tools/call", params },
    { jsonrpc: "2.0", id: 2, method: "tools/list" },
  ];
  for (const message of messages) await ask(rig, "/mcp", { method: "POST", body: JSON.stringify(message) });
  await waitFor(() => expect(rig.exchanges()).toHaveLength(2));
  const [call, list] = rig.exchanges();
  expect(call).toMatchObject({ method: "POST", path: "/mcp", tool: "FetchServices", ops: [op], attempt: 1 });
  expect([call?.answer, list?.answer, list?.tool]).toEqual([undefined, undefined, "tools/list"]);
});

test("on a dead link the request is counted and joined, and its caller reset", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "http");
  await rig.link.setEnabled(false);
  const asked = ask(rig, "/limits", { method: "POST", body: JSON.stringify({ requestId: op }) });
  await expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(rig.connections()).toMatchObject([{ edge: "refused", connection: 1 }]);
  expect(rig.exchanges()).toMatchObject([{ ended: "refused", ops: [op], path: "/limits", bytesDown: 0 }]);
  expect(rig.signs).toEqual([{ is: "refused" }]);
  expect(rig.link.connections).toBe(1);
  await rig.link.setEnabled(true);
  expect(await ask(rig, "/")).toMatchObject({ status: 200 });
});

test("on a dead link it still tells whether the same was asked again", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "http");
  await rig.link.setEnabled(false);
  for (const limit of [1, 2, 1]) {
    const asked = ask(rig, "/limits", { method: "POST", body: JSON.stringify({ limit }) });
    await expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
  }
  const [first, other, again] = rig.exchanges().map(({ asks }) => asks);
  expect([first, other === first]).toEqual([again, false]);
});

test("on a dead link a request that never comes whole is counted too, and one that says nothing is reset", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "http");
  await rig.link.setEnabled(false);
  const [mute, partial, left] = [callLink(rig.link), callLink(rig.link), callLink(rig.link)];
  partial.socket.write(`POST /a HTTP/1.1\r\nX-Op: ${op}\r\nContent-Length: 99\r\n\r\nsome`);
  left.socket.end("POST /b HTTP/1.1\r\nContent-Length: 99\r\n\r\n");
  await waitFor(() => expect([mute.ended(), partial.ended(), left.ended()]).toEqual(["rst", "rst", "rst"]));
  expect(
    rig
      .exchanges()
      .map(({ ended, path }) => `${ended} ${path}`)
      .sort(),
  ).toEqual(["refused /a", "refused /b"]);
  expect(rig.exchanges().find(({ path }) => path === "/a")).toMatchObject({ ops: [op] });
  expect(rig.exchanges().every(({ sentUs }) => sentUs === undefined)).toBe(true);
});

// With timers that never fire, whatever is told is told by what the caller sent.
const noTimers: World = { ...realWorld, timer: () => ({ cancel: () => {} }) };

test("on a dead link nobody is kept waiting once there is no more to learn", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "http", { world: noTimers });
  await rig.link.setEnabled(false);
  const [whole, foreign, gone] = [callLink(rig.link), callLink(rig.link), callLink(rig.link)];
  whole.socket.write("GET /a HTTP/1.1\r\n\r\n");
  foreign.socket.write("SSH-2.0-OpenSSH_9.6\r\n");
  gone.socket.end("POST /b HTTP/1.1\r\nContent-Length: 9\r\n\r\n");
  await waitFor(() => expect([whole.ended(), foreign.ended(), gone.ended()]).toEqual(["rst", "rst", "rst"]));
});

test("a refused request that is still being read when the link closes is counted", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "http", { world: noTimers });
  await rig.link.setEnabled(false);
  const caller = callLink(rig.link);
  caller.socket.write(`POST /a HTTP/1.1\r\nX-Op: ${op}\r\nContent-Length: 9\r\n\r\n`);
  await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
  await rig.link.close();
  expect(rig.exchanges()).toMatchObject([{ ended: "refused", ops: [op] }]);
});

test("on a dead TCP link the caller is reset at once and no exchange is made", async () => {
  await using callee = await httpCallee((_request, response) => response.end());
  await using rig = await openRig(callee.port, "tcp");
  await rig.link.setEnabled(false);
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(caller.ended()).toBe("rst"));
  expect(rig.events).toMatchObject([{ type: "connection", edge: "refused" }]);
});

test("a caller that leaves, a callee that closes and one that resets end the exchange each in their way", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.on("end", () => socket.end());
    socket.on("data", (chunk) => {
      const path = chunk.toString().split(/[ ?]/)[1];
      if (path === "/reset") socket.resetAndDestroy();
      if (path === "/close")
        socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf");
    });
  });
  await using rig = await openRig(callee.port, "http");
  const endings = { "/reset": "reset", "/close": "closed", "/leave": "caller-left", "/crash": "caller-left" } as const;
  for (const [path, ended] of Object.entries(endings)) {
    const { socket } = callLink(rig.link);
    socket.write(`GET ${path}?${op} HTTP/1.1\r\n\r\n`);
    await waitFor(() => expect(rig.link.openExchanges() + rig.exchanges().length).toBeGreaterThan(0));
    if (path === "/leave" || path === "/crash") await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
    if (path === "/leave") socket.end();
    if (path === "/crash") socket.resetAndDestroy();
    await waitFor(() => expect(rig.exchanges().at(-1)).toMatchObject({ path, ended, ops: [op] }));
    socket.destroy();
  }
  expect(rig.exchanges().find(({ path }) => path === "/close")).toMatchObject({ status: 200 });
  expect(rig.exchanges().find(({ path }) => path === "/close")?.answer).toBeUndefined();
});

test("a caller that half-closes still gets its answer, and that counts", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.on("data", () => {});
    socket.on("end", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.end("GET / HTTP/1.0\r\n\r\n");
  await once(caller.socket, "close");
  expect(caller.text()).toContain("ok");
  expect(rig.exchanges()).toMatchObject([{ ended: "answered", status: 200 }]);
});

test("an answer that comes after its caller has closed tells when that was", async () => {
  await using callee = await tcpCallee((socket) => {
    const answer = (): void => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    socket.on("data", (chunk) => {
      if (chunk.includes("/stays")) answer();
    });
    socket.on("end", () => setTimeout(answer, 60));
  });
  await using rig = await openRig(callee.port, "http");
  for (const [index, path] of ["/leaves", "/stays"].entries()) {
    const { socket } = callLink(rig.link);
    socket.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    if (path === "/leaves") await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
    if (path === "/leaves") socket.end();
    await waitFor(() => expect(rig.exchanges()).toHaveLength(index + 1));
    socket.destroy();
  }
  const [left, stayed] = rig.exchanges();
  expect([left, stayed]).toMatchObject([
    { path: "/leaves", ended: "answered" },
    { path: "/stays", ended: "answered" },
  ]);
  expect(stayed?.leftUs).toBeUndefined();
  const { startedUs = 0, leftUs = 0, firstByteUs = 0 } = left ?? {};
  expect(leftUs).toBeGreaterThan(startedUs);
  expect(firstByteUs - leftUs).toBeGreaterThan(50_000);
});

test("what is open when the link closes is recorded as open", async () => {
  await using callee = await httpCallee(() => {});
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write(
    `GET /slow?${op} HTTP/1.1\r\nHost: x\r\n\r\nPOST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n`,
  );
  await waitFor(() => expect(rig.link.openExchanges()).toBe(2));
  await rig.link.close();
  expect(rig.exchanges()).toMatchObject([
    { path: "/slow", ended: "open", ops: [op] },
    { path: "/x", ended: "open", bytesUp: "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n".length },
  ]);
  expect(rig.link.openExchanges()).toBe(0);
  caller.socket.destroy();
});

test("an answer before the whole request, and one that nobody asked for, break nothing", async () => {
  const early = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
  await using callee = await tcpCallee((socket) => {
    socket.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    socket.on("data", (chunk) => {
      if (chunk.includes("HTTP/1.1")) socket.write(early);
    });
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  await waitFor(() => expect(caller.text()).toContain("408"));
  caller.socket.write("POST /big HTTP/1.1\r\nContent-Length: 9\r\n\r\nfour");
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ path: "/big", status: 413, ended: "answered" }]));
  caller.socket.write("fives");
  caller.socket.write("GET /next HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(rig.exchanges()[1]).toMatchObject({ path: "/next", status: 413 }));
  expect(rig.exchanges()[0]?.sentUs).toBeUndefined();
  caller.socket.destroy();
});

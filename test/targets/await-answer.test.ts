import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Unstamped } from "../../src/history/events.ts";
import { awaitAnswer, awaitUrl } from "../../src/targets/await-answer.ts";
import { freePort } from "../../src/targets/free-port.ts";
import { closedAddress } from "../closed-address.ts";
import { realWorld } from "../../src/world.ts";

const world = realWorld;
const signal = new AbortController().signal;

function awaited(url: URL, timeoutMs: number, events: Unstamped[] = []) {
  const recorder = {
    record: (event: Unstamped) => ({ id: `test:${events.push(event)}`, atUs: 0 }),
    nowUs: world.nowUs,
  };
  return awaitUrl({ name: "cloud", role: "server", url, world, recorder, timeoutMs, signal });
}

async function serve(answer: RequestListener): Promise<Server & AsyncDisposable & { readonly port: number }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(server, { port });
}

test.concurrent.each([200, 302, 404, 405, 500])(
  "an answer of %i counts, and is recorded without its secrets",
  async (status) => {
    await using server = await serve((_, response) => response.writeHead(status).end());
    const events: Unstamped[] = [];
    const url = new URL(`http://user:password@127.0.0.1:${server.port}/mcp?token=secret`);
    const target = await awaited(url, 5000, events);
    expect(target.url).toBe(url);
    const address = `http://127.0.0.1:${server.port}/mcp`;
    expect(events).toEqual([{ type: "target", target: "cloud", role: "server", edge: "ready", address }]);
    // Nobody of ours started it, so nobody of ours stops it.
    await target.stop();
    expect(server.listening).toBe(true);
  },
);

test.concurrent("an event stream that never ends counts, and is let go", async () => {
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>();
  await using server = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    response.once("close", onClose);
  });
  await awaited(new URL(`http://127.0.0.1:${server.port}/sse`), 5000);
  await closed;
});

test.concurrent("nobody there is told with the address and the system's word for it", async () => {
  const { port } = await closedAddress();
  const url = new URL(`http://127.0.0.1:${port}/mcp?token=secret`);
  await expect(awaited(url, 100)).rejects.toMatchObject({
    name: "UserError",
    exitCode: 75,
    message: `server "cloud" does not answer at http://127.0.0.1:${port}/mcp (ECONNREFUSED): start it, or correct its url`,
  });
  await expect(awaited(new URL("http://no-such-host.invalid/"), 100)).rejects.toThrow(
    /ENOTFOUND|EAI_AGAIN|no connection in time/,
  );
});

test.concurrent("one that comes up while it is awaited is met", async () => {
  const port = await freePort();
  const coming = awaited(new URL(`http://127.0.0.1:${port}/`), 10_000);
  await world.sleep(150);
  const server = createServer((_, response) => response.end()).listen(port, "127.0.0.1");
  expect((await coming).url.port).toBe(String(port));
  server.close();
});

test.concurrent("what accepts but never answers, or answers in another language, does not count", async () => {
  const mute = createTcpServer(() => {}).listen(0, "127.0.0.1");
  const foreign = createTcpServer((socket) => {
    // It hears the request out, or the connection would be reset before its own words arrive.
    socket.on("error", () => {}).once("data", () => socket.end("220 smtp ready\r\n"));
  }).listen(0, "127.0.0.1");
  await Promise.all([once(mute, "listening"), once(foreign, "listening")]);
  const urlOf = (server: typeof mute): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await expect(awaited(urlOf(mute), 1500)).rejects.toThrow("(connected, but no answer)");
  await expect(awaited(urlOf(foreign), 4000)).rejects.toThrow("(HPE_INVALID_CONSTANT)");
  mute.close();
  foreign.close();
});

test.concurrent("of a target that does not speak HTTP a connection is enough, and nobody listening is not", async () => {
  const database = createTcpServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(database, "listening");
  const { port } = database.address() as AddressInfo;
  await expect(awaited(new URL(`postgres://127.0.0.1:${port}/app`), 1000)).resolves.toBeDefined();
  database.close();
  await expect(awaited(new URL(`postgres://127.0.0.1:${(await closedAddress()).port}/app`), 100)).rejects.toThrow(
    /at postgres:\/\/127\.0\.0\.1:\d+\/app \(ECONNREFUSED\)/,
  );
});

test.concurrent("a connection that is dropped at once is taken for somebody else's, who stands before the target", async () => {
  let connections = 0;
  const proxy = createTcpServer((socket) => {
    connections += 1;
    socket.on("error", () => {});
    if (connections <= 2) socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  await expect(awaited(new URL(`tcp://127.0.0.1:${port}`), 20_000)).resolves.toBeDefined();
  expect(connections).toBe(3);
  proxy.close();
});

test.concurrent("of what speaks TLS to others a connection is enough, whatever its certificate", async () => {
  const secure = createTcpServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(secure, "listening");
  const url = new URL(`https://127.0.0.1:${(secure.address() as AddressInfo).port}`);
  const ask = { url, speaks: "tcp", world, timeoutMs: 20_000, signal } as const;
  expect(await awaitAnswer(ask)).toEqual({ is: "answered" });
  secure.close();
});

test.concurrent("the wait ends at once when the run is stopped", async () => {
  const { port } = await closedAddress();
  const stopping = new AbortController();
  const url = new URL(`http://127.0.0.1:${port}/`);
  const waiting = awaitAnswer({ url, world, timeoutMs: 600_000, signal: stopping.signal });
  await world.sleep(50);
  stopping.abort();
  expect(await waiting).toMatchObject({ is: "silent" });
});

test.concurrent("a last try that is cut short does not hide what an earlier one has learned", async () => {
  let tries = 0;
  const server = createTcpServer((socket) => {
    tries += 1;
    socket.on("error", () => {});
    // Only the first gets an answer, and not of the kind that was hoped for.
    if (tries === 1) socket.once("data", () => socket.end("220 smtp ready\r\n"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await expect(awaited(url, 3000)).rejects.toThrow("(HPE_INVALID_CONSTANT)");
  expect(tries).toBeGreaterThan(1);
  server.close();
});

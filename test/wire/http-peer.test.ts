/** Which connections are used again, and which are not: seen from a server that looks at each of them. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { realWorld } from "../../src/world.ts";
import type { Reply } from "../../src/wire/lean-channel.ts";
import { openRequest } from "../../src/wire/lean-http.ts";
import { Peer } from "../../src/wire/http-peer.ts";
import { answerTo, callOf, openTo, resultTo, startFaultServer, textResult, type Asked } from "./fault-server.ts";
import { waitFor } from "../waiting.ts";

const servers: Server[] = [];
const peers: Peer[] = [];
const accepted: Socket[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  for (const socket of accepted.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => void server.close(resolve));
});

const result = '{"jsonrpc":"2.0","id":1,"result":{}}';
const fine = (headers = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: ${result.length}\r\n\r\n${result}`;

/** A server that does the same with every request, and how to ask it. */
async function asking(
  react: (socket: Socket, connection: number) => void,
  options: ConstructorParameters<typeof Peer>[1] = {},
) {
  let connections = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    sockets.push(socket);
    accepted.push(socket);
    socket.on("error", () => undefined).on("data", () => react(socket, connection));
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const peer = new Peer(url, options);
  peers.push(peer);
  const ask = (body = "{}"): Promise<Reply> =>
    new Promise((resolve) => {
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
  return { ask, sockets };
}

const isGone = (socket: Socket | undefined): Promise<void> =>
  waitFor(() => {
    expect(socket?.destroyed).toBe(true);
  });

test("a whole answer leaves its connection for the next request", async () => {
  const { ask } = await asking((socket) => socket.write(fine()));
  expect(await ask()).toMatchObject({ is: "answer", seen: { reusedSocket: false, status: 200, bytes: result.length } });
  expect(await ask()).toMatchObject({ is: "answer", seen: { reusedSocket: true } });
});

test.for([
  ["says that it closes", fine("connection: close\r\n")],
  ["will close in a second", fine("keep-alive: timeout=1\r\n")],
  ["sends more than it said", `${fine()}HTTP/1.1 200 OK\r\n\r\n`],
] as const)("a server that %s is connected to anew, and sees the old connection go", async ([, text]) => {
  const { ask, sockets } = await asking((socket) => socket.write(text));
  expect(await ask()).toMatchObject({ is: "answer" });
  expect(await ask()).toMatchObject({ is: "answer", seen: { reusedSocket: false } });
  await isGone(sockets[0]);
});

test.for([
  ["says nothing of it", "", 3900, 4100],
  ["closes after five seconds", "keep-alive: timeout=5\r\n", 3900, 4100],
  ["closes after a minute", "keep-alive: timeout=60, max=100\r\n", 58_900, 59_100],
] as const)(
  "a connection that was idle for nearly as long as its server bears is not used again: it %s",
  async ([, headers, earlyMs, lateMs]) => {
    let nowUs = 0;
    const { ask, sockets } = await asking((socket) => socket.write(fine(headers)), { nowUs: () => nowUs });
    await ask();
    nowUs += earlyMs * 1000;
    expect(await ask()).toMatchObject({ seen: { reusedSocket: true } });
    nowUs += lateMs * 1000;
    expect(await ask()).toMatchObject({ seen: { reusedSocket: false } });
    await isGone(sockets[0]);
  },
);

test("connections that only a rush had needed go one by one when it is over, not first in the next rush", async () => {
  let nowUs = 0;
  const { ask, sockets } = await asking((socket) => socket.write(fine()), { nowUs: () => nowUs });
  await Promise.all([ask(), ask(), ask()]);
  for (const calmMs of [2000, 1900]) {
    nowUs += calmMs * 1000;
    await ask();
  }
  const gone = (): number => sockets.filter(({ destroyed }) => destroyed).length;
  expect([sockets.length, gone()]).toEqual([3, 0]);
  for (const left of [1, 2]) {
    nowUs += 1_000_000;
    expect(await ask()).toMatchObject({ seen: { reusedSocket: true } });
    await waitFor(() => {
      expect(gone()).toBe(left);
    });
  }
});

test("whoever says `connection: close` keeps to it, whatever the server does", async () => {
  const { ask, sockets } = await asking((socket) => socket.write(fine()), { keepsAlive: false });
  await ask();
  await isGone(sockets[0]);
  const { server } = await answerTo((asked) => asked.json(resultTo(asked, {})), {
    session: { headers: { Connection: "close" } },
  });
  expect(server.heard.map(({ headers, connection }) => [headers.connection, connection])).toEqual([
    ["close", 1],
    ["close", 2],
    ["close", 3],
  ]);
});

test.for([
  ["is closed", (socket: Socket): void => void socket.end()],
  ["is reset", (socket: Socket): void => void socket.resetAndDestroy()],
  ["speaks without being asked", (socket: Socket): void => void socket.write(fine())],
] as const)("an idle connection that %s is not used again", async ([, end]) => {
  const { ask, sockets } = await asking((socket) => socket.write(fine()));
  await ask();
  const [first] = sockets;
  if (first !== undefined) end(first);
  await isGone(first);
  await waitFor(async () => {
    expect(await ask()).toMatchObject({ is: "answer", seen: { reusedSocket: false } });
  });
});

test("an answer before the request is all written is taken, and its connection is not used again", async () => {
  const { ask, sockets } = await asking((socket) => {
    socket.pause();
    socket.write(fine());
  });
  expect(await ask("x".repeat(32 * 1024 * 1024))).toMatchObject({ is: "answer" });
  expect(await ask()).toMatchObject({ is: "answer", seen: { reusedSocket: false } });
  expect(sockets).toHaveLength(2);
});

test("answers that come in pieces at the same time stay apart, though they are read into one buffer", async () => {
  const held: Asked[] = [];
  const server = await startFaultServer((asked) => void held.push(asked));
  const session = await openTo(server.url);
  const texts = Array.from({ length: 8 }, (_, n) => `${n}é`.repeat(3000));
  const answers = texts.map((text) => session.call(callOf({ args: { text } })));
  await waitFor(() => {
    expect(held).toHaveLength(texts.length);
  });
  const wholes = held.map((asked) => {
    const body = Buffer.from(
      JSON.stringify(resultTo(asked, textResult(String(asked.message.params?.arguments?.["text"])))),
    );
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    return { asked, bytes: Buffer.concat([Buffer.from(head), body]) };
  });
  for (let at = 0; at < 32_000; at += 4001) {
    for (const { asked, bytes } of wholes) asked.socket.write(bytes.subarray(at, at + 4001));
    await new Promise((resolve) => void setTimeout(resolve, 2));
  }
  const came = await Promise.all(answers);
  expect(came.map(({ result: got }) => got)).toEqual(texts.map(textResult));
  await session.close();
  await server.close();
});

test("words outside ASCII arrive as they are, in arguments and in headers", async () => {
  const { server, answer } = await answerTo((asked) => asked.json(resultTo(asked, asked.message.params?.arguments)), {
    session: { headers: { "x-name": "Zo\u00EB" } },
    call: { args: { text: "漢字 é 🙂" } },
  });
  expect(answer.result).toEqual({ text: "漢字 é 🙂" });
  expect((await server.hears("tools/call")).headers["x-name"]).toBe("Zo\u00EB");
});

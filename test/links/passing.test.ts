/** Bytes, ends and resets go through the tap as if it were not there. */
import { once } from "node:events";
import type { Socket } from "node:net";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { realWorld, type World } from "../../src/world.ts";
import { callLink, openRig, tcpCallee } from "./rig.ts";
import { waitFor } from "../waiting.ts";

const chunksOfBytes = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 200_000 }).map((size) => Buffer.alloc(size, `${size}`)) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(
          "POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\n",
          "GET / HTTP/1.1\r\n\r\n",
        )
        .map((text) => Buffer.from(text)),
    },
  ),
  { maxLength: 12 },
);

async function send(socket: Socket, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) {
    if (!socket.write(chunk)) await once(socket, "drain");
    await new Promise(setImmediate);
  }
  socket.end();
}

test.each(["tcp", "http", "mcp"] as const)("every byte passes both ways unchanged over %s", async (protocol) => {
  let answer: readonly Buffer[] = [];
  let got: Buffer[] = [];
  await using callee = await tcpCallee((socket) => {
    got = [];
    socket.on("data", (chunk) => got.push(chunk));
    void send(socket, answer);
  });
  await using rig = await openRig(callee.port, protocol);
  await fc.assert(
    fc.asyncProperty(chunksOfBytes, chunksOfBytes, async (up, down) => {
      answer = down;
      const caller = callLink(rig.link);
      await Promise.all([once(caller.socket, "close"), send(caller.socket, up)]);
      expect(caller.received().equals(Buffer.concat(down))).toBe(true);
      await waitFor(() => expect(Buffer.concat(got).equals(Buffer.concat(up))).toBe(true));
    }),
    { numRuns: 50 },
  );
});

test("the caller's end reaches the callee, which can still answer", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.on("data", () => {});
    socket.on("end", () => socket.end("all heard"));
  });
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.end("hello");
  await once(caller.socket, "close");
  expect(caller.text()).toBe("all heard");
  await waitFor(() => expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "caller", how: "fin" }));
  expect(rig.connections().at(-1)).toMatchObject({ bytesUp: 5, bytesDown: 9 });
  expect(rig.signs.some(({ is }) => is === "cut")).toBe(false);
});

test("the callee's end reaches the caller", async () => {
  let calleeClosed = false;
  await using callee = await tcpCallee((socket) => {
    socket.resume();
    socket.on("close", () => (calleeClosed = true));
    socket.end("bye");
  });
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).toBe("bye");
  await waitFor(() => expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "callee", how: "fin" }));
  expect(rig.signs.filter(({ is }) => is === "cut")).toMatchObject([{ is: "cut", how: "fin", inFlight: false }]);
  caller.socket.end();
  await once(caller.socket, "close");
  await waitFor(() => expect(calleeClosed).toBe(true));
});

test("a caller that goes on sending to a callee that has gone is reset", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.end();
    socket.once("finish", () => socket.destroy());
  });
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  const sending = setInterval(() => caller.socket.write("more"), 2);
  await waitFor(() => expect(caller.ended()).toBe("rst"));
  clearInterval(sending);
});

test("a reset by the callee reaches the caller as a reset", async () => {
  await using callee = await tcpCallee((socket) => socket.once("data", () => socket.resetAndDestroy()));
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.write("hello");
  await waitFor(() => expect(caller.ended()).toBe("rst"));
  expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "callee", how: "rst" });
  expect(rig.signs.filter(({ is }) => is === "cut")).toMatchObject([{ is: "cut", how: "rst", inFlight: true }]);
});

test("a reset by the caller reaches the callee as a reset", async () => {
  const seen: string[] = [];
  await using callee = await tcpCallee((socket) => {
    socket.on("error", (error) => seen.push("code" in error ? String(error.code) : error.message));
    socket.on("end", () => seen.push("end"));
    socket.on("data", () => socket.write("welcome"));
  });
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.write("hello");
  await waitFor(() => expect(caller.text()).toBe("welcome"));
  caller.socket.resetAndDestroy();
  await waitFor(() => expect(seen).toEqual(["ECONNRESET"]));
  expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "caller", how: "rst" });
});

test("a slow reader stops the sender, and gets everything once it reads", async () => {
  const totalBytes = 96 * 1024 * 1024;
  const block = Buffer.alloc(64 * 1024, "x");
  let sentBytes = 0;
  await using callee = await tcpCallee((socket) => {
    const pump = (): void => {
      while (sentBytes < totalBytes) {
        sentBytes += block.length;
        if (!socket.write(block)) return void socket.once("drain", pump);
      }
      socket.end();
    };
    pump();
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  let gotBytes = 0;
  caller.socket.removeAllListeners("data");
  caller.socket.pause();
  const stalledAt = await stalled(() => sentBytes);
  // What the system itself buffers on three hops; far less than all.
  expect(stalledAt).toBeLessThan(totalBytes / 2);
  caller.socket.on("data", (chunk) => (gotBytes += chunk.length));
  caller.socket.resume();
  await waitFor(() => expect(gotBytes).toBe(totalBytes));
  caller.socket.destroy();
});

test("a slow callee stops the caller", async () => {
  const totalBytes = 96 * 1024 * 1024;
  const block = Buffer.alloc(64 * 1024, "x");
  let gotBytes = 0;
  let sentBytes = 0;
  const slow: Socket[] = [];
  await using callee = await tcpCallee((socket) => {
    socket.pause();
    slow.push(socket);
  });
  await using rig = await openRig(callee.port, "http");
  const { socket } = callLink(rig.link);
  const pump = (): void => {
    while (sentBytes < totalBytes) {
      sentBytes += block.length;
      if (!socket.write(block)) return void socket.once("drain", pump);
    }
  };
  pump();
  expect(await stalled(() => sentBytes)).toBeLessThan(totalBytes / 2);
  slow[0]?.on("data", (chunk) => (gotBytes += chunk.length));
  slow[0]?.resume();
  await waitFor(() => expect(gotBytes).toBe(totalBytes));
  socket.destroy();
});

test("500 connections at once all get their own answers", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("end", () => socket.end());
  });
  await using rig = await openRig(callee.port, "tcp");
  const callers = Array.from({ length: 500 }, () => callLink(rig.link));
  for (const [index, { socket }] of callers.entries()) socket.write(`caller ${index}`);
  await waitFor(() => {
    expect(callers.every((caller, index) => caller.text() === `caller ${index}`)).toBe(true);
  });
  expect(rig.link.connections).toBe(500);
  expect(rig.link.dropConnections()).toBe(500);
  await waitFor(() => expect(callers.every((caller) => caller.ended() === "fin")).toBe(true));
  expect(rig.link.dropConnections()).toBe(0);
  const closed = rig.connections().filter(({ edge }) => edge === "closed");
  expect(closed).toHaveLength(500);
  expect(new Set(closed.map(({ connection }) => connection)).size).toBe(500);
  expect(closed.every(({ by, how }) => by === "tap" && how === "fin")).toBe(true);
  for (const { socket } of callers) socket.destroy();
});

test("dropping connections ends both sides with FIN", async () => {
  const seen: string[] = [];
  await using callee = await tcpCallee((socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => seen.push("rst"));
    socket.on("end", () => seen.push("fin"));
  });
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.write("hello");
  await waitFor(() => expect(caller.text()).toBe("hello"));
  expect(rig.link.dropConnections()).toBe(1);
  await waitFor(() => expect([caller.ended(), ...seen]).toEqual(["fin", "fin"]));
  caller.socket.end();
});

test("dropping connections ends them with FIN also while unread bytes are waiting", async () => {
  await using callee = await tcpCallee((socket) => socket.pause());
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  for (let blocks = 0; blocks < 512; blocks += 1) caller.socket.write(Buffer.alloc(64 * 1024));
  await stalled(() => caller.socket.bytesWritten - caller.socket.writableLength);
  rig.link.dropConnections();
  await waitFor(() => expect(caller.ended()).not.toBe("open"));
  expect(caller.ended()).toBe("fin");
  caller.socket.destroy();
});

test("a dropped caller that holds on is not held on to", async () => {
  await using callee = await tcpCallee((socket) => socket.on("data", (chunk) => socket.write(chunk)));
  const hasty: World = { ...realWorld, timer: (ms, fire) => realWorld.timer(ms / 100, fire) };
  await using rig = await openRig(callee.port, "tcp", { world: hasty });
  const caller = callLink(rig.link);
  caller.socket.write("hello");
  await waitFor(() => expect(caller.text()).toBe("hello"));
  rig.link.dropConnections();
  const sending = setInterval(() => caller.socket.write("more"), 5);
  await waitFor(() => expect(caller.ended()).toBe("rst"));
  clearInterval(sending);
});

test("no timer outlives a link", async () => {
  await using callee = await tcpCallee((socket) => socket.on("data", () => {}));
  const running = new Set<object>();
  // They never fire here, so only cancelling ends them.
  const counting: World = {
    ...realWorld,
    timer: () => {
      const timer = { cancel: () => void running.delete(timer) };
      running.add(timer);
      return timer;
    },
  };
  await using rig = await openRig(callee.port, "http", { world: counting });
  const [dropped, kept] = [callLink(rig.link), callLink(rig.link)];
  await waitFor(() => expect(rig.connections()).toHaveLength(2));
  expect(running.size).toBe(0);
  rig.link.dropConnections();
  await rig.link.setEnabled(false);
  const refused = callLink(rig.link);
  const left = callLink(rig.link);
  left.socket.write("GET / HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(left.ended()).toBe("rst"));
  await waitFor(() => expect(rig.link.connections).toBe(4));
  expect(running.size).toBeGreaterThan(0);
  await rig.link.close();
  await waitFor(() => expect(running.size).toBe(0));
  for (const { socket } of [dropped, kept, refused]) socket.destroy();
});

test("a closed link listens no more and leaves no connection, whoever holds on to it", async () => {
  await using callee = await tcpCallee((socket) => socket.on("data", () => {}));
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.write("hello");
  await waitFor(() => expect(rig.connections()).toHaveLength(1));
  await Promise.all([rig.link.close(), rig.link.close()]);
  await waitFor(() => expect(caller.ended()).not.toBe("open"));
  expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "tap" });
  const late = callLink(rig.link);
  const [error] = await once(late.socket, "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
  caller.socket.destroy();
});

/** The value once it has not moved for a while. */
async function stalled(value: () => number): Promise<number> {
  for (let last = -1; ;) {
    const now = value();
    if (now === last && now > 0) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

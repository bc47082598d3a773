/** What every engine does to the bytes, driven through our wrapper. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Toxic } from "../../src/faults/handles.ts";
import type { Address, EngineProxy } from "../../src/engines/engine.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import { realWorld } from "../../src/world.ts";
import { embedded, enginesUnderTest, type RunningEngine } from "./engines-under-test.ts";
import { closedAddress } from "../closed-address.ts";
import { isRefused, openClient, openDeaf, openEcho, openServer } from "./peers.ts";

const latency = (latency: number, more: Partial<Toxic> = {}): Toxic => ({
  type: "latency",
  stream: "downstream",
  attributes: { latency },
  ...more,
});
const timeout = (timeout: number, more: Partial<Toxic> = {}): Toxic => ({
  type: "timeout",
  stream: "downstream",
  attributes: { timeout },
  ...more,
});
const resetPeer = (timeout: number, more: Partial<Toxic> = {}): Toxic => ({
  type: "reset_peer",
  stream: "downstream",
  attributes: { timeout },
  ...more,
});
const toxicOf = (type: Toxic["type"], attributes: Toxic["attributes"], more: Partial<Toxic> = {}): Toxic => ({
  type,
  stream: "downstream",
  attributes,
  ...more,
});
const upstream = { stream: "upstream" } as const;
/** Longer than any test waits. */
const foreverMs = 60_000;
const still = (ms: number): Promise<boolean> => realWorld.sleep(ms);

for (const { name, absent, start } of enginesUnderTest) {
  describe.skipIf(absent)(name, () => {
    let engine: RunningEngine;
    let names = 0;
    const openProxy = (to: Address): Promise<EngineProxy> => {
      names += 1;
      return openToxiproxy({ url: engine.url, world: realWorld }).openProxy(`agent->server ${names}`, to);
    };

    beforeAll(async () => {
      engine = await start();
    });
    afterAll(() => engine.stop());

    test("bytes pass unchanged in both directions", async () => {
      await using echo = await openEcho();
      const client = await openClient((await openProxy(echo.address)).address);
      const sent = Buffer.alloc(3_000_000, "what goes in comes out;");
      client.socket.write(sent);
      await client.got(sent.length);
      expect(client.received().equals(sent)).toBe(true);
      client.socket.destroy();
    });

    test("a disabled proxy refuses, drops what lives, and comes back at its address", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const client = await openClient(proxy.address);
      client.socket.write("x");
      await client.got(1);
      await proxy.setEnabled(false);
      expect(await client.ended).toBe("fin");
      expect(await (await echo.peer(0)).ended).toBe("fin");
      expect(await isRefused(proxy.address)).toBe(true);
      await proxy.setEnabled(true);
      await proxy.setEnabled(true);
      expect(await isRefused(proxy.address)).toBe(false);
    });

    test("latency holds up its own direction only", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const client = await openClient(proxy.address);
      const server = await echo.peer(0);
      const answersLate = await proxy.addToxic(latency(foreverMs));
      client.socket.write("x");
      await server.got(1);
      await answersLate.heal();
      await client.got(1);
      await proxy.addToxic(latency(foreverMs, upstream));
      server.socket.write("unasked");
      await client.got(8);
      client.socket.write("y");
      await still(50);
      expect(server.received().toString()).toBe("x");
      client.socket.destroy();
    });

    test("latencies on both directions make a round trip late by their sum", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const client = await openClient(proxy.address);
      await proxy.addToxic(latency(60));
      await proxy.addToxic(latency(120, upstream));
      client.socket.write("x");
      expect(await client.got(1)).toBeGreaterThanOrEqual(179);
      client.socket.destroy();
    });

    test("two latencies add up", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(latency(100));
      await proxy.addToxic(latency(100));
      const client = await openClient(proxy.address);
      client.socket.write("x");
      expect(await client.got(1)).toBeGreaterThanOrEqual(199);
      client.socket.destroy();
    });

    test("each chunk is late by the latency, not by the sum of those before it", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(latency(500));
      const client = await openClient(proxy.address);
      for (let sent = 0; sent < 10; sent += 1) {
        client.socket.write("x");
        await still(5);
      }
      expect(await client.got(10)).toBeLessThan(4500);
      client.socket.destroy();
    });

    test("removing a latency lets everything through at once, in order", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const cure = await proxy.addToxic(latency(foreverMs));
      const client = await openClient(proxy.address);
      const server = await echo.peer(0);
      for (let sent = 0; sent < 10; sent += 1) {
        client.socket.write(String(sent));
        await server.got(sent + 1);
      }
      expect(client.received()).toHaveLength(0);
      await cure.heal();
      client.socket.write("!");
      await client.got(11);
      expect(client.received().toString()).toBe("0123456789!");
      client.socket.destroy();
    });

    test("an end without data is not delayed, an end after data waits for it", async () => {
      await using server = await openServer();
      const proxy = await openProxy(server.address);
      const cure = await proxy.addToxic(latency(foreverMs));
      const idle = await openClient(proxy.address);
      (await server.peer(0)).socket.end();
      expect(await idle.ended).toBe("fin");
      const waiting = await openClient(proxy.address);
      (await server.peer(1)).socket.end("last words");
      expect(await Promise.race([waiting.ended, still(100).then(() => "open")])).toBe("open");
      await cure.heal();
      expect(await waiting.ended).toBe("fin");
      expect(waiting.received().toString()).toBe("last words");
      for (const { socket } of [idle, waiting]) socket.destroy();
    });

    test("there is no half-close: a client that says no more gets no answer", async () => {
      await using server = await openServer();
      const client = await openClient((await openProxy(server.address)).address);
      client.socket.end("request");
      const peer = await server.peer(0);
      await peer.ended;
      expect(peer.received().toString()).toBe("request");
      peer.socket.write("answer");
      expect(await client.ended).toBe("fin");
      expect(client.received()).toHaveLength(0);
    });

    test("an answer that is on its way still reaches a client that says no more", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(latency(300));
      const client = await openClient(proxy.address);
      client.socket.write("x");
      await (await echo.peer(0)).got(1);
      await still(50);
      client.socket.end();
      expect(await client.ended).toBe("fin");
      expect(client.received().toString()).toBe("x");
    });

    test.for(["client", "server"] as const)("a reset of the %s arrives as an end at the other side", async (who) => {
      await using server = await openServer();
      const client = await openClient((await openProxy(server.address)).address);
      const peer = await server.peer(0);
      const [breaks, sees] = who === "client" ? [client, peer] : [peer, client];
      breaks.socket.resetAndDestroy();
      expect(await sees.ended).toBe("fin");
      client.socket.destroy();
    });

    test("where the upstream refuses, the client is let in and closed", async () => {
      const proxy = await openProxy(await closedAddress());
      const client = await openClient(proxy.address);
      expect(await client.ended).toBe("fin");
      client.socket.destroy();
    });

    test("a timeout drops the data, and closes once there was none for so long", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(timeout(400, upstream));
      const client = await openClient(proxy.address);
      const startedMs = performance.now();
      // Each write puts off the close.
      for (let sent = 0; sent < 3; sent += 1) {
        await still(100);
        client.socket.write("x");
      }
      expect(await client.ended).toBe("fin");
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(699);
      expect(await (await echo.peer(0)).ended).toBe("fin");
      expect(echo.peers[0]?.received()).toHaveLength(0);
      client.socket.destroy();
    });

    test("a timeout of 0 never closes, until it is removed", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const client = await openClient(proxy.address);
      client.socket.write("x");
      await client.got(1);
      const cure = await proxy.addToxic(timeout(0, upstream));
      client.socket.write("lost");
      expect(await Promise.race([client.ended, still(150).then(() => "open")])).toBe("open");
      await cure.heal();
      expect(await client.ended).toBe("fin");
      expect(await echo.peers[0]?.ended).toBe("fin");
      expect(echo.peers[0]?.received().toString()).toBe("x");
      client.socket.destroy();
    });

    test("removing a timeout closes also the connections that its toxicity spared", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const cure = await proxy.addToxic(timeout(0, { toxicity: 0 }));
      const client = await openClient(proxy.address);
      client.socket.write("x");
      await client.got(1);
      await cure.heal();
      expect(await client.ended).toBe("fin");
      client.socket.destroy();
    });

    test("reset_peer on the answer: the server has the request, the client sees a reset", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(resetPeer(0));
      const client = await openClient(proxy.address);
      client.socket.write("request");
      expect(await client.ended).toBe("rst");
      expect(client.received()).toHaveLength(0);
      expect(echo.peers[0]?.received().toString()).toBe("request");
      expect(await echo.peers[0]?.ended).toBe("rst");
    });

    test("reset_peer on the request: the server has nothing, and both see a reset after the timeout", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(resetPeer(100, upstream));
      const client = await openClient(proxy.address);
      expect(await Promise.race([client.ended, still(150).then(() => "open")])).toBe("open");
      const sentMs = performance.now();
      client.socket.write("request");
      expect(await client.ended).toBe("rst");
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(99);
      expect(echo.peers[0]?.received()).toHaveLength(0);
      expect(await echo.peers[0]?.ended).toBe("rst");
    });

    test("reset_peer ends a connection that was open before it without a reset", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const client = await openClient(proxy.address);
      client.socket.write("x");
      await client.got(1);
      await proxy.addToxic(resetPeer(0));
      client.socket.write("y");
      expect(await client.ended).toBe("fin");
      expect(client.received().toString()).toBe("x");
      client.socket.destroy();
    });

    test("a connection that reset_peer spared lives, and ends by reset all the same", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(resetPeer(0, { toxicity: 0 }));
      const client = await openClient(proxy.address);
      client.socket.write("x");
      await client.got(1);
      echo.peers[0]?.socket.end();
      expect(await client.ended).toBe("rst");
    });

    test("a toxicity of 0 touches no connection, and of 1 every one", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(latency(foreverMs, { toxicity: 0 }));
      const spared = await openClient(proxy.address);
      spared.socket.write("x");
      await spared.got(1);
      await proxy.addToxic(latency(foreverMs, { toxicity: 1 }));
      spared.socket.write("y");
      await (await echo.peer(0)).got(2);
      await still(50);
      expect(spared.received().toString()).toBe("x");
      spared.socket.destroy();
    });

    test("bandwidth lets through no more than its rate, and not much less", async () => {
      const data = Buffer.alloc(200_000, "bandwidth");
      await using server = await openServer((socket) => void socket.on("data", () => socket.write(data)));
      const proxy = await openProxy(server.address);
      await proxy.addToxic(toxicOf("bandwidth", { rate: 400 }));
      const client = await openClient(proxy.address);
      const sentMs = performance.now();
      client.socket.write("x");
      for (const bytes of [1, 50_000, 100_000, 200_000]) {
        await client.got(bytes);
        expect(client.receivedBytes()).toBeLessThanOrEqual((performance.now() - sentMs) * 400 + 1);
      }
      // Ten times as long as it takes: this machine may have other things to do.
      expect(performance.now() - sentMs).toBeLessThan(5000);
      expect(client.received().equals(data)).toBe(true);
      client.socket.destroy();
    });

    test("a bandwidth of 0 holds everything until it is removed", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      const cure = await proxy.addToxic(toxicOf("bandwidth", { rate: 0 }, upstream));
      const client = await openClient(proxy.address);
      const server = await echo.peer(0);
      client.socket.write("x");
      await still(150);
      expect(server.receivedBytes()).toBe(0);
      await cure.heal();
      await client.got(1);
      client.socket.destroy();
    });

    test.for([200, foreverMs])("slow_close of %i ms lets data through and holds back the end", async (delay) => {
      await using server = await openServer();
      const proxy = await openProxy(server.address);
      const cure = await proxy.addToxic(toxicOf("slow_close", { delay }));
      const client = await openClient(proxy.address);
      const peer = await server.peer(0);
      const sinceMs = performance.now();
      peer.socket.end("data");
      await client.got(4);
      expect(await Promise.race([client.ended, still(100).then(() => "open")])).toBe("open");
      // Removed midway, it closes at once.
      if (delay === foreverMs) await cure.heal();
      expect(await client.ended).toBe("fin");
      if (delay !== foreverMs) expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(delay - 1);
      client.socket.destroy();
    });

    test("slicer cuts what passes into pieces, in order, and takes its time between them", async () => {
      await using echo = await openEcho();
      const proxy = await openProxy(echo.address);
      await proxy.addToxic(toxicOf("slicer", { average_size: 100, size_variation: 20, delay: 10_000 }));
      const client = await openClient(proxy.address);
      let pieces = 0;
      client.socket.on("data", () => (pieces += 1));
      const sent = Buffer.alloc(2000, "slices of bytes");
      const sentMs = performance.now();
      client.socket.write(sent);
      await client.got(sent.length);
      // Each piece is at most average and variation, so there are 17 at least, and 10 ms between each two of them.
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(159);
      expect(pieces).toBeGreaterThan(1);
      expect(client.received().equals(sent)).toBe(true);
      client.socket.destroy();
    });

    test.for([0, 1, 99_999, 100_000, 100_001])("limit_data of %i passes so many bytes and closes", async (bytes) => {
      const data = Buffer.alloc(100_000, "limited");
      await using server = await openServer((socket) => void socket.on("data", () => socket.write(data)));
      const proxy = await openProxy(server.address);
      await proxy.addToxic(toxicOf("limit_data", { bytes }));
      const client = await openClient(proxy.address);
      const isOpen = async (): Promise<boolean> => (await Promise.race([client.ended, still(50)])) === true;
      expect(await isOpen()).toBe(true);
      client.socket.write("x");
      if (bytes > data.length) {
        await client.got(data.length);
        expect(await isOpen()).toBe(true);
        client.socket.write("x");
      }
      expect(await client.ended).toBe("fin");
      expect(client.receivedBytes()).toBe(bytes);
      client.socket.destroy();
    });

    test("limit_data on requests: the server gets so many bytes, and then the end", async () => {
      await using server = await openServer();
      const proxy = await openProxy(server.address);
      await proxy.addToxic(toxicOf("limit_data", { bytes: 5 }, upstream));
      const client = await openClient(proxy.address);
      client.socket.write("request");
      const peer = await server.peer(0);
      expect(await peer.ended).toBe("fin");
      expect(peer.received().toString()).toBe("reque");
      client.socket.destroy();
    });

    test("a client that does not read stops the server from writing", async () => {
      const written = { bytes: 0 };
      await using flood = await openServer((socket) => {
        const more = (): void => {
          let goOn = true;
          while (goOn) {
            written.bytes += 65_536;
            goOn = socket.write(Buffer.alloc(65_536));
          }
        };
        socket.on("drain", more);
        more();
      });
      const proxy = await openProxy(flood.address);
      const client = await openClient(proxy.address);
      client.socket.pause();
      let before = -1;
      while (before !== written.bytes) {
        before = written.bytes;
        await still(150);
      }
      expect(written.bytes).toBeLessThan(40_000_000);
      client.socket.resume();
      await client.got(before + 1_000_000);
      client.socket.destroy();
    });
  });
}

describe("where the embedded engine does better than the real one", () => {
  let engine: RunningEngine;
  beforeAll(async () => {
    engine = await embedded.start();
  });
  afterAll(() => engine.stop());
  const openProxy = (name: string, to: Address): Promise<EngineProxy> =>
    openToxiproxy({ url: engine.url, world: realWorld }).openProxy(name, to);

  test("removing a waiting reset_peer answers at once, and the data it held arrives", async () => {
    await using echo = await openEcho();
    const proxy = await openProxy("reset", echo.address);
    const cure = await proxy.addToxic(resetPeer(foreverMs, upstream));
    const client = await openClient(proxy.address);
    await echo.peer(0);
    client.socket.write("request");
    await still(50);
    await cure.heal();
    await client.got(7);
    expect(client.received().toString()).toBe("request");
    client.socket.destroy();
  });

  test("a latency is removed at once also while the client does not read", async () => {
    const sent = Buffer.alloc(20_000_000, "0123456789");
    await using server = await openServer((socket) => void socket.end(sent));
    const proxy = await openProxy("stuck", server.address);
    const cure = await proxy.addToxic(latency(100));
    const client = await openClient(proxy.address);
    client.socket.pause();
    await still(300);
    await cure.heal();
    await proxy.setEnabled(true);
    client.socket.resume();
    await client.got(sent.length);
    expect(client.received().equals(sent)).toBe(true);
    client.socket.destroy();
  });

  test("an upstream that never answers the dial holds up neither the API nor the closing of its clients", async () => {
    await using upstream = await openDeaf();
    const proxy = await openProxy("deaf", upstream.address);
    const clients = await Promise.all(Array.from({ length: 10 }, () => openClient(proxy.address)));
    await proxy.setEnabled(false);
    for (const client of clients) {
      await client.ended;
      client.socket.destroy();
    }
    expect(await isRefused(proxy.address)).toBe(true);
  });
});

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openEmbeddedEngine } from "../../src/engines/embedded/embedded.ts";
import type { EngineProxy } from "../../src/engines/engine.ts";
import { realWorld, seededRandom } from "../../src/world.ts";
import { isRefused, openClient, openEcho, type Peer } from "./peers.ts";

const world = realWorld;

describe("the embedded engine", () => {
  test("says which it is, and carries bytes to the upstream and back", async () => {
    await using echo = await openEcho();
    const engine = await openEmbeddedEngine({ world, seed: 1 });
    expect(engine).toMatchObject({ kind: "embedded", version: "2.12.0+squall" });
    const client = await openClient((await engine.openProxy("agent->server", echo.address)).address);
    client.socket.write("there and back");
    await client.got(14);
    expect(client.received().toString()).toBe("there and back");
    client.socket.destroy();
    await engine.close();
  });

  test("carries 10 MB through three toxics unchanged, while toxics come and go", async () => {
    await using echo = await openEcho();
    const engine = await openEmbeddedEngine({ world, seed: 1 });
    const proxy = await engine.openProxy("p", echo.address);
    for (const latency of [1, 2, 3]) {
      await proxy.addToxic({ type: "latency", stream: "downstream", attributes: { latency, jitter: 1 } });
    }
    const client = await openClient(proxy.address);
    const random = seededRandom("bulk");
    const sent = Buffer.from(Array.from({ length: 10_000_000 }, () => random.integer(0, 255)));
    client.socket.write(sent);
    while (client.receivedBytes() < sent.length) {
      const cure = await proxy.addToxic({ type: "latency", stream: "upstream", attributes: { latency: 5 } });
      await cure.heal();
    }
    expect(sha1(client.received())).toBe(sha1(sent));
    client.socket.destroy();
    await engine.close();
  });

  test("never lets a byte through early", async () => {
    await using echo = await openEcho();
    const engine = await openEmbeddedEngine({ world, seed: 1 });
    const proxy = await engine.openProxy("p", echo.address);
    await proxy.addToxic({ type: "latency", stream: "downstream", attributes: { latency: 20 } });
    const roundTrips = async (): Promise<number[]> => {
      const client = await openClient(proxy.address);
      const took: number[] = [];
      for (let trip = 1; trip <= 15; trip += 1) {
        const sentUs = world.nowUs();
        client.socket.write("x");
        await client.got(trip);
        took.push((world.nowUs() - sentUs) / 1000);
      }
      client.socket.destroy();
      return took;
    };
    const took = (await Promise.all(Array.from({ length: 20 }, roundTrips))).flat();
    expect(took).toHaveLength(300);
    expect(Math.min(...took)).toBeGreaterThanOrEqual(20);
    await engine.close();
  });

  test("draws the same for the same seed", async () => {
    await using echo = await openEcho();
    const pattern = async (seed: number, name: string): Promise<string> => {
      const engine = await openEmbeddedEngine({ world, seed });
      const proxy = await engine.openProxy(name, echo.address);
      await proxy.addToxic({ type: "timeout", stream: "upstream", toxicity: 0.5, attributes: { timeout: 5 } });
      const hit = await hits(proxy, 24);
      await engine.close();
      return hit;
    };
    const first = await pattern(42, "p");
    expect(first).toMatch(/hit/);
    expect(first).toMatch(/spared/);
    expect(await pattern(42, "p")).toBe(first);
    expect(await pattern(43, "p")).not.toBe(first);
    expect(await pattern(42, "q")).not.toBe(first);
  });

  test("takes every listener and connection with it when it closes, and closes twice without harm", async () => {
    await using echo = await openEcho();
    const engine = await openEmbeddedEngine({ world, seed: 1 });
    const proxies = [await engine.openProxy("one", echo.address), await engine.openProxy("two", echo.address)];
    const clients = await Promise.all(proxies.map(({ address }) => openClient(address)));
    for (const client of clients) client.socket.write("x");
    await Promise.all(clients.map((client) => client.got(1)));
    await engine.close();
    await engine.close();
    for (const client of clients) expect(await client.ended).toBe("fin");
    for (const { address } of proxies) expect(await isRefused(address)).toBe(true);
    await expect(engine.openProxy("three", echo.address)).rejects.toThrow("the embedded engine is closed");
  });
});

/** Which of so many connections, one after the other, the timeout closed. */
async function hits(proxy: EngineProxy, connections: number): Promise<string> {
  const seen: string[] = [];
  for (let nth = 0; nth < connections; nth += 1) {
    const client: Peer = await openClient(proxy.address);
    client.socket.write("x");
    const answered = client.got(1).then(
      () => "spared",
      () => "hit",
    );
    seen.push(await Promise.race([answered, client.ended.then(() => "hit")]));
    client.socket.destroy();
  }
  return seen.join(" ");
}

function sha1(data: Buffer): string {
  return createHash("sha1").update(data).digest("hex");
}

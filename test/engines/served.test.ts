/** The watch over a server that speaks Toxiproxy: one that hangs or dies is ended, started anew, and given all of it again. */
import { createServer } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { acquaint } from "../../src/engines/acquaintance.ts";
import { openApi } from "../../src/engines/embedded/api.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { openServedEngine } from "../../src/engines/served.ts";
import type { EngineServer } from "../../src/engines/server.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { realWorld } from "../../src/world.ts";
import { isRefused, listen, openClient, openEcho } from "./peers.ts";

const world = realWorld;
const latency = { type: "latency", stream: "downstream", attributes: { latency: 60_000 } } as const;

/** Servers that answer as Toxiproxy does, until a test lets them hang or die. */
function mortal() {
  const lives: { die(): Promise<void>; hang(): void; heal(): void; readonly url: string; stopped: boolean }[] = [];
  const start = async (): Promise<EngineServer> => {
    const api = await openApi({ world, seed: 42 });
    let isHung = false;
    // In front of the API, so that only control calls hang, as with the real one.
    const front = createServer((request, response) => {
      if (isHung) return;
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "GET", url = "/" } = request;
        const body = chunks.length === 0 ? null : Buffer.concat(chunks);
        const pass = async (): Promise<void> => {
          const headers = { "Content-Type": "application/json" };
          const answer = await fetch(`${api.url}${url}`, { method, body, headers });
          response.writeHead(answer.status, { "Content-Type": "application/json" });
          response.end(await answer.text());
        };
        void pass();
      });
    });
    const { port } = await listen(front);
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    const life = {
      url: api.url,
      stopped: false,
      hang: () => void (isHung = true),
      heal: () => void (isHung = false),
      die: async () => {
        front.close();
        front.closeAllConnections();
        await api.close();
        end("it ended with signal SIGSEGV");
      },
    };
    lives.push(life);
    const stop = async (): Promise<void> => {
      life.stopped = true;
      front.close();
      front.closeAllConnections();
      await api.close();
    };
    return { url: `http://127.0.0.1:${port}`, says: "a mortal", ended, stop };
  };
  return { lives, start };
}

const opened: Engine[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close().catch(() => undefined);
});

async function open(over: { isOurs?: boolean; pulseMs?: number; timeoutMs?: number } = {}) {
  const { lives, start } = mortal();
  const events: Unstamped[] = [];
  const record = (event: Unstamped) => ({ id: `m:${events.push(event)}`, atUs: world.nowUs() });
  const engine = await openServedEngine({
    kind: "binary",
    start,
    isOurs: true,
    prefix: "squall.0000f00d.",
    world,
    recorder: { record, nowUs: world.nowUs },
    // Far off, unless a test is about it: calls alone notice.
    pulseMs: 60_000,
    timeoutMs: 3000,
    ...over,
  });
  opened.push(engine);
  const life = (nth: number) => {
    const found = lives[nth];
    if (found === undefined) throw new Error(`there is no life ${nth}`);
    return found;
  };
  const listed = (nth: number) => openToxiproxy({ url: life(nth).url, world }).listProxies();
  return { engine, lives, life, listed, events };
}

async function isHeldUp(address: { host: string; port: number }): Promise<boolean> {
  const client = await openClient(address);
  client.socket.write("x");
  const answered = client.got(1).then(
    () => false,
    () => false,
  );
  const held = await Promise.race([answered, world.sleep(200)]);
  client.socket.destroy();
  return held;
}

describe("a server of ours", () => {
  test("that dies comes back with every proxy where it was, switched as it was, with its toxics", async () => {
    await using echo = await openEcho();
    const { engine, life, events } = await open();
    const [plain, off, slow] = [
      await engine.openProxy("plain", echo.address),
      await engine.openProxy("off", echo.address),
      await engine.openProxy("slow", echo.address),
    ];
    await off.setEnabled(false);
    const cure = await slow.addToxic(latency);
    const healed = await plain.addToxic(latency);
    await healed.heal();
    const places = [plain, off, slow].map(({ address }) => address);
    const diedUs = world.nowUs();
    await life(0).die();
    // The next call finds it gone, and is done all the same.
    const second = await plain.addToxic(latency);
    expect([plain, off, slow].map(({ address }) => address)).toEqual(places);
    expect(await isHeldUp(plain.address)).toBe(true);
    expect(await isHeldUp(slow.address)).toBe(true);
    expect(await isRefused(off.address)).toBe(true);
    await Promise.all([second.heal(), cure.heal(), off.setEnabled(true)]);
    for (const { address } of [plain, off, slow]) expect(await isHeldUp(address)).toBe(false);
    expect(events).toEqual([
      {
        type: "engine-restarted",
        kind: "binary",
        fromUs: expect.any(Number),
        untilUs: expect.any(Number),
        because: "it ended with signal SIGSEGV",
        links: ["plain", "off", "slow"],
      },
    ]);
    const [restarted] = events;
    if (restarted?.type !== "engine-restarted") throw new Error("no restart");
    expect(restarted.fromUs).toBeGreaterThanOrEqual(diedUs);
    expect(restarted.untilUs).toBeGreaterThan(restarted.fromUs);
  });

  test("that dies comes back with its toxics as they were last updated", async () => {
    await using echo = await openEcho();
    const { engine, life } = await open();
    const proxy = await engine.openProxy("p", echo.address);
    const on = await proxy.addToxic({ ...latency, attributes: { latency: 1 } });
    expect(await isHeldUp(proxy.address)).toBe(false);
    await on.update(latency);
    expect(await isHeldUp(proxy.address)).toBe(true);
    await life(0).die();
    // The next call finds it gone, and is done all the same.
    await on.update(latency);
    expect(await isHeldUp(proxy.address)).toBe(true);
    await on.update({ ...latency, attributes: { latency: 1 } });
    expect(await isHeldUp(proxy.address)).toBe(false);
    await on.heal();
  });

  test("that dies between two calls is started again at once, by itself", async () => {
    await using echo = await openEcho();
    const { engine, lives, life, events } = await open();
    const proxy = await engine.openProxy("p", echo.address);
    await life(0).die();
    while (events.length === 0) await world.sleep(10);
    expect(lives).toHaveLength(2);
    expect(await isHeldUp(proxy.address)).toBe(false);
  });

  test("that hangs is ended; the call that found it is done on the next", async () => {
    await using echo = await openEcho();
    const { engine, life, events } = await open();
    const proxy = await engine.openProxy("p", echo.address);
    const cure = await proxy.addToxic(latency);
    life(0).hang();
    await cure.heal();
    expect(life(0).stopped).toBe(true);
    expect(await isHeldUp(proxy.address)).toBe(false);
    expect(events).toMatchObject([{ type: "engine-restarted", because: expect.stringContaining("no answer within") }]);
  });

  test("that hangs while nobody calls is noticed by its pulse", async () => {
    await using echo = await openEcho();
    const { engine, life, events } = await open({ pulseMs: 50 });
    const proxy = await engine.openProxy("p", echo.address);
    await proxy.setEnabled(false);
    life(0).hang();
    while (events.length === 0) await world.sleep(10);
    expect(await isRefused(proxy.address)).toBe(true);
  });

  test("that somebody empties is filled again", async () => {
    await using echo = await openEcho();
    const { engine, life, listed, events } = await open({ pulseMs: 50 });
    await engine.openProxy("p", echo.address);
    await openToxiproxy({ url: life(0).url, world }).removeProxy("squall.0000f00d.p");
    while (events.length === 0) await world.sleep(10);
    expect((await listed(1)).map(({ name }) => name)).toEqual(["squall.0000f00d.p"]);
  });

  test("several calls that fail at once start it again once", async () => {
    await using echo = await openEcho();
    const { engine, lives, life } = await open();
    const proxies = await Promise.all(["a", "b", "c"].map((name) => engine.openProxy(name, echo.address)));
    life(0).hang();
    await Promise.all(proxies.map((proxy) => proxy.addToxic(latency)));
    expect(lives).toHaveLength(2);
    for (const { address } of proxies) expect(await isHeldUp(address)).toBe(true);
  });

  test("what it refuses is refused, and it is left running", async () => {
    await using echo = await openEcho();
    const { engine, lives, listed } = await open();
    const proxy = await engine.openProxy("p", echo.address);
    await expect(engine.openProxy("p", echo.address)).rejects.toThrow("proxy already exists");
    await expect(proxy.addToxic({ ...latency, toxicity: 2 })).rejects.toThrow("toxicity");
    await expect(engine.openProxy("a/b", echo.address)).rejects.toThrow("without a slash");
    expect(lives).toHaveLength(1);
    expect(await listed(0)).toHaveLength(1);
  });

  test("that dies again and again is given up, and what it did to anybody is healed with it", async () => {
    await using echo = await openEcho();
    const { engine, lives, life, events } = await open();
    const proxy = await engine.openProxy("p", echo.address);
    const cure = await proxy.addToxic(latency);
    for (let nth = 0; nth <= 5; nth += 1) {
      while (events.length < nth) await world.sleep(10);
      await life(nth).die();
    }
    const lost = await engine.lost;
    expect(lost.message).toBe(
      "the engine a mortal is lost: it ended with signal SIGSEGV; it has been started again 5 times already",
    );
    await expect(proxy.setEnabled(false)).rejects.toThrow("is lost");
    await cure.heal();
    await engine.close();
    expect(lives).toHaveLength(6);
    expect(lives.every(({ stopped }) => stopped)).toBe(true);
  });

  test("is ended with the engine, and nothing can be opened after that", async () => {
    await using echo = await openEcho();
    const { engine, life } = await open();
    const { address } = await engine.openProxy("p", echo.address);
    await engine.close();
    await engine.close();
    expect(life(0).stopped).toBe(true);
    expect(await isRefused(address)).toBe(true);
    await expect(engine.openProxy("q", echo.address)).rejects.toThrow("the engine is closed");
  });

  test("comes back elsewhere where its place has been taken, and says so to whoever asks", async () => {
    await using echo = await openEcho();
    const { engine, life } = await open();
    const proxy = await engine.openProxy("p", echo.address);
    const { address } = proxy;
    await openToxiproxy({ url: life(0).url, world }).removeProxy("squall.0000f00d.p");
    const squatter = createServer();
    squatter.listen(address);
    await life(0).die();
    await proxy.setEnabled(true);
    expect(proxy.address).not.toEqual(address);
    expect(await isHeldUp(proxy.address)).toBe(false);
    squatter.close();
  });
});

describe("a server that is not ours", () => {
  test("keeps what is not ours, and is not ended", async () => {
    await using echo = await openEcho();
    const { engine, life, listed } = await open({ isOurs: false });
    await openToxiproxy({ url: life(0).url, world }).openProxy("theirs", echo.address);
    await engine.openProxy("p", echo.address);
    expect((await listed(0)).map(({ name }) => name)).toContain("squall.0000f00d.p");
    await engine.close();
    expect((await listed(0)).map(({ name }) => name)).toEqual(["theirs"]);
    expect(life(0).stopped).toBe(false);
    await life(0).die();
  });

  test("that dies is lost: it is not started again, and a fault there is not called healed", async () => {
    await using echo = await openEcho();
    const { engine, lives, life, events } = await open({ isOurs: false });
    const cure = await (await engine.openProxy("p", echo.address)).addToxic(latency);
    await life(0).die();
    const says = "lost: it ended with signal SIGSEGV; Squall did not start it, so it does not start it again";
    expect((await engine.lost).message).toContain(says);
    await expect(cure.heal()).rejects.toThrow(says);
    expect(lives).toHaveLength(1);
    expect(events).toEqual([]);
  });
});

describe("a server that is met", () => {
  const meet = async (status: number, text: string): Promise<string> => {
    const server = createServer((_, response) => response.writeHead(status).end(text));
    const { port } = await listen(server);
    try {
      return await acquaint({ url: `http://127.0.0.1:${port}`, says: "it", timeoutMs: 10_000, world });
    } finally {
      server.close();
    }
  };

  test.each([
    ['{"version": "2.7.0"}\n', "2.7.0"],
    ['{"version": "2.12.0+squall"}', "2.12.0+squall"],
    ['{"version": "git"}', "git"],
  ])("may be %s", async (text, version) => {
    expect(await meet(200, text)).toBe(version);
  });

  test.each([
    [200, "2.1.4", "it is Toxiproxy 2.1.4, and 2.7.0 or newer is needed: update it"],
    [200, '{"version": 2.6.0}', "it is Toxiproxy 2.6.0, and 2.7.0 or newer is needed: update it"],
    [200, "<html>hello", 'it is no Toxiproxy: expected {"version": …} from GET /version, got "<html>hello"'],
    [404, "", 'it is no Toxiproxy: expected {"version": …} from GET /version, got 404 to GET /version'],
  ])("may not answer %i %s", async (status, text, says) => {
    const refused = await meet(status, text).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect(refused).toMatchObject({ message: says, exitCode: 64 });
  });

  test("that does not answer is not reached", async () => {
    const about = { url: "http://127.0.0.1:1", says: "it", timeoutMs: 10_000, world };
    await expect(acquaint(about)).rejects.toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(/ECONNREFUSED.*: start a Toxiproxy there, or use --engine embedded$/),
    });
  });
});

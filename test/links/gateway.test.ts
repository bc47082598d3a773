import { createServer as createHttpServer, Agent, get, request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UnexpectedEgress } from "../../src/history/egress-events.ts";
import { openGateway, type Gateway, type GatewayOptions } from "../../src/links/egress/gateway.ts";
import { wantedBy } from "../../src/links/egress/wanted.ts";
import { realWorld } from "../../src/world.ts";
import { bodyOf, callLink, certain, httpCallee, losing, openRig, tcpCallee, type Caller } from "./rig.ts";
import { waitFor } from "../waiting.ts";

interface GatewayRig extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly unexpected: readonly UnexpectedEgress[];
  /** A caller of bare bytes that says this first. */
  call(text?: string): Caller;
}

async function gatewayTo(
  ports: Readonly<Record<string, number>>,
  options: Partial<Pick<GatewayOptions, "own" | "unexpected" | "allowHosts">> = {},
): Promise<GatewayRig> {
  const unexpected: UnexpectedEgress[] = [];
  const callers: Socket[] = [];
  const gateway = await openGateway({
    server: "weather",
    links: new Map(Object.entries(ports).map(([to, port]) => [to, { host: "127.0.0.1", port }])),
    own: new Set(),
    unexpected: "refuse",
    allowHosts: [],
    ...options,
    recorder: {
      record: (event) => {
        if (event.type === "egress") unexpected.push(event);
        return { id: "", atUs: 0 };
      },
    },
    world: realWorld,
  });
  return {
    gateway,
    unexpected,
    call: (text = "") => {
      const caller = callLink(gateway);
      callers.push(caller.socket);
      caller.socket.write(text);
      return caller;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of callers) socket.destroy();
      await gateway.close();
    },
  };
}

const plain = (host: string, path = "/"): string => `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const echo = (): ReturnType<typeof tcpCallee> => tcpCallee((socket) => socket.pipe(socket));

/** Answers every request with its name, the path and how many it had on this connection. */
const named = (name: string): ReturnType<typeof httpCallee> => {
  const counts = new WeakMap<Socket, number>();
  return httpCallee((asked, answer) => {
    const count = (counts.get(asked.socket) ?? 0) + 1;
    counts.set(asked.socket, count);
    answer.end(`${name} ${asked.url} #${count}\n`);
  });
};

describe("CONNECT", () => {
  test("is a tunnel in which bytes and both ends pass as they are", async () => {
    await using callee = await tcpCallee((socket) => {
      socket.on("data", (chunk) => socket.write(`<${chunk.toString()}>`));
      socket.on("end", () => socket.end("bye"));
    });
    await using rig = await gatewayTo({ "api.weather.test:443": callee.port });
    const caller = rig.call("CONNECT API.weather.test:443 HTTP/1.1\r\nHost: api.weather.test:443\r\n\r\nearly");
    await waitFor(() => expect(caller.text()).toBe("HTTP/1.1 200 Connection established\r\n\r\n<early>"));
    caller.socket.write("later\r\n\r\n");
    await waitFor(() => expect(caller.text()).toContain("<later\r\n\r\n>"));
    caller.socket.end();
    await waitFor(() => expect(caller.ended()).toBe("fin"));
    expect(caller.text()).toMatch(/>bye$/);
    expect(rig.unexpected).toEqual([]);
  });

  test("carries a reset over, either way", async () => {
    const reached: Socket[] = [];
    const ends: string[] = [];
    await using callee = await tcpCallee((socket) => {
      reached.push(socket);
      socket.on("error", () => ends.push("rst"));
      socket.on("end", () => ends.push("fin"));
      socket.resume();
    });
    await using rig = await gatewayTo({ "db.test:5432": callee.port });
    const open = async (): Promise<Caller> => {
      const caller = rig.call("CONNECT db.test:5432 HTTP/1.0\r\n\r\n");
      await waitFor(() => expect(caller.text()).toContain("200"));
      return caller;
    };
    const first = await open();
    await waitFor(() => expect(reached).toHaveLength(1));
    reached[0]?.resetAndDestroy();
    await waitFor(() => expect(first.ended()).toBe("rst"));
    const second = await open();
    await waitFor(() => expect(reached).toHaveLength(2));
    second.socket.resetAndDestroy();
    await waitFor(() => expect(ends).toContain("rst"));
  });

  test("half-open: what the callee says after the caller's end still arrives", async () => {
    await using callee = await tcpCallee((socket) => {
      socket.resume();
      socket.on("end", () => setTimeout(() => socket.end("x".repeat(300_000)), 20));
    });
    await using rig = await gatewayTo({ "a.test:1": callee.port });
    const caller = rig.call("CONNECT a.test:1 HTTP/1.1\r\n\r\n");
    caller.socket.end();
    await waitFor(() => expect(caller.ended()).toBe("fin"));
    expect(caller.text().match(/x/g)).toHaveLength(300_000);
  });

  test("to a link that is down resets the caller, as a network that blocks egress does", async () => {
    await using callee = await httpCallee((_, answer) => answer.end("never"));
    await using link = await openRig(callee.port, "http");
    await using rig = await gatewayTo({ "api.weather.test:80": link.link.address.port });
    await link.link.setEnabled(false);
    const caller = rig.call("CONNECT api.weather.test:80 HTTP/1.1\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => expect(caller.ended()).toBe("rst"));
    await waitFor(() => expect(link.exchanges()).toMatchObject([{ path: "/now", ended: "refused" }]));
    expect(link.signs).toMatchObject([{ is: "refused" }]);
  });

  test("a big stream passes whole both ways, whatever is read how slowly", async () => {
    await using callee = await echo();
    await using rig = await gatewayTo({ "a.test:1": callee.port });
    const caller = rig.call("CONNECT a.test:1 HTTP/1.1\r\n\r\n");
    await waitFor(() => expect(caller.text()).toContain("200"));
    const big = Buffer.alloc(4_000_000, "squall");
    const headBytes = caller.received().length;
    caller.socket.pause();
    caller.socket.write(big);
    await sleep(50);
    caller.socket.resume();
    await waitFor(() => expect(caller.received().length).toBe(headBytes + big.length));
    expect(caller.received().subarray(headBytes).equals(big)).toBe(true);
  });
});

describe("who does not read what is sent is not read for either", () => {
  // More than the systems' own buffers hold along the way.
  const flood = Buffer.alloc(96 * 1024 * 1024);
  const settled = async (socket: Socket): Promise<boolean> => {
    const isOver = new Promise<boolean>((resolve) => socket.write(flood, () => resolve(true)));
    return Promise.race([isOver, sleep(1000, false)]);
  };

  test("a callee", async () => {
    await using callee = await tcpCallee((socket) => socket.pause());
    await using rig = await gatewayTo({ "a.test:1": callee.port });
    const caller = rig.call("CONNECT a.test:1 HTTP/1.1\r\n\r\n");
    await waitFor(() => expect(caller.text()).toContain("200"));
    expect(await settled(caller.socket)).toBe(false);
  });

  test("a caller", async () => {
    const reached: Socket[] = [];
    await using callee = await tcpCallee((socket) => reached.push(socket));
    await using rig = await gatewayTo({ "a.test:1": callee.port });
    const caller = rig.call("CONNECT a.test:1 HTTP/1.1\r\n\r\n");
    await waitFor(() => expect(caller.text()).toContain("200"));
    caller.socket.pause();
    const [socket] = reached;
    if (socket === undefined) throw new Error("nobody came");
    expect(await settled(socket)).toBe(false);
  });
});

describe("an absolute URL in the request line", () => {
  test("reaches its destination as if there were no proxy, and is joined at the link", async () => {
    const got: string[] = [];
    await using callee = await httpCallee((asked, answer) => {
      got.push(`${asked.method} ${asked.url} ${asked.rawHeaders.join("|")}`);
      void bodyOf(asked).then((body) => answer.end(body));
    });
    await using link = await openRig(callee.port, "http");
    await using rig = await gatewayTo({ "api.weather.test:80": link.link.address.port });
    const op = "0badcafe.planner.0.0.0";
    const caller = rig.call(
      `POST http://api.weather.test/limits?q=%20a HTTP/1.1\r\nHost: elsewhere\r\nProxy-Connection: keep-alive\r\n` +
        `Proxy-Authorization: Basic c2VjcmV0\r\nX-Op: ${op}\r\nContent-Length: 4\r\n\r\nbody`,
    );
    await waitFor(() => expect(caller.text()).toMatch(/body/));
    expect(got).toEqual([
      `POST /limits?q=%20a Host|api.weather.test|X-Op|${op}|Content-Length|4|Connection|keep-alive`,
    ]);
    await waitFor(() =>
      expect(link.exchanges()).toMatchObject([{ ops: [op], method: "POST", path: "/limits", ended: "answered" }]),
    );
  });

  test("connections are kept alive, and chunked bodies end where they end", async () => {
    await using callee = await httpCallee((asked, answer) => {
      void bodyOf(asked).then((body) => answer.end(`${asked.socket.remotePort} ${body.toString()}`));
    });
    await using rig = await gatewayTo({ "api.weather.test:80": callee.port });
    const { port } = rig.gateway.address;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (body: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const path = "http://api.weather.test/";
        const asked = request({ host: "127.0.0.1", port, path, method: "POST", agent }, (answer) => {
          void bodyOf(answer).then((text) => resolve(text.toString()));
        });
        asked.on("error", reject);
        asked.setHeader("transfer-encoding", "chunked");
        asked.write(body);
        asked.end(body);
      });
    const answers = [await send("one"), await send("two"), await send("three")];
    agent.destroy();
    expect(answers.map((answer) => answer.split(" ")[1])).toEqual(["oneone", "twotwo", "threethree"]);
    expect(new Set(answers.map((answer) => answer.split(" ")[0])).size).toBe(1);
  });

  test("one connection may ask for one destination after another, also without waiting", async () => {
    await using one = await named("one");
    await using two = await named("two");
    await using rig = await gatewayTo({ "one.test:80": one.port, "two.test:8080": two.port });
    const hosts = ["one.test", "one.test", "two.test:8080", "one.test", "two.test:8080"];
    const caller = rig.call(hosts.map((host, index) => plain(host, `/${index}`)).join(""));
    await waitFor(() =>
      expect(caller.text().match(/(?:one|two) .*/g)).toEqual([
        "one /0 #1",
        "one /1 #2",
        "two /2 #1",
        "one /3 #1",
        "two /4 #1",
      ]),
    );
    expect(caller.ended()).toBe("open");
  });

  test("an answer to HEAD has no body, and an interim one is no answer", async () => {
    const ends: string[] = [];
    await using one = await httpCallee((asked, answer) => {
      asked.socket.once("close", () => ends.push("one"));
      answer.writeEarlyHints({ link: "</x>; rel=preload" });
      answer.setHeader("content-length", 3);
      setTimeout(() => answer.end(asked.method === "HEAD" ? undefined : "one"), 50);
    });
    await using two = await named("two");
    await using rig = await gatewayTo({ "one.test:80": one.port, "two.test:80": two.port });
    const caller = rig.call(plain("one.test").replace("GET", "HEAD") + plain("two.test"));
    await waitFor(() => expect(caller.text()).toContain("two / #1"));
    expect(caller.text().match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 103", "HTTP/1.1 200", "HTTP/1.1 200"]);
    // Whoever is not asked any more is let go, though the caller stays.
    await waitFor(() => expect(ends).toEqual(["one"]));
    caller.socket.write(plain("one.test"));
    await waitFor(() => expect(caller.text()).toMatch(/two \/ #1\n[^]+103[^]+200[^]+\r\n\r\none$/));
  });

  test("an answer without a length ends with the connection, and a broken one as it broke", async () => {
    const endings: ((socket: Socket) => void)[] = [(socket) => socket.end(), (socket) => socket.resetAndDestroy()];
    await using callee = await tcpCallee((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\nhalf");
        setTimeout(() => endings.shift()?.(socket), 20);
      });
    });
    await using rig = await gatewayTo({ "one.test:80": callee.port });
    const first = rig.call(plain("one.test"));
    await waitFor(() => expect(first.ended()).toBe("fin"));
    expect(first.text()).toBe("HTTP/1.1 200 OK\r\n\r\nhalf");
    const second = rig.call(plain("one.test"));
    await waitFor(() => expect(second.ended()).toBe("rst"));
  });

  test("one that ends without its answer ends the caller, also where more was asked of others", async () => {
    await using silent = await tcpCallee((socket) => socket.once("data", () => socket.end()));
    await using two = await named("two");
    await using rig = await gatewayTo({ "one.test:80": silent.port, "two.test:80": two.port });
    const caller = rig.call(plain("one.test") + plain("two.test"));
    await waitFor(() => expect(caller.ended()).toBe("fin"));
    expect(caller.text()).toBe("");
  });

  test("an upgrade becomes a tunnel", async () => {
    const server = createHttpServer();
    server.on("upgrade", (_, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n");
      socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await using rig = await gatewayTo({ "one.test:80": port });
    const caller = rig.call(
      "GET http://one.test/ HTTP/1.1\r\nHost: one.test\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n",
    );
    await waitFor(() => expect(caller.text()).toContain("101"));
    caller.socket.write("hello\n");
    await waitFor(() => expect(caller.text()).toMatch(/HELLO\n$/));
    caller.socket.destroy();
    server.closeAllConnections();
    server.close();
  });
});

describe("what a link does to its caller, the server behind the gateway feels", () => {
  test.each([
    ["close", "fin"],
    ["reset", "rst"],
    ["hang", "open"],
  ] as const)("an answer that is eaten, by %s", async (instead, ended) => {
    await using callee = await named("one");
    await using link = await openRig(callee.port, "http");
    await using rig = await gatewayTo({ "one.test:80": link.link.address.port });
    const cure = link.link.meddle(losing({ instead, count: 1 }), certain);
    const tunnel = instead === "reset" ? "CONNECT one.test:80 HTTP/1.1\r\n\r\n" : "";
    const caller = rig.call(
      tunnel + (tunnel === "" ? plain("one.test") : plain("one.test").replace("http://one.test", "")),
    );
    await waitFor(() => expect(link.exchanges()).toMatchObject([{ ended: "eaten", status: 200 }]));
    await waitFor(() => expect(caller.ended()).toBe(ended));
    expect(caller.text()).not.toContain("one /");
    await cure.heal();
    if (instead === "hang") await waitFor(() => expect(caller.ended()).toBe("fin"));
  });

  test("a delay, and connections that are dropped", async () => {
    await using callee = await named("one");
    await using link = await openRig(callee.port, "http");
    await using rig = await gatewayTo({ "one.test:80": link.link.address.port });
    const caller = rig.call(plain("one.test"));
    await waitFor(() => expect(caller.text()).toContain("one / #1"));
    const cure = await link.link.addToxic({
      type: "latency",
      stream: "downstream",
      attributes: { latency: 150, jitter: 0 },
    });
    caller.socket.write(plain("one.test"));
    await waitFor(() => expect(caller.text()).toContain("one / #2"));
    const waits = link.signs.flatMap((sign) => (sign.is === "answered" ? [sign.waitedMs] : []));
    expect(waits.at(-1)).toBeGreaterThan(100);
    await cure.heal();
    expect(link.link.dropConnections()).toBe(1);
    await waitFor(() => expect(caller.ended()).toBe("fin"));
  });

  test("a caller that leaves is seen to have left", async () => {
    await using callee = await tcpCallee((socket) => socket.resume());
    await using link = await openRig(callee.port, "http");
    await using rig = await gatewayTo({ "one.test:80": link.link.address.port });
    const caller = rig.call(plain("one.test"));
    await waitFor(() => expect(link.link.openExchanges()).toBe(1));
    caller.socket.resetAndDestroy();
    await waitFor(() => expect(link.exchanges()).toMatchObject([{ ended: "caller-left" }]));
    expect(link.connections().at(-1)).toMatchObject({ edge: "closed", by: "caller", how: "rst" });
  });
});

describe("what is not for a link", () => {
  test("is refused with 403 and recorded, whichever way it is asked for", async () => {
    await using rig = await gatewayTo({ "api.weather.test:443": 1 });
    const tunnel = rig.call("CONNECT telemetry.example.com:443 HTTP/1.1\r\n\r\n");
    const absolute = rig.call(plain("api.weather.test", "/not-that-port"));
    for (const caller of [tunnel, absolute]) {
      await waitFor(() => expect(caller.ended()).toBe("fin"));
      expect(caller.text()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]+servers\.weather\.egress\.hosts/);
    }
    expect(rig.unexpected).toMatchObject([
      { server: "weather", destination: "telemetry.example.com:443", passed: false },
      { server: "weather", destination: "api.weather.test:80", passed: false },
    ]);
  });

  test("passes on this machine, and where it is allowed; what is our own is not even recorded", async () => {
    await using callee = await named("here");
    const here = `127.0.0.1:${callee.port}`;
    await using strict = await gatewayTo({}, { allowHosts: ["LOCALHOST"] });
    const passed = strict.call(plain(here));
    await waitFor(() => expect(passed.text()).toContain("here / #1"));
    expect(strict.unexpected).toMatchObject([{ destination: here, passed: true }]);
    await using own = await gatewayTo({}, { own: new Set([here]) });
    const mine = own.call(`CONNECT ${here} HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n`);
    await waitFor(() => expect(mine.text()).toContain("here /x #1"));
    expect(own.unexpected).toEqual([]);
  });

  test("a host that is allowed is let through; others stay refused", async () => {
    await using callee = await named("far");
    // Not a name of this machine to us, though it leads there.
    const far = `0.0.0.0:${callee.port}`;
    await using rig = await gatewayTo({}, { allowHosts: ["elsewhere.test"] });
    const refused = rig.call(plain(far));
    await waitFor(() => expect(refused.text()).toContain("403"));
    await using open = await gatewayTo({}, { allowHosts: ["0.0.0.0"] });
    const passed = open.call(plain(far));
    await waitFor(() => expect(passed.text()).toContain("far / #1"));
    expect(open.unexpected).toMatchObject([{ destination: far, passed: true }]);
  });

  test("what is let through and then breaks is broken, and no answer of ours", async () => {
    await using callee = await tcpCallee((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await using rig = await gatewayTo({}, { unexpected: "allow" });
    const caller = rig.call(`CONNECT 127.0.0.1:${callee.port} HTTP/1.1\r\n\r\n`);
    await waitFor(() => expect(caller.text()).toContain("200"));
    caller.socket.write("hello");
    await waitFor(() => expect(caller.ended()).toBe("rst"));
    expect(caller.text()).not.toContain("Squall");
  });

  test("a destination that cannot be reached is a 502, as of any proxy", async () => {
    const gone = await tcpCallee(() => {});
    await gone[Symbol.asyncDispose]();
    await using rig = await gatewayTo({}, { unexpected: "allow" });
    for (const text of [plain(`127.0.0.1:${gone.port}`), `CONNECT 127.0.0.1:${gone.port} HTTP/1.1\r\n\r\n`]) {
      const caller = rig.call(text);
      await waitFor(() => expect(caller.ended()).toBe("fin"));
      expect(caller.text()).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n[^]+ECONNREFUSED/);
    }
  });
});

describe("callers that are no good", () => {
  test.each([
    ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", "400"],
    ["a path, as for an origin server", "GET /now HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
    ["CONNECT without a port", "CONNECT api.weather.test HTTP/1.1\r\n\r\n", "400"],
    ["CONNECT to a port that cannot be", "CONNECT api.weather.test:70000 HTTP/1.1\r\n\r\n", "400"],
    ["https without a tunnel", "GET https://api.weather.test/ HTTP/1.1\r\n\r\n", "400"],
    [
      "two lengths that differ",
      `POST http://a.test/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      "400",
    ],
    ["a head without end", `GET http://a.test/ HTTP/1.1\r\n${"X-Long: 1234567890\r\n".repeat(5000)}`, "431"],
  ] as const)("%s", async (...[, text, status]) => {
    await using rig = await gatewayTo({ "a.test:80": 1 });
    const caller = rig.call(text);
    await waitFor(() => expect(caller.ended()).not.toBe("open"));
    expect(caller.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]+Squall: `));
  });

  test("a head that comes byte by byte is read; one whose caller leaves first reaches nobody", async () => {
    await using callee = await named("one");
    await using rig = await gatewayTo({ "one.test:80": callee.port });
    const slow = rig.call();
    for (const byte of plain("one.test", "/slow")) {
      slow.socket.write(byte);
      await sleep(0);
    }
    await waitFor(() => expect(slow.text()).toContain("one /slow #1"));
    const leaves = rig.call("GET http://one.te");
    leaves.socket.end();
    await waitFor(() => expect(leaves.ended()).toBe("fin"));
    expect(leaves.text()).toBe("");
  });
});

test("many at once are all served, and closing ends every one of them", async () => {
  await using callee = await named("one");
  await using rig = await gatewayTo({ "one.test:80": callee.port });
  const callers = Array.from({ length: 300 }, (_, index) =>
    index % 2 === 0
      ? rig.call(plain("one.test", `/${index}`))
      : rig.call(
          `CONNECT one.test:80 HTTP/1.1\r\n\r\n${plain("one.test", `/${index}`).replace("http://one.test", "")}`,
        ),
  );
  await waitFor(() => {
    for (const [index, caller] of callers.entries()) expect(caller.text()).toContain(`one /${index} #1`);
  });
  await rig.gateway.close();
  await waitFor(() => expect(callers.every((caller) => caller.ended() !== "open")).toBe(true));
  const late = connect(rig.gateway.address);
  await expect(new Promise((resolve) => late.once("error", resolve))).resolves.toMatchObject({ code: "ECONNREFUSED" });
});

test("whatever is asked, and however it is cut into pieces: the destination gets the same bytes", async () => {
  const bodies = fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 4 });
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  const got: string[] = [];
  await using callee = await httpCallee((asked, answer) => {
    const keep = async (): Promise<void> => {
      got.push(`${asked.url} ${(await bodyOf(asked)).toString()}`);
      answer.end();
    };
    void keep();
  });
  await using rig = await gatewayTo({ "one.test:80": callee.port });
  await fc.assert(
    fc.asyncProperty(bodies, cuts, async (texts, sizes) => {
      got.length = 0;
      const stream = Buffer.from(
        texts
          .map((text, index) => {
            const head = `POST http://one.test/${index} HTTP/1.1\r\nHost: one.test\r\n`;
            const bytes = Buffer.byteLength(text);
            return index % 2 === 0
              ? `${head}Content-Length: ${bytes}\r\n\r\n${text}`
              : `${head}Transfer-Encoding: chunked\r\n\r\n${bytes === 0 ? "" : `${bytes.toString(16)}\r\n${text}\r\n`}0\r\n\r\n`;
          })
          .join(""),
      );
      const caller = rig.call();
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        caller.socket.write(stream.subarray(at, at + size));
        at += size;
        if (turn % 3 === 0) await sleep(0);
      }
      await waitFor(() => expect(got).toHaveLength(texts.length));
      // Node reads the bodies of requests that came together in no certain order.
      expect(got.toSorted()).toEqual(texts.map((text, index) => `/${index} ${text}`));
      caller.socket.destroy();
    }),
    { numRuns: 25 },
  );
});

test("what the head becomes", () => {
  const head = { method: "GET", version: "HTTP/1.0", headers: ["Accept: */*"], keepAlive: false };
  expect(wantedBy({ ...head, url: "http://User@API.Weather.test:8080?x=1#part" })).toEqual({
    is: "request",
    to: { host: "api.weather.test", port: 8080 },
    head: "GET /?x=1 HTTP/1.0\r\nHost: api.weather.test:8080\r\nAccept: */*\r\n\r\n",
  });
  expect(wantedBy({ ...head, method: "CONNECT", url: "[::1]:443" })).toEqual({
    is: "tunnel",
    to: { host: "::1", port: 443 },
  });
  expect(wantedBy({ ...head, url: "http://[::1]/" })).toMatchObject({ to: { host: "::1", port: 80 } });
});

test("Node's own client through the gateway, without a word of HTTP of ours", async () => {
  await using callee = await named("one");
  await using rig = await gatewayTo({ "one.test:80": callee.port });
  const proxyEnv = { HTTP_PROXY: `http://127.0.0.1:${rig.gateway.address.port}` };
  const agent = new Agent({ proxyEnv, keepAlive: true });
  const text = await new Promise<string>((resolve, reject) => {
    get("http://one.test/agent", { agent }, (answer) => {
      void bodyOf(answer).then((body) => resolve(body.toString()));
    }).on("error", reject);
  });
  agent.destroy();
  expect(text).toBe("one /agent #1\n");
});

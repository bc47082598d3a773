/** The signs by which a fault is known to have taken hold. */
import { once } from "node:events";
import { request } from "node:http";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import type { Sign } from "../../src/faults/handles.ts";
import { bodyOf, callLink, httpCallee, openRig, tcpCallee, type Rig } from "./rig.ts";
import { smallEngine } from "./small-engine.ts";
import { waitFor } from "../waiting.ts";

const signsOf = <Is extends Sign["is"]>(rig: Rig, is: Is): Extract<Sign, { is: Is }>[] =>
  rig.signs.filter((sign): sign is Extract<Sign, { is: Is }> => sign.is === is);

async function get(rig: Rig, path = "/"): Promise<void> {
  const sent = request(rig.url(path), { agent: false });
  sent.end();
  const [answer] = await once(sent, "response");
  await bodyOf(answer);
}

test("latency shows as a longer wait than usual, and does not become usual itself", async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  for (let n = 0; n < 5; n += 1) await get(rig);
  const cure = await rig.link.addToxic({ type: "latency", stream: "downstream", attributes: { latency: 600 } });
  for (let n = 0; n < 7; n += 1) await get(rig);
  await cure.heal();
  // A machine that halts may make one of them as slow.
  await waitFor(async () => {
    await get(rig);
    expect(signsOf(rig, "answered").at(-1)?.waitedMs).toBeLessThan(599);
  });
  const answered = signsOf(rig, "answered");
  expect(answered[0]?.usualMs).toBeUndefined();
  for (const { waitedMs, usualMs } of answered.slice(5, 12)) {
    expect(waitedMs).toBeGreaterThanOrEqual(599);
    expect(usualMs).toBeLessThan(599);
  }
});

test("a wait is counted from the whole request", async () => {
  await using callee = await httpCallee((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("ok"));
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 2000));
  caller.socket.write("body");
  await waitFor(() => expect(signsOf(rig, "answered")).toHaveLength(1));
  expect(signsOf(rig, "answered")[0]?.waitedMs).toBeLessThan(1900);
  caller.socket.destroy();
});

test("silence shows when the caller leaves", async () => {
  await using callee = await httpCallee(() => {});
  await using rig = await openRig(callee.port, "http");
  for (const leave of ["end", "resetAndDestroy"] as const) {
    const { socket } = callLink(rig.link);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 60));
    socket[leave]();
    await waitFor(() => expect(rig.link.openExchanges()).toBe(0));
    socket.destroy();
  }
  const silent = signsOf(rig, "silent");
  expect(silent).toHaveLength(2);
  expect(silent.every(({ waitedMs, usualMs }) => waitedMs >= 55 && usualMs === undefined)).toBe(true);
});

test("an answer that has begun is not silence", async () => {
  await using callee = await httpCallee((_request, response) => void response.write("begun"));
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(caller.text()).toContain("begun"));
  caller.socket.end();
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ ended: "caller-left", status: 200 }]));
  expect(signsOf(rig, "silent")).toEqual([]);
  expect(signsOf(rig, "exchanged")).toMatchObject([{ usualMs: undefined }]);
});

test("silence under a black hole shows just before the healing, for each request that waits", async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  await get(rig);
  const cure = await rig.link.addToxic({ type: "timeout", stream: "upstream", attributes: { timeout: 0 } });
  const callers = [callLink(rig.link), callLink(rig.link)];
  for (const { socket } of callers) socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(rig.link.openExchanges()).toBe(2));
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(signsOf(rig, "silent")).toEqual([]);
  const healing = cure.heal();
  const silent = signsOf(rig, "silent");
  expect(silent).toHaveLength(2);
  expect(silent.every(({ waitedMs, usualMs }) => waitedMs >= 75 && usualMs !== undefined)).toBe(true);
  await healing;
  await waitFor(() => expect(callers.every((caller) => caller.ended() !== "open")).toBe(true));
  for (const { socket } of callers) socket.destroy();
});

test("a cut tells whether a request was in flight; a close that was foretold is none", async () => {
  await using callee = await tcpCallee((socket) =>
    socket.on("data", (chunk) => {
      const path = chunk.toString().split(" ")[1] ?? "";
      const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
      if (path === "/foretold") socket.end(`${answer}Connection: close\r\n\r\n`);
      if (path === "/foretold-not-kept")
        socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhalf");
      if (path === "/asked-for") socket.end(`${answer}\r\n`);
      if (path === "/idle") socket.end(`${answer}\r\n`);
      if (path === "/flight") socket.end();
      if (path === "/reset") socket.resetAndDestroy();
    }),
  );
  await using rig = await openRig(callee.port, "http");
  for (const path of ["/foretold", "/asked-for", "/foretold-not-kept", "/idle", "/flight", "/reset"]) {
    const caller = callLink(rig.link);
    caller.socket.write(`GET ${path} HTTP/1.1\r\n${path === "/asked-for" ? "Connection: close\r\n" : ""}\r\n`);
    await waitFor(() => expect(caller.ended()).not.toBe("open"));
    caller.socket.destroy();
  }
  expect(signsOf(rig, "cut")).toMatchObject([
    { is: "cut", how: "fin", inFlight: true },
    { is: "cut", how: "fin", inFlight: false },
    { is: "cut", how: "fin", inFlight: true },
    { is: "cut", how: "rst", inFlight: true },
  ]);
});

test("a tap that cannot connect for another reason than a dead link counts it but gives no sign", async () => {
  const engine = smallEngine();
  const proxy = {
    setEnabled: () => Promise.resolve(),
    addToxic: () => Promise.resolve({ heal: () => Promise.resolve(), update: () => Promise.resolve() }),
  };
  const unreachable = { host: "255.255.255.255", port: 9 };
  const away: Engine = { ...engine, openProxy: () => Promise.resolve({ ...proxy, address: unreachable }) };
  await using rig = await openRig(0, "http", { engine: away });
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(caller.ended()).toBe("rst"));
  expect(rig.events).toMatchObject([{ edge: "refused" }, { type: "exchange", ended: "refused" }]);
  expect(rig.signs).toEqual([]);
});

test("switching the proxy off cuts what is in flight", async () => {
  await using callee = await httpCallee(() => {});
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
  await rig.link.setEnabled(false);
  await waitFor(() => expect(signsOf(rig, "cut")).toMatchObject([{ inFlight: true }]));
  await waitFor(() => expect(caller.ended()).not.toBe("open"));
  caller.socket.destroy();
});

test("bytes up, then bytes down, are a wait on a link that cannot be read", async () => {
  await using callee = await tcpCallee((socket) =>
    socket.on("data", () => setTimeout(() => socket.write("one"), 40).unref()),
  );
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.write("query");
  await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
  await waitFor(() => expect(caller.text()).toBe("one"));
  expect(signsOf(rig, "answered")).toHaveLength(1);
  expect(signsOf(rig, "answered")[0]?.waitedMs).toBeGreaterThanOrEqual(35);
  expect(rig.link.openExchanges()).toBe(0);
  caller.socket.write("query");
  await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
  caller.socket.end();
  await waitFor(() => expect(signsOf(rig, "silent")).toHaveLength(1));
  caller.socket.destroy();
});

describe("a callee that speaks first", () => {
  const greets = () => tcpCallee((socket) => void socket.write("220 ready\n"));

  test("is waited for from the moment of connecting, once it is known to", async () => {
    await using callee = await greets();
    await using rig = await openRig(callee.port, "tcp");
    const first = callLink(rig.link);
    await waitFor(() => expect(first.text()).toBe("220 ready\n"));
    expect(signsOf(rig, "answered")).toEqual([]);
    const cure = await rig.link.addToxic({ type: "latency", stream: "downstream", attributes: { latency: 20_000 } });
    const second = callLink(rig.link);
    await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
    second.socket.destroy();
    await waitFor(() => expect(signsOf(rig, "silent")).toHaveLength(1));
    await cure.heal();
    const third = callLink(rig.link);
    await waitFor(() => expect(third.text()).toBe("220 ready\n"));
    expect(signsOf(rig, "answered")).toHaveLength(1);
    for (const { socket } of [first, third]) socket.destroy();
  });

  test("is not waited for where callers speak first, or have ever", async () => {
    await using callee = await tcpCallee((socket) => socket.on("data", () => socket.write("answer")));
    await using rig = await openRig(callee.port, "tcp");
    const speaks = callLink(rig.link);
    speaks.socket.write("query");
    await waitFor(() => expect(speaks.text()).toBe("answer"));
    const idle = callLink(rig.link);
    await waitFor(() => expect(rig.link.connections).toBe(2));
    expect(rig.link.openExchanges()).toBe(0);
    idle.socket.write("query");
    await waitFor(() => expect(idle.text()).toBe("answer"));
    expect(signsOf(rig, "answered")).toHaveLength(2);
    for (const { socket } of [speaks, idle]) socket.destroy();
  });
});

describe("a callee that always closes by itself", () => {
  const hangsUp = () => tcpCallee((socket) => socket.on("data", () => socket.end()));
  const callOnce = async (rig: Awaited<ReturnType<typeof openRig>>): Promise<void> => {
    const caller = callLink(rig.link);
    caller.socket.write("quit");
    await waitFor(() => expect(caller.ended()).not.toBe("open"));
    caller.socket.destroy();
  };

  test("gives no sign of a fault by that, once it is known to", async () => {
    await using callee = await hangsUp();
    await using rig = await openRig(callee.port, "tcp");
    for (let calls = 0; calls < 5; calls += 1) await callOnce(rig);
    expect(signsOf(rig, "cut")).toHaveLength(2);
  });

  test("is not known by what it does while something is broken", async () => {
    await using callee = await hangsUp();
    await using rig = await openRig(callee.port, "tcp");
    const cure = await rig.link.addToxic({ type: "latency", stream: "downstream", attributes: { latency: 1 } });
    for (let calls = 0; calls < 5; calls += 1) await callOnce(rig);
    expect(signsOf(rig, "cut")).toHaveLength(5);
    await cure.heal();
  });

  test("still gives one by a reset", async () => {
    let resets = false;
    await using callee = await tcpCallee((socket) =>
      socket.on("data", () => (resets ? socket.resetAndDestroy() : socket.end())),
    );
    await using rig = await openRig(callee.port, "tcp");
    for (let calls = 0; calls < 4; calls += 1) await callOnce(rig);
    resets = true;
    await callOnce(rig);
    expect(signsOf(rig, "cut").map(({ how }) => how)).toEqual(["fin", "fin", "rst"]);
  });
});

test("an exchange tells how much passed and how long it took to its last byte, which a toxic does not make usual", async () => {
  await using callee = await httpCallee((request, response) => {
    request.resume();
    request.on("end", () => response.end(Buffer.alloc(1000)));
  });
  await using rig = await openRig(callee.port, "http");
  const post = async (): Promise<void> => {
    const sent = request(rig.url(), { method: "POST", agent: false });
    sent.end("0123456789");
    const [answer] = await once(sent, "response");
    await bodyOf(answer);
  };
  await post();
  const cure = await rig.link.addToxic({ type: "latency", stream: "downstream", attributes: { latency: 100 } });
  await post();
  await cure.heal();
  await post();
  await waitFor(() => expect(signsOf(rig, "exchanged")).toHaveLength(3));
  const [first, slow, last] = signsOf(rig, "exchanged");
  const [exchange] = rig.exchanges();
  expect(first?.passed).toEqual({ upstream: exchange?.bytesUp, downstream: exchange?.bytesDown });
  expect(first).toMatchObject({ usualMs: undefined });
  expect(slow).toMatchObject({ usualMs: first?.tookMs });
  expect(slow?.tookMs).toBeGreaterThanOrEqual(99);
  expect(last).toMatchObject({ usualMs: first?.tookMs });
});

test("on a link that cannot be read, what comes down until more goes up is one exchange", async () => {
  await using callee = await tcpCallee((socket) => socket.on("data", () => socket.write("answer")));
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  for (const count of [1, 2]) {
    caller.socket.write("query");
    await waitFor(() => expect(caller.text()).toHaveLength(6 * count));
  }
  expect(signsOf(rig, "exchanged")).toMatchObject([{ passed: { upstream: 5, downstream: 6 } }]);
  caller.socket.end();
  await waitFor(() => expect(signsOf(rig, "exchanged")).toHaveLength(2));
  caller.socket.destroy();
});

test("a connection that both are done with tells how long it stays open", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    socket.on("end", () => setTimeout(() => socket.end(), 60).unref());
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(caller.text()).toContain("close"));
  expect(signsOf(rig, "closed")).toEqual([]);
  caller.socket.end();
  await waitFor(() => expect(signsOf(rig, "closed")).toHaveLength(1));
  expect(signsOf(rig, "closed")[0]?.lateMs).toBeGreaterThanOrEqual(55);
  caller.socket.destroy();
});

test("a cut tells how much had passed", async () => {
  await using callee = await tcpCallee((socket) => socket.on("data", () => socket.end("seven b")));
  await using rig = await openRig(callee.port, "tcp");
  const caller = callLink(rig.link);
  caller.socket.write("four");
  await waitFor(() => expect(signsOf(rig, "cut")).toMatchObject([{ passed: { upstream: 4, downstream: 7 } }]));
  caller.socket.destroy();
});

test("the listening stream of an MCP client waits for nothing", async () => {
  await using callee = await httpCallee(() => {});
  await using rig = await openRig(callee.port, "mcp");
  const caller = callLink(rig.link);
  caller.socket.write("GET /mcp HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(rig.connections()).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(rig.link.openExchanges()).toBe(0);
  caller.socket.destroy();
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ method: "GET", ended: "caller-left" }]));
  expect(rig.signs.filter(({ is }) => is !== "closed")).toEqual([]);
});

test("a listener that was taken off hears no more", async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http");
  const heard: Sign[] = [];
  const off = rig.link.onSign((sign) => sign.is === "answered" && heard.push(sign));
  await get(rig);
  off();
  await get(rig);
  expect(heard).toHaveLength(1);
  expect(signsOf(rig, "answered")).toHaveLength(2);
});

test("a cure that failed can be tried again, and one that worked does nothing more", async () => {
  const tries: string[] = [];
  const engine = smallEngine();
  const stubborn: Engine = {
    ...engine,
    openProxy: async (name, upstream) => ({
      ...(await engine.openProxy(name, upstream)),
      addToxic: ({ type }) => {
        if (type === "reset_peer") return Promise.reject(new Error("no such toxic"));
        const heal = (): Promise<void> => {
          tries.push(type);
          return tries.length === 1 ? Promise.reject(new Error("not now")) : Promise.resolve();
        };
        return Promise.resolve({ heal, update: () => Promise.resolve() });
      },
    }),
  };
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  await using rig = await openRig(callee.port, "http", { engine: stubborn });
  const refused = rig.link.addToxic({ type: "reset_peer", stream: "upstream", attributes: {} });
  await expect(refused).rejects.toThrow("no such toxic");
  const cure = await rig.link.addToxic({ type: "latency", stream: "downstream", attributes: {} });
  await expect(cure.heal()).rejects.toThrow("not now");
  await get(rig);
  await cure.heal();
  await cure.heal();
  expect(tries).toEqual(["latency", "latency"]);
  // Not yet healed means not yet usual; after the healing all is as ever, also behind the toxic that never was.
  await get(rig);
  await get(rig);
  expect(signsOf(rig, "answered").map(({ usualMs }) => usualMs === undefined)).toEqual([true, true, false]);
});

test("a tool call is told of when it has passed whole, and again when it has ended, however it did", async () => {
  await using callee = await httpCallee((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => (incoming.url === "/silent" ? undefined : response.end("{}")));
  });
  await using rig = await openRig(callee.port, "mcp");
  const calls = (): readonly string[] =>
    rig.signs.flatMap((sign) => (sign.is === "called" || sign.is === "returned" ? [`${sign.is} ${sign.tool}`] : []));
  const post = (path: string, body: object) => {
    const sent = request(rig.url(path), { method: "POST", agent: false });
    sent.on("error", () => {});
    sent.end(JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }));
    return sent;
  };
  const [listed] = await once(post("/", { method: "ping" }), "response");
  await bodyOf(listed);
  expect(calls()).toEqual([]);
  const [answer] = await once(post("/", { method: "tools/call", params: { name: "Create" } }), "response");
  await bodyOf(answer);
  await waitFor(() => expect(calls()).toEqual(["called Create", "returned Create"]));
  const silent = post("/silent", { method: "tools/call", params: { name: "Wait" } });
  await waitFor(() => expect(calls().at(-1)).toBe("called Wait"));
  silent.destroy();
  await waitFor(() => expect(calls().at(-1)).toBe("returned Wait"));
  await rig.link.setEnabled(false);
  post("/", { method: "tools/call", params: { name: "Late" } });
  await waitFor(() => expect(calls().slice(-2)).toEqual(["called Late", "returned Late"]));
});

import { request as httpRequest, type IncomingMessage, type RequestListener } from "node:http";
import { describe, expect, test } from "vitest";
import { openBalancer, type Balancer, type BalancerOptions } from "../../src/links/balancer.ts";
import { createHomes } from "../../src/links/session-homes.ts";
import { closedAddress } from "../closed-address.ts";
import { bodyOf, httpCallee, openRig, tcpCallee, type Callee, type Rig } from "./rig.ts";

interface Stand extends AsyncDisposable {
  readonly balancer: Balancer;
  readonly replicas: readonly Callee[];
  readonly rigs: readonly Rig[];
}

/** A balancer over real links to these replicas. */
async function openStand(balance: BalancerOptions["balance"], callees: readonly Promise<Callee>[]): Promise<Stand> {
  const replicas = await Promise.all(callees);
  const rigs = await Promise.all(replicas.map(({ port }) => openRig(port, "mcp")));
  const balancer = await openBalancer({
    server: "cloud",
    balance,
    replicas: rigs.map(({ link }, index) => ({
      name: `cloud.${index + 1}`,
      at: { host: "127.0.0.1", port: replicas[index]?.port ?? 0 },
      way: link,
    })),
  });
  return {
    balancer,
    replicas,
    rigs,
    [Symbol.asyncDispose]: async () => {
      await balancer.close();
      for (const rig of rigs) await rig[Symbol.asyncDispose]();
      for (const replica of replicas) await replica[Symbol.asyncDispose]();
    },
  };
}

const nobody = async (): Promise<Callee> => ({ ...(await closedAddress()), [Symbol.asyncDispose]: async () => {} });

interface Asking {
  readonly method?: string;
  readonly session?: string;
  readonly body?: string | Buffer;
}

type Reachable = Pick<Balancer, "address">;

async function ask({ address }: Reachable, asking: Asking = {}) {
  const answer = await begin({ address }, asking);
  return { status: answer.statusCode, headers: answer.headers, text: (await bodyOf(answer)).toString() };
}

function begin({ address }: Reachable, { method = "POST", session, body }: Asking) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const headers = session === undefined ? {} : { "mcp-session-id": session };
    const asked = httpRequest({ ...address, method, path: "/mcp?a=b", headers, agent: false }, resolve);
    asked.once("error", reject);
    asked.end(body);
  });
}

const named =
  (name: string): RequestListener =>
  (_, response) =>
    void response.end(name);

const three = (): Promise<Callee>[] => ["a", "b", "c"].map((name) => httpCallee(named(name)));

/** Gives sessions the names s1, s2, … of the replica's own, as servers do that keep them in memory. */
const naming = (name: string): RequestListener => {
  let last = 0;
  return ({ headers }, response) => {
    last += 1;
    if (headers["mcp-session-id"] === undefined) response.setHeader("mcp-session-id", `${name}-${last}`);
    response.end(name);
  };
};

describe("round-robin", () => {
  test("each request goes to the next replica, whatever its session", async () => {
    await using stand = await openStand("round-robin", three());
    const texts: string[] = [];
    for (let n = 0; n < 6; n += 1) texts.push((await ask(stand.balancer, { session: "s" })).text);
    expect(texts).toEqual(["a", "b", "c", "a", "b", "c"]);
    expect(stand.rigs.map((rig) => rig.exchanges().length)).toEqual([2, 2, 2]);
  });

  test("bodies pass whole both ways, as do method, path, status and headers", async () => {
    const echo: RequestListener = (request, response) => {
      response.writeHead(418, {
        "x-was": `${request.method} ${request.url} ${String(request.headers["mcp-session-id"])}`,
      });
      request.pipe(response);
    };
    await using stand = await openStand("round-robin", [httpCallee(echo), httpCallee(echo)]);
    const body = "ä€😀".repeat(300_000);
    const came = await ask(stand.balancer, { method: "PUT", session: "s", body });
    expect(came).toMatchObject({ status: 418, text: body, headers: { "x-was": "PUT /mcp?a=b s" } });
  });

  test("an answer streams: its first event is there while the rest is still to come", async () => {
    const gate = Promise.withResolvers<void>();
    const stream: RequestListener = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      void gate.promise.then(() => response.end("data: 2\n\n"));
    };
    await using stand = await openStand("round-robin", [httpCallee(stream), httpCallee(stream)]);
    const answer = await begin(stand.balancer, { method: "GET" });
    const chunks = answer[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe("data: 1\n\n");
    gate.resolve();
    expect(String((await chunks.next()).value)).toBe("data: 2\n\n");
  });

  test("a caller that hangs up is told to the replica", async () => {
    const left = Promise.withResolvers<void>();
    const silent: RequestListener = (_, response) => void response.once("close", left.resolve);
    await using stand = await openStand("round-robin", [httpCallee(silent), httpCallee(silent)]);
    const asked = httpRequest({ ...stand.balancer.address, method: "POST" });
    asked.once("error", () => {});
    asked.end();
    await expect.poll(() => stand.rigs[0]?.link.openExchanges()).toBe(1);
    asked.destroy();
    await left.promise;
  });

  test("an answer that is cut off stays cut off", async () => {
    const cut: RequestListener = (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half", () => response.destroy());
    };
    await using stand = await openStand("round-robin", [httpCallee(cut), httpCallee(cut)]);
    await expect(begin(stand.balancer, {}).then(bodyOf)).rejects.toThrow();
  });
});

describe("trouble", () => {
  test("a replica that takes no connection is passed over, and nothing is sent to it", async () => {
    await using stand = await openStand("round-robin", three().with(1, nobody()));
    const texts: string[] = [];
    for (let n = 0; n < 4; n += 1) texts.push((await ask(stand.balancer)).text);
    expect(texts).toEqual(["a", "c", "c", "a"]);
    expect(stand.rigs[1]?.exchanges()).toEqual([]);
  });

  test("a link that refuses is passed over, and counts what it has refused", async () => {
    await using stand = await openStand("round-robin", three());
    await stand.rigs[0]?.link.setEnabled(false);
    expect((await ask(stand.balancer)).text).toBe("b");
    await expect.poll(() => stand.rigs[0]?.signs).toEqual([{ is: "refused" }]);
    expect(stand.rigs[0]?.connections()).toMatchObject([{ edge: "refused" }]);
  });

  test("a request that a replica may have had is never sent again", async () => {
    let others = 0;
    const resets = tcpCallee((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    const counts: RequestListener = (_, response) => {
      others += 1;
      response.end();
    };
    await using stand = await openStand("round-robin", [resets, httpCallee(counts)]);
    const came = await ask(stand.balancer, { body: "{}" });
    expect(came).toMatchObject({ status: 502, headers: { "squall-balancer": "cloud" } });
    expect(came.text).toContain("cloud.1 took the request and never answered");
    expect(others).toBe(0);
  });

  test("when no replica takes it, the answer is the balancer's own and says so, at every tap before it too", async () => {
    await using stand = await openStand("round-robin", [nobody(), nobody(), nobody()]);
    await using before = await openRig(stand.balancer.address.port, "mcp");
    const came = await ask(before.link, { body: "{}" });
    expect(came.status).toBe(502);
    expect(came.text).toContain("no replica took the request (cloud.1: ECONNREFUSED, cloud.2: ECONNREFUSED, cloud.3:");
    await expect.poll(() => before.exchanges()).toMatchObject([{ status: 502, answeredBy: "balancer" }]);
  });

  test("a 502 of a replica's own is the replica's", async () => {
    const bad: RequestListener = (_, response) => void response.writeHead(502).end("mine");
    await using stand = await openStand("round-robin", [httpCallee(bad), httpCallee(bad)]);
    await using before = await openRig(stand.balancer.address.port, "mcp");
    expect((await ask(before.link)).text).toBe("mine");
    await expect.poll(() => before.exchanges()).toHaveLength(1);
    expect(before.exchanges()[0]?.answeredBy).toBeUndefined();
  });
});

describe("sticky", () => {
  test("a session stays with the replica that named it", async () => {
    const callees = ["a", "b", "c"].map((name) => httpCallee(naming(name)));
    await using stand = await openStand("sticky", callees);
    const sessions = [];
    for (let n = 0; n < 3; n += 1) sessions.push((await ask(stand.balancer)).headers["mcp-session-id"]);
    expect(sessions).toEqual(["a-1", "b-1", "c-1"]);
    for (const session of [...sessions, ...sessions].map(String)) {
      expect((await ask(stand.balancer, { session })).text).toBe(session[0]);
    }
  });

  test("a session whose replica is gone moves to another, and stays there", async () => {
    const callees = ["a", "b", "c"].map((name) => httpCallee(naming(name)));
    await using stand = await openStand("sticky", callees);
    const session = String((await ask(stand.balancer)).headers["mcp-session-id"]);
    await stand.replicas[0]?.[Symbol.asyncDispose]();
    const texts = [];
    for (let n = 0; n < 4; n += 1) texts.push((await ask(stand.balancer, { session })).text);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).not.toBe("a");
  });

  test("only so many sessions are remembered, those used last", () => {
    const homes = createHomes<string>(2);
    homes.keep("x", "a");
    homes.keep("y", "b");
    homes.keep("x", "a");
    homes.keep("z", "c");
    expect([homes.of("x"), homes.of("y"), homes.of("z")]).toEqual(["a", undefined, "c"]);
  });
});

describe("draining", () => {
  test("the replica gets no more requests, finishes those it has, and is in again when admitted", async () => {
    const gate = Promise.withResolvers<void>();
    const slow: RequestListener = (_, response) => void gate.promise.then(() => response.end("slow"));
    await using stand = await openStand("round-robin", [httpCallee(slow), httpCallee(named("b"))]);
    const first = ask(stand.balancer);
    await expect.poll(() => stand.rigs[0]?.link.openExchanges()).toBe(1);
    const drained = stand.balancer.drain("cloud.1");
    let isIdle = false;
    void drained.idle.then(() => (isIdle = true));
    for (let n = 0; n < 3; n += 1) expect((await ask(stand.balancer)).text).toBe("b");
    expect(isIdle).toBe(false);
    gate.resolve();
    expect((await first).text).toBe("slow");
    await drained.idle;
    drained.admit();
    const texts = [(await ask(stand.balancer)).text, (await ask(stand.balancer)).text];
    expect(texts.toSorted()).toEqual(["b", "slow"]);
  });
});

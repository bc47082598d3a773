/** What rules do on real sockets: connections stay what they are, nothing overtakes, and what is held has its bounds. */
import { request, Agent, type IncomingMessage } from "node:http";
import { once } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Deed, Rule } from "../../src/faults/handles.ts";
import { heldBytesMax } from "../../src/links/held-bytes.ts";
import { seededRandom } from "../../src/world.ts";
import { bodyOf, callLink, certain, httpCallee, openRig, tcpCallee, type Rig } from "./rig.ts";
import { waitFor } from "../waiting.ts";

const answering = (body: string, over: Partial<Rule> = {}): Rule => ({
  ...over,
  deed: { does: "answer-request", make: () => ({ holds: "error", status: 503, body }) },
});
const doing = (deed: Deed, over: Partial<Rule> = {}): Rule => ({ ...over, deed });
const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const ended = (rig: Rig): string[] => rig.exchanges().map(({ ended: how, path }) => `${how} ${path}`);

async function ask(rig: Rig, agent: Agent, { path = "/", body = "" } = {}): Promise<string> {
  const sent = request(rig.url(path), { method: "POST", agent });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return `${answer.statusCode} ${(await bodyOf(answer)).toString()}`;
}

test("a connection on which we answer stays a good one, and the callee answers on it before and after", async () => {
  let acted = 0;
  await using callee = await httpCallee((_request, response) => response.end(`real ${(acted += 1)}`));
  await using rig = await openRig(callee.port, "http");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const says = [await ask(rig, agent)];
  const cure = rig.link.meddle(answering("made", { count: 2 }), certain);
  for (let n = 0; n < 3; n += 1) says.push(await ask(rig, agent, { body: "x".repeat(2000) }));
  await cure.heal();
  says.push(await ask(rig, agent));
  expect(says).toEqual(["200 real 1", "503 made", "503 made", "200 real 2", "200 real 3"]);
  expect(rig.link.connections).toBe(1);
  expect(
    rig.exchanges().map(({ status, meddled, sentUs }) => [status, meddled?.delivered, sentUs === undefined]),
  ).toEqual([
    [200, undefined, false],
    [503, 0, true],
    [503, 0, true],
    [200, undefined, false],
    [200, undefined, false],
  ]);
  agent.destroy();
});

test("pipelined requests are answered in their order, whoever answers them", async () => {
  await using callee = await httpCallee((incoming, response) => response.end(`real ${incoming.url}`));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(answering("made", { path: "/b" }), certain);
  rig.link.meddle(doing({ does: "delay-request", delayMs: 30, jitterMs: 0 }, { path: "/a" }), certain);
  rig.link.meddle(doing({ does: "deliver-twice" }, { path: "/d" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write(["/a", "/b", "/c", "/d"].map((path) => get(path)).join(""));
  await waitFor(() => expect(rig.exchanges()).toHaveLength(4));
  const bodies = (): unknown => caller.text().match(/made|real \/\w/g);
  await waitFor(() => expect(bodies()).toEqual(["real /a", "made", "real /c", "real /d"]));
  expect(ended(rig)).toEqual(["answered /a", "answered /b", "answered /c", "answered /d"]);
  caller.socket.destroy();
});

test("a caller that wants its connection closed gets it closed by whoever answers", async () => {
  await using callee = await httpCallee((_request, response) => response.end("real"));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(answering("made"), certain);
  const caller = callLink(rig.link);
  caller.socket.write(get("/", "Connection: close\r\n"));
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close\r\n\r\nmade$/);
  caller.socket.end();
});

test("a HEAD is answered without a body", async () => {
  await using callee = await httpCallee((_request, response) => response.end("real"));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(answering("made", { count: 1 }), certain);
  const caller = callLink(rig.link);
  caller.socket.write(`HEAD / HTTP/1.1\r\nHost: x\r\n\r\n${get("/next")}`);
  await waitFor(() => expect(caller.text()).toMatch(/^HTTP\/1\.1 503 [^]*Content-Length: 4\r\n\r\nHTTP\/1\.1 200 OK/));
  caller.socket.destroy();
});

test("what is too large to be held passes as it is, and is told", async () => {
  let got = 0;
  await using callee = await httpCallee((incoming, response) => {
    incoming.on("data", (chunk: Buffer) => (got += chunk.length));
    incoming.on("end", () => response.end("real"));
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(answering("made"), certain);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await ask(rig, agent, { body: "x".repeat(heldBytesMax + 1) })).toBe("200 real");
  expect(got).toBe(heldBytesMax + 1);
  expect(rig.exchanges()).toMatchObject([{ ended: "answered", status: 200, tooLarge: true }]);
  expect(rig.exchanges()[0]).not.toHaveProperty("meddled");
  expect(rig.signs.filter(({ is }) => is === "meddled")).toEqual([]);
  expect(await ask(rig, agent)).toBe("503 made");
  agent.destroy();
});

test("an answer that is too large to be held passes as it is, and does not count", async () => {
  let length = heldBytesMax + 1000;
  await using callee = await httpCallee((_request, response) => response.end("y".repeat(length)));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(
    doing({ does: "replace-answer", make: () => ({ holds: "nothing", body: "" }) }, { count: 1 }),
    certain,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await ask(rig, agent)).toHaveLength(length + 4);
  length = 1;
  expect(await ask(rig, agent)).toBe("200 ");
  expect(await ask(rig, agent)).toBe("200 y");
  expect(rig.exchanges().map(({ tooLarge, meddled }) => [tooLarge, meddled?.delivered])).toEqual([
    [true, undefined],
    [undefined, 1],
    [undefined, undefined],
  ]);
  agent.destroy();
});

test("a rule that comes while a request is on its way begins with the next one", async () => {
  await using callee = await httpCallee((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("real"));
  });
  await using rig = await openRig(callee.port, "http");
  const caller = callLink(rig.link);
  caller.socket.write("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
  await waitFor(() => expect(rig.link.openExchanges()).toBe(1));
  rig.link.meddle(answering("made"), certain);
  caller.socket.write(`cd${get("/b")}`);
  await waitFor(() => expect(rig.exchanges()).toHaveLength(2));
  expect(rig.exchanges()).toMatchObject([
    { path: "/a", status: 200 },
    { path: "/b", status: 503 },
  ]);
  caller.socket.destroy();
});

test("a request that waits when its rule is healed goes on at once", async () => {
  await using callee = await httpCallee((_request, response) => response.end("real"));
  await using rig = await openRig(callee.port, "http");
  const agent = new Agent({ keepAlive: true });
  for (const does of ["delay-request", "delay-answer"] as const) {
    const cure = rig.link.meddle(doing({ does, delayMs: 60_000, jitterMs: 0 }), certain);
    const waiting = ask(rig, agent);
    await waitFor(() =>
      expect(rig.signs.some((sign) => sign.is === "meddled" && sign.rule.deed.does === does)).toBe(true),
    );
    await cure.heal();
    expect(await waiting).toBe("200 real");
  }
  expect(ended(rig)).toEqual(["answered /", "answered /"]);
  agent.destroy();
});

test("a caller that resets takes a request with it that is still held", async () => {
  let acted = 0;
  await using callee = await httpCallee((_request, response) => response.end(`real ${(acted += 1)}`));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(doing({ does: "delay-request", delayMs: 60_000, jitterMs: 0 }), certain);
  const caller = callLink(rig.link);
  caller.socket.write(get("/"));
  await waitFor(() => expect(rig.signs).toHaveLength(1));
  caller.socket.resetAndDestroy();
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ ended: "caller-left", meddled: { delivered: 0 } }]));
  expect(acted).toBe(0);
});

test("a callee that closes behind its answer does not take that away from a caller that waits for it", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nreal"));
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(doing({ does: "delay-answer", delayMs: 80, jitterMs: 0 }), certain);
  const caller = callLink(rig.link);
  caller.socket.write(get("/"));
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).toMatch(/real$/);
  expect(ended(rig)).toEqual(["answered /"]);
  caller.socket.end();
});

test("an answer that breaks off is passed on as far as it came, and nothing is made of it", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(doing({ does: "replace-answer", make: () => ({ holds: "nothing", body: "" }) }), certain);
  const caller = callLink(rig.link);
  caller.socket.write(get("/"));
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).toMatch(/half$/);
  expect(rig.exchanges()).toMatchObject([{ ended: "closed" }]);
  expect(rig.exchanges()[0]).not.toHaveProperty("meddled");
  caller.socket.end();
});

test("without a rule that is for requests none is held, byte for byte", async () => {
  await using callee = await tcpCallee((socket) => socket.on("data", (chunk) => socket.write(chunk)));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(doing({ does: "lose-answer", instead: "close" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("POST / HTTP/1.1\r\nContent-Len");
  await waitFor(() => expect(caller.text()).toBe("POST / HTTP/1.1\r\nContent-Len"));
  caller.socket.destroy();
});

const deeds: readonly Deed[] = [
  { does: "lose-request", instead: "close" },
  { does: "lose-request", instead: "reset" },
  { does: "lose-answer", instead: "close" },
  { does: "lose-answer", instead: "hang" },
  { does: "delay-request", delayMs: 5, jitterMs: 5 },
  { does: "delay-answer", delayMs: 5, jitterMs: 0 },
  { does: "deliver-twice" },
  { does: "reorder-answers", withinMs: 5 },
  { does: "answer-request", make: () => ({ holds: "error", status: 503, body: "made" }) },
  { does: "replace-answer", make: () => ({ holds: "nothing", body: "" }) },
  {
    does: "replace-answer",
    make: () => ({ holds: "garbage", body: "ma", unended: { how: "cut", answered: false } }),
  },
];
const someRule = fc.record({
  deed: fc.constantFrom(...deeds),
  after: fc.nat(3),
  count: fc.integer({ min: 1, max: 3 }),
  probability: fc.constantFrom(0.3, 0.7, 1),
});

test("whatever rules are on, each request is accounted for once, and the callee gets what that says", async () => {
  let acted = 0;
  await using callee = await httpCallee((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end(`real ${(acted += 1)}`));
  });
  await fc.assert(
    fc.asyncProperty(fc.array(someRule, { minLength: 1, maxLength: 4 }), fc.integer(), async (rules, seed) => {
      await using rig = await openRig(callee.port, "http");
      const before = acted;
      const random = seededRandom(seed);
      const agent = new Agent({ keepAlive: true, maxSockets: 3 });
      const cures = rules.map((rule) => rig.link.meddle(rule, () => random.next()));
      const asking = Array.from({ length: 15 }, (_, n) => ask(rig, agent, { path: `/${n}` }).catch(() => "broken"));
      // All three connections may hang by then.
      await waitFor(() => expect(rig.exchanges().length).toBeGreaterThanOrEqual(3));
      for (const cure of cures) await cure.heal();
      await Promise.all(asking);
      agent.destroy();
      await waitFor(() => expect(rig.exchanges().length).toBe(15));
      const exchanges = rig.exchanges();
      expect(new Set(exchanges.map(({ path }) => path)).size).toBe(15);
      const delivered = exchanges.reduce((sum, { meddled }) => sum + (meddled?.delivered ?? 1), 0);
      expect(acted - before).toBe(delivered);
      expect(rig.signs.filter(({ is }) => is === "meddled")).toHaveLength(
        exchanges.filter(({ meddled }) => meddled !== undefined).length,
      );
      for (const { ended: how } of exchanges) expect(["answered", "eaten", "lost"]).toContain(how);
    }),
    { numRuns: 40 },
  );
}, 60_000);

/** What the tap on a stdio process passes, records and signs. */
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { Sign } from "../../src/faults/handles.ts";
import type { ConnectionEvent, Exchange, Unstamped } from "../../src/history/events.ts";
import { opId } from "../../src/history/ids.ts";
import { openStdioLink, type StdioLink } from "../../src/links/stdio-link.ts";
import type { StdioPipe } from "../../src/wire/stdio-pipe.ts";
import { realWorld } from "../../src/world.ts";
import { certain, losing, nonce, tracer } from "./rig.ts";
import { waitFor } from "../waiting.ts";

interface Rig {
  readonly link: StdioLink;
  readonly events: readonly Unstamped[];
  readonly signs: readonly Sign[];
  readonly exchanges: () => Exchange[];
  readonly connections: () => ConnectionEvent[];
  readonly connect: () => Tapped;
}

interface Tapped {
  readonly pipe: StdioPipe;
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly lines: readonly string[];
  readonly overlong: () => number;
  readonly closed: () => number;
  readonly ends: () => number;
  /** The process exits. */
  readonly exit: () => void;
}

function rig(): Rig {
  const events: Unstamped[] = [];
  const signs: Sign[] = [];
  const record = (event: Unstamped) => ({ id: `test:${events.push(event)}`, atUs: realWorld.nowUs() });
  const link = openStdioLink({
    name: "planner@cloud",
    recorder: { record, nowUs: realWorld.nowUs },
    tracer,
    world: realWorld,
  });
  link.onSign((sign) => signs.push(sign));
  const connect = (): Tapped => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const exited = Promise.withResolvers<void>();
    const lines: string[] = [];
    let [overlong, closed, ends] = [0, 0, 0];
    const end = (): Promise<void> => Promise.resolve(void (ends += 1));
    const pipe = link.connect({ stdin, stdout, silent: exited.promise, end });
    pipe.listen({
      onLine: (line) => lines.push(line.toString("latin1")),
      onOverlong: () => (overlong += 1),
      onClosed: () => (closed += 1),
    });
    const counts = { overlong: () => overlong, closed: () => closed, ends: () => ends };
    return { pipe, stdin, stdout, lines, ...counts, exit: () => exited.resolve() };
  };
  return {
    link,
    events,
    signs,
    exchanges: () => events.filter((event) => event.type === "exchange"),
    connections: () => events.filter((event) => event.type === "connection"),
    connect,
  };
}

const at = { group: "planner", agent: 3, walk: 1, step: 0 };
const op = opId(nonce, at);

function call(id: number, tool = "CreateLimitRequest"): string {
  const meta = { traceparent: tracer.traceparent(at, 2), "squall/op": op };
  const params = { name: tool, arguments: { requestId: op }, _meta: meta };
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
}

const answer = (id: number, result: unknown = {}): string => JSON.stringify({ jsonrpc: "2.0", id, result });

test("lines pass unchanged both ways, garbage and frames alike, however they are cut", async () => {
  const line = fc.oneof(
    fc.constantFrom(call(1), answer(1), answer(77), "", "\r", "not JSON", "[1, 2", "[]", "null", '{"id":1}'),
    fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array).toString("latin1").replaceAll("\n", " ")),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(line), fc.integer({ min: 1, max: 40 }), async (up, down, size) => {
      const { connect } = rig();
      const { pipe, stdin, stdout, lines } = connect();
      for (const sent of up) pipe.send(sent);
      const bytes = Buffer.from(down.map((text) => `${text}\n`).join(""), "latin1");
      for (let from = 0; from < bytes.length; from += size) stdout.write(bytes.subarray(from, from + size));
      await waitFor(() => expect(lines).toHaveLength(down.length));
      expect(lines).toEqual(down);
      expect((stdin.read() as Buffer | null)?.toString() ?? "").toBe(up.map((text) => `${text}\n`).join(""));
    }),
    { numRuns: 60 },
  );
});

test("a call and its answer make one exchange, joined by its canary and without contents", async () => {
  const { connect, exchanges } = rig();
  const { pipe, stdout, lines } = connect();
  pipe.send(call(5));
  stdout.write(answer(5).slice(0, 10));
  await new Promise((resolve) => setTimeout(resolve, 20));
  stdout.write(`${answer(5).slice(10)}\n`);
  await waitFor(() => expect(lines).toEqual([answer(5)]));
  expect(exchanges()).toEqual([
    {
      type: "exchange",
      link: "planner@cloud",
      connection: 1,
      ops: [op],
      attempt: 2,
      method: "tools/call",
      path: "",
      tool: "CreateLimitRequest",
      startedUs: expect.any(Number),
      sentUs: expect.any(Number),
      firstByteUs: expect.any(Number),
      ended: "answered",
      bytesUp: call(5).length + 1,
      bytesDown: answer(5).length + 1,
    },
  ]);
  const [{ sentUs = 0, firstByteUs = 0 } = {}] = exchanges();
  // The first byte counts, not the whole line.
  expect(firstByteUs).toBeGreaterThanOrEqual(sentUs);
  expect(firstByteUs).toBeLessThan(realWorld.nowUs() - 15_000);
});

test("answers are joined by their ids, in whatever order and batch they come", async () => {
  const { connect, exchanges } = rig();
  const { pipe, stdout, lines } = connect();
  pipe.send(call(1, "A"));
  pipe.send('{"jsonrpc":"2.0","id":2,"method":"tools/list"}');
  pipe.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  pipe.send(answer(9));
  pipe.send(call(3, "C"));
  // A request of the server's own may carry the id of one of ours.
  stdout.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  stdout.write(`[${answer(3)},${answer(2)}]\n${answer(1)}\n${answer(1)}\n`);
  await waitFor(() => expect(lines).toHaveLength(4));
  expect(exchanges().map(({ method, tool, ended }) => [method, tool, ended])).toEqual([
    ["tools/call", "C", "answered"],
    ["tools/list", "tools/list", "answered"],
    ["tools/call", "A", "answered"],
  ]);
});

test("a process is one connection: who ended it, with the bytes of both ways", async () => {
  const { connect, connections, exchanges, signs, link } = rig();
  const [first, second, third] = [connect(), connect(), connect()];
  first.pipe.send(call(1));
  first.stdout.write("noise");
  await waitFor(() => expect(first.stdout.readableLength).toBe(0));
  await first.pipe.close();
  second.pipe.send(call(1));
  second.stdout.end("last words");
  await waitFor(() => expect(second.closed()).toBe(1));
  third.pipe.send(call(1));
  await link.close();
  const closed = { type: "connection", link: "planner@cloud", edge: "closed", how: "fin", bytesUp: call(1).length + 1 };
  expect(connections().filter(({ edge }) => edge === "closed")).toEqual([
    { ...closed, connection: 1, by: "caller", bytesDown: 5 },
    { ...closed, connection: 2, by: "callee", bytesDown: 10 },
    { ...closed, connection: 3, by: "tap", bytesDown: 0 },
  ]);
  expect(connections().filter(({ edge }) => edge === "opened")).toHaveLength(3);
  expect(link.connections).toBe(3);
  expect(exchanges().map(({ ended }) => ended)).toEqual(["caller-left", "closed", "open"]);
  expect(signs.map((sign) => (sign.is === "cut" ? sign : sign.is))).toEqual([
    "called",
    "silent",
    "returned",
    "called",
    "returned",
    { is: "cut", how: "fin", inFlight: true },
    "called",
    "silent",
    "returned",
  ]);
  // Whoever closes by itself is not told; and every process is seen to its end.
  expect([first.closed(), second.closed(), third.closed()]).toEqual([0, 1, 1]);
  expect([first.ends(), second.ends(), third.ends()]).toEqual([1, 1, 1]);
});

test("a process that exits while its stdout is held open is over, and what comes then is nobody's", async () => {
  const { connect, exchanges } = rig();
  const { pipe, stdout, lines, closed, exit } = connect();
  pipe.send(call(1));
  exit();
  await waitFor(() => expect(closed()).toBe(1));
  stdout.write(`${answer(1)}\n`);
  await waitFor(() => expect(stdout.readableLength).toBe(0));
  expect(lines).toEqual([]);
  expect(exchanges().map(({ ended }) => ended)).toEqual(["closed"]);
});

test("a pipe that was over before anybody listened says so at once", async () => {
  const { link } = rig();
  const stdout = new PassThrough().pause();
  const pipe = link.connect({
    stdin: new PassThrough(),
    stdout,
    silent: Promise.resolve(),
    end: () => Promise.resolve(),
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const onClosed = vi.fn<() => void>();
  pipe.listen({ onLine: () => {}, onOverlong: () => {}, onClosed });
  expect(onClosed).toHaveBeenCalledOnce();
});

test("an eaten answer never reaches the client; everything else passes, also once the rule is healed", async () => {
  const { connect, exchanges, signs, link } = rig();
  const { pipe, stdout, lines, closed } = connect();
  const rule = losing({ tool: "CreateLimitRequest", count: 2, instead: "hang" });
  const cure = link.meddle(rule, certain);
  pipe.send('{"jsonrpc":"2.0","id":1,"method":"initialize"}');
  pipe.send(call(2, "FetchResources"));
  for (const id of [3, 4, 5]) pipe.send(call(id));
  for (const id of [1, 2, 3, 4, 5]) stdout.write(`${answer(id)}\n`);
  await waitFor(() => expect(lines).toEqual([answer(1), answer(2), answer(5)]));
  expect(exchanges().map(({ ended }) => ended)).toEqual(["answered", "answered", "eaten", "eaten", "answered"]);
  expect(signs.filter(({ is }) => is === "meddled")).toEqual([
    { is: "meddled", rule },
    { is: "meddled", rule },
  ]);
  await cure.heal();
  pipe.send(call(6));
  stdout.write(`${answer(6)}\n`);
  await waitFor(() => expect(lines).toContain(answer(6)));
  expect(closed()).toBe(0);
});

test("a rule that was waiting for an answer when it was healed lets it pass", async () => {
  const { connect, exchanges, link } = rig();
  const { pipe, stdout, lines } = connect();
  const cure = link.meddle(losing({ count: 1, instead: "hang" }), certain);
  pipe.send(call(1));
  await cure.heal();
  stdout.write(`${answer(1)}\n`);
  await waitFor(() => expect(lines).toEqual([answer(1)]));
  expect(exchanges().map(({ ended }) => ended)).toEqual(["answered"]);
});

test("an answer that did not come gives its place in the count to another", async () => {
  const { connect, exchanges, link } = rig();
  link.meddle(losing({ count: 1, instead: "hang" }), certain);
  const first = connect();
  first.pipe.send(call(1));
  first.stdout.end();
  await waitFor(() => expect(first.closed()).toBe(1));
  const second = connect();
  second.pipe.send(call(1));
  second.stdout.write(`${answer(1)}\n`);
  await waitFor(() => expect(exchanges()).toHaveLength(2));
  expect(exchanges().map(({ ended }) => ended)).toEqual(["closed", "eaten"]);
});

test("a line over the limit is told and passed over; the next one is read", async () => {
  const { connect } = rig();
  const { stdout, lines, overlong } = connect();
  const part = Buffer.alloc(1024 * 1024, "x");
  for (let n = 0; n < 11; n += 1) stdout.write(part);
  await waitFor(() => expect(overlong()).toBe(1));
  stdout.write("\nafter\n");
  await waitFor(() => expect(lines).toEqual(["after"]));
});

test("a process that reads nothing is given up before it fills the memory", async () => {
  const { connect, connections } = rig();
  const { pipe, closed, ends } = connect();
  const line = "x".repeat(1024 * 1024);
  for (let n = 0; n < 20; n += 1) pipe.send(line);
  expect(closed()).toBe(1);
  expect(ends()).toBe(1);
  expect(connections().at(-1)).toMatchObject({ edge: "closed", by: "tap" });
});

test("connections can be dropped, and there is no network to break", async () => {
  const { connect, link, exchanges } = rig();
  const [one, two] = [connect(), connect()];
  one.pipe.send(call(1));
  expect(link.openExchanges()).toBe(1);
  expect(link.dropConnections()).toBe(2);
  expect(link.dropConnections()).toBe(0);
  expect([one.closed(), two.closed(), one.ends(), two.ends()]).toEqual([1, 1, 1, 1]);
  expect(exchanges().map(({ ended }) => ended)).toEqual(["closed"]);
  await expect(link.setEnabled(false)).rejects.toThrow("planner@cloud is a stdio link: it has no network to close");
  const toxic = { type: "latency", stream: "downstream", attributes: {} } as const;
  await expect(link.addToxic(toxic)).rejects.toThrow("no network");
});

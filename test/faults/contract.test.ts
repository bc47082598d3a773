/**
 * The contract of every fault kind on links, on each engine, a real link and a real HTTP server: it bites, its mark is seen at
 * the tap, it is healed, and it tells nothing where it was not injected.
 */
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import type { Sign } from "../../src/faults/handles.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import type { Stamp, Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { openLink, type Link } from "../../src/links/link.ts";
import { realWorld } from "../../src/world.ts";
import { enginesUnderTest } from "../engines/engines-under-test.ts";

/** What breaks processes is held to its own contract, beside this one. */
const linkKinds = faultKinds.filter((kind): kind is Extract<typeof kind, { on: "link" }> => kind.on === "link");

type OpenEngine = () => Promise<Pick<Engine, "openProxy" | "close">>;

const engines = enginesUnderTest.map(({ name, absent, start }) => {
  const open: OpenEngine = async () => {
    const running = await start();
    const toxiproxy = openToxiproxy({ url: running.url, world: realWorld });
    return { openProxy: (called, to) => toxiproxy.openProxy(called, to), close: () => running.stop() };
  };
  return { name, absent, open };
});

let engine: Awaited<ReturnType<OpenEngine>>;
let server: Server;
let executed = 0;
let links = 0;

/** Acts once it has the whole request, and answers with as many bytes more as the query asks for. */
function serve(incoming: IncomingMessage, response: ServerResponse): void {
  incoming.resume();
  incoming.on("end", () => {
    executed += 1;
    const more = Number(new URL(incoming.url ?? "/", "http://server").searchParams.get("bytes"));
    response.end(`{"ok":true}${" ".repeat(more)}`);
  });
}

function openWith(open: OpenEngine): void {
  beforeAll(async () => {
    engine = await open();
    server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    await engine.close();
    server.closeAllConnections();
    server.close();
  });
}

async function openTestLink(): Promise<Link> {
  let count = 0;
  links += 1;
  const record = (event: Unstamped): Stamp => {
    count += 1;
    return { id: `t:${count}`, atUs: event.type === "phase" ? 0 : realWorld.nowUs() };
  };
  return openLink({
    name: `cloud->cloud-api-${links}`,
    engine,
    upstream: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    protocol: "http",
    recorder: { record, nowUs: realWorld.nowUs },
    tracer: createTracer("0000f00d", ["planner"]),
    world: realWorld,
  });
}

interface Call {
  readonly agent?: Agent | false;
  readonly timeout?: number;
  /** How much is sent, and how much comes back beside the usual. */
  readonly up?: number;
  readonly down?: number;
}

/** As a client does that keeps its connection, and closes it when it has its answer. */
async function callAndLeave(link: Link, more: Call): ReturnType<typeof call> {
  const agent = new Agent({ keepAlive: true });
  try {
    return await call(link, { ...more, agent });
  } finally {
    agent.destroy();
  }
}

const impatientMs = 400;

/** What a caller comes to who gives up when nothing has come for so long. */
function call(
  link: Link,
  { agent = false, timeout = 10_000, up = 2, down = 0 }: Call = {},
): Promise<"ok" | "broken" | "timeout"> {
  return new Promise((resolve) => {
    const { host, port } = link.address;
    const path = `/x?bytes=${down}`;
    const asked = request({ host, port, method: "POST", path, agent, timeout }, (response) => {
      response.resume();
      response.once("end", () => resolve("ok"));
      response.once("error", () => resolve("broken"));
    });
    asked.once("error", () => resolve("broken"));
    asked.once("timeout", () => {
      resolve("timeout");
      asked.destroy();
    });
    asked.end(" ".repeat(up));
  });
}

interface Case {
  readonly attributes: object;
  readonly callerGets: "ok" | "broken" | "timeout";
  readonly executes: 0 | 1;
  readonly call?: Call;
  /** The caller is the one to close its connection. */
  readonly leaves?: true;
  /** The mark shows only some time after the call. */
  readonly showsLater?: true;
}

const large = 30_000;
const up = "upstream";

/** Of those that single out requests, protocol.test.ts holds the contract; one of them shows that an HTTP link will do. */
const cases: Readonly<Partial<Record<(typeof linkKinds)[number]["kind"], readonly Case[]>>> = {
  bandwidth: [
    { attributes: { rate: "100KB/s" }, call: { down: large }, callerGets: "ok", executes: 1 },
    { attributes: { rate: "200KB/s", direction: up }, call: { up: large }, callerGets: "ok", executes: 1 },
    { attributes: { rate: "10KB/s", direction: up }, call: { up: large }, callerGets: "timeout", executes: 1 },
  ],
  "limit-data": [
    { attributes: { bytes: "5KB" }, call: { down: large }, callerGets: "broken", executes: 1 },
    { attributes: { bytes: "0B" }, callerGets: "broken", executes: 1 },
    { attributes: { bytes: "5KB", direction: up }, call: { up: large }, callerGets: "broken", executes: 0 },
  ],
  reset: [
    { attributes: {}, callerGets: "broken", executes: 1 },
    { attributes: { after: "50ms", direction: up }, callerGets: "broken", executes: 0 },
  ],
  slicer: [
    { attributes: { size: "1KB", delay: "5ms" }, call: { down: large }, callerGets: "ok", executes: 1 },
    {
      attributes: { size: "2KB", variation: "500B", direction: up },
      call: { up: large },
      callerGets: "ok",
      executes: 1,
    },
  ],
  "slow-close": [
    { attributes: { delay: "200ms" }, callerGets: "ok", executes: 1, showsLater: true },
    { attributes: { delay: "200ms", direction: up }, callerGets: "ok", executes: 1, leaves: true, showsLater: true },
  ],
  timeout: [
    { attributes: { after: "100ms" }, callerGets: "broken", executes: 1, leaves: true },
    { attributes: { after: "100ms", direction: up }, callerGets: "broken", executes: 0 },
    { attributes: { after: "5s" }, callerGets: "timeout", executes: 1, leaves: true },
  ],
  latency: [
    { attributes: { delay: "120ms", jitter: "20ms" }, callerGets: "ok", executes: 1 },
    { attributes: { delay: "120ms", direction: up }, callerGets: "ok", executes: 1 },
    { attributes: { delay: "700ms" }, callerGets: "timeout", executes: 1 },
  ],
  "egress-block": [
    { attributes: { how: "refuse" }, callerGets: "broken", executes: 0 },
    { attributes: { how: "black-hole" }, callerGets: "timeout", executes: 0 },
    { attributes: { how: "reset" }, callerGets: "broken", executes: 0 },
    { attributes: { how: "refuse", heal: "drop-connections" }, callerGets: "broken", executes: 0 },
    // What was sent into the hole comes out of it, though its caller has gone: TCP does that too.
    { attributes: { how: "black-hole", heal: "let-through" }, callerGets: "timeout", executes: 1 },
    { attributes: { how: "reset", heal: "let-through" }, callerGets: "broken", executes: 0 },
  ],
  flap: [
    { attributes: { down: "1s", up: "1s", how: "reset", heal: "let-through" }, callerGets: "broken", executes: 0 },
    { attributes: { down: "1s", up: "1s", heal: "drop-connections" }, callerGets: "broken", executes: 0 },
    { attributes: { down: "1s", up: "1s" }, callerGets: "broken", executes: 0 },
    { attributes: { down: "1s", up: "1s", how: "black-hole" }, callerGets: "timeout", executes: 0 },
  ],
  "lost-answer": [
    { attributes: {}, callerGets: "broken", executes: 1 },
    { attributes: { instead: "reset", method: "POST", path: "/x" }, callerGets: "broken", executes: 1 },
    { attributes: { instead: "hang" }, callerGets: "timeout", executes: 1 },
    { attributes: { path: "/elsewhere" }, callerGets: "ok", executes: 1 },
  ],
};

for (const { name: engineName, absent, open } of engines) {
  describe.skipIf(absent)(`on ${engineName}`, () => {
    openWith(open);
    describeKinds();
    describeHealing();
    describeOverlaps();
  });
}

function describeKinds(): void {
  describe.each(linkKinds.map((kind) => [kind.kind, kind] as const))("%s", (name, kind) => {
    test.each(cases[name] ?? [])(
      "$attributes: the caller gets $callerGets, the callee acts $executes times",
      async (expected) => {
        const link = await openTestLink();
        const calling = (more: Call = {}): ReturnType<typeof call> =>
          (expected.leaves === true ? callAndLeave : call)(link, { ...expected.call, ...more });
        const fault = kind.prepare(expected.attributes);
        const shown: Sign[] = [];
        try {
          for (let calm = 0; calm < 5; calm += 1) expect(await calling()).toBe("ok");
          link.onSign((sign) => {
            if (fault.showsIn(sign)) shown.push(sign);
          });
          const before = executed;
          const cure = await fault.inject(link);
          const patience = expected.callerGets === "timeout" ? { timeout: impatientMs } : {};
          expect(await calling(patience)).toBe(expected.callerGets);
          if (expected.showsLater === true) await expect.poll(() => shown.length).toBeGreaterThan(0);
          await cure.heal();
          await expect.poll(() => executed - before).toBe(expected.executes);
          const idle = JSON.stringify(expected.attributes).includes("elsewhere");
          expect(shown.length, `the mark of ${name} at the tap`).toBeGreaterThanOrEqual(idle ? 0 : 1);
          if (idle) expect(shown).toEqual([]);

          // A machine that halts now and then makes a call slow too; what is not healed makes all of them so.
          const onceHealed = async (): Promise<readonly Sign[]> => {
            shown.length = 0;
            for (let healed = 0; healed < 3; healed += 1) expect(await calling()).toBe("ok");
            return shown;
          };
          await expect.poll(onceHealed, { message: "nothing shows once it is healed" }).toEqual([]);
        } finally {
          await link.close();
        }
      },
    );

    test("is tried", () => {
      expect(kind.plane === "protocol" || (cases[name] ?? []).length > 0).toBe(true);
    });

    test("says what it is, and refuses what it does not know", () => {
      expect(kind.about).toMatch(/^[A-Z].*\.$/);
      expect(kind.callerSees.length).toBeGreaterThan(10);
      expect(kind.attributes.safeParse({ nonsense: true }).success).toBe(false);
    });
  });
}

function prepared(name: string, attributes: object) {
  const kind = linkKinds.find((candidate) => candidate.kind === name);
  if (kind === undefined) throw new Error(`no ${name}`);
  return kind.prepare(attributes);
}

function describeHealing(): void {
  describe.each(["egress-block", "flap"])("the forms of healing of %s", (name) => {
    const spells = name === "flap" ? { down: "1s", up: "1s" } : {};

    test("are what the scenario says, or what fits the way it is down", () => {
      const formOf = (attributes: object) => prepared(name, { ...spells, ...attributes }).healForm;
      expect(["refuse", "black-hole", "reset"].map((how) => formOf({ how }))).toEqual([
        "let-through",
        "drop-connections",
        "drop-connections",
      ]);
      for (const how of ["refuse", "black-hole", "reset"]) {
        for (const heal of ["let-through", "drop-connections"]) expect(formOf({ how, heal })).toBe(heal);
      }
    });

    test.each([
      // Refusing ends every connection when it begins, so there is none left to be let through.
      { how: "refuse", heal: "let-through", idle: "gone", caught: "broken" },
      { how: "refuse", heal: "drop-connections", idle: "gone", caught: "broken" },
      { how: "black-hole", heal: "let-through", idle: "lives on", caught: "ok" },
      { how: "black-hole", heal: "drop-connections", idle: "gone", caught: "broken" },
      { how: "reset", heal: "let-through", idle: "lives on", caught: "broken" },
      { how: "reset", heal: "drop-connections", idle: "gone", caught: "broken" },
    ])("$how, $heal: an idle connection is $idle, a request caught in it ends $caught", async (expected) => {
      const { how, heal, idle, caught } = expected;
      const link = await openTestLink();
      const pools = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const;
      try {
        for (const agent of pools) expect(await call(link, { agent })).toBe("ok");
        expect(link.connections).toBe(2);
        const cure = await prepared(name, { ...spells, how, heal }).inject(link);
        const waiting = call(link, { agent: pools[0] });
        if (how === "black-hole") await expect.poll(() => link.openExchanges()).toBe(1);
        else expect(await waiting).toBe(caught);
        await cure.heal();
        expect(await waiting).toBe(caught);
        const before = link.connections;
        // A pool may notice only by using it that its connection is gone.
        const next = await call(link, { agent: pools[1] });
        if (next === "broken") expect(await call(link, { agent: pools[1] })).toBe("ok");
        expect(link.connections - before).toBe(idle === "gone" ? 1 : 0);
        expect(idle === "lives on" ? next : "ok").toBe("ok");
      } finally {
        for (const agent of pools) agent.destroy();
        await link.close();
      }
    });
  });
}

function describeOverlaps(): void {
  describe("toxicity", () => {
    test("is the share of connections that feel the fault, and one is enough to show it", async () => {
      const link = await openTestLink();
      for (let calm = 0; calm < 5; calm += 1) expect(await call(link)).toBe("ok");
      const half = prepared("limit-data", { bytes: "10B", toxicity: 0.5 });
      let shown = 0;
      link.onSign((sign) => (shown += half.showsIn(sign) ? 1 : 0));
      const cure = await half.inject(link);
      const came = await Promise.all(Array.from({ length: 40 }, () => call(link)));
      const broken = came.filter((one) => one === "broken").length;
      expect(broken).toBeGreaterThan(5);
      expect(broken).toBeLessThan(35);
      expect(shown).toBe(broken);
      await cure.heal();
      await link.close();
    });
  });

  describe("faults that overlap on one link", () => {
    test("the link opens again only when the last that closed it is healed", async () => {
      const link = await openTestLink();
      const [first, second] = [
        await prepared("egress-block", {}).inject(link),
        await prepared("flap", { down: "1s", up: "1s" }).inject(link),
      ];
      await first.heal();
      expect(await call(link)).toBe("broken");
      await second.heal();
      expect(await call(link)).toBe("ok");
      await link.close();
    });

    test("an eaten answer proves only the fault that has eaten it", async () => {
      const link = await openTestLink();
      const [eater, idle] = [prepared("lost-answer", { path: "/x" }), prepared("lost-answer", { path: "/y" })];
      const shown = { eater: 0, idle: 0 };
      link.onSign((sign) => {
        if (eater.showsIn(sign)) shown.eater += 1;
        if (idle.showsIn(sign)) shown.idle += 1;
      });
      const cures = [await eater.inject(link), await idle.inject(link)];
      expect(await call(link)).toBe("broken");
      expect(shown).toEqual({ eater: 1, idle: 0 });
      for (const cure of cures) await cure.heal();
      await link.close();
    });
  });
}

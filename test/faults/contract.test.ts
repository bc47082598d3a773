/**
 * The contract of every fault kind, on the real embedded engine, a real link and a real HTTP server: it bites, its mark
 * is seen at the tap, it is healed, and it tells nothing where it was not injected.
 */
import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { openEmbeddedEngine } from "../../src/engines/embedded/embedded.ts";
import type { Sign } from "../../src/faults/handles.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import type { Stamp, Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { openLink, type Link } from "../../src/links/link.ts";
import { realWorld } from "../../src/world.ts";

let engine: Engine;
let server: Server;
let executed = 0;

beforeAll(async () => {
  engine = await openEmbeddedEngine({ world: realWorld, seed: 42 });
  server = createServer((_, response) => {
    executed += 1;
    response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await engine.close();
  server.closeAllConnections();
  server.close();
});

let links = 0;

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

/** What a caller with 400 ms of patience comes to. */
function call(
  link: Link,
  { agent = false, timeout = 400 }: { agent?: Agent | false; timeout?: number } = {},
): Promise<"ok" | "broken" | "timeout"> {
  return new Promise((resolve) => {
    const { host, port } = link.address;
    const asked = request({ host, port, method: "POST", path: "/x", agent, timeout }, (response) => {
      response.resume();
      response.once("end", () => resolve("ok"));
      response.once("error", () => resolve("broken"));
    });
    asked.once("error", () => resolve("broken"));
    asked.once("timeout", () => {
      resolve("timeout");
      asked.destroy();
    });
    asked.end("{}");
  });
}

interface Case {
  readonly attributes: object;
  readonly callerGets: "ok" | "broken" | "timeout";
  readonly executes: 0 | 1;
}

const cases: Readonly<Record<(typeof faultKinds)[number]["kind"], readonly Case[]>> = {
  latency: [
    { attributes: { delay: "120ms", jitter: "20ms" }, callerGets: "ok", executes: 1 },
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

describe.each(faultKinds.map((kind) => [kind.kind, kind] as const))("%s", (name, kind) => {
  test.each(cases[name])(
    "$attributes: the caller gets $callerGets, the callee acts $executes times",
    async (expected) => {
      const link = await openTestLink();
      const fault = kind.prepare(expected.attributes);
      const shown: Sign[] = [];
      try {
        for (let calm = 0; calm < 5; calm += 1) expect(await call(link)).toBe("ok");
        link.onSign((sign) => {
          if (fault.showsIn(sign)) shown.push(sign);
        });
        const before = executed;
        const cure = await fault.inject(link);
        expect(await call(link)).toBe(expected.callerGets);
        await cure.heal();
        await expect.poll(() => executed - before).toBe(expected.executes);
        const idle = JSON.stringify(expected.attributes).includes("elsewhere");
        expect(shown.length, `the mark of ${name} at the tap`).toBeGreaterThanOrEqual(idle ? 0 : 1);
        if (idle) expect(shown).toEqual([]);

        shown.length = 0;
        for (let healed = 0; healed < 3; healed += 1) expect(await call(link)).toBe("ok");
        expect(shown, "nothing shows once it is healed").toEqual([]);
      } finally {
        await link.close();
      }
    },
  );

  test("says what it is, and refuses what it does not know", () => {
    expect(kind.about).toMatch(/^[A-Z].*\.$/);
    expect(kind.callerSees.length).toBeGreaterThan(10);
    expect(kind.attributes.safeParse({ nonsense: true }).success).toBe(false);
  });
});

function prepared(name: string, attributes: object) {
  const kind = faultKinds.find((candidate) => candidate.kind === name);
  if (kind === undefined) throw new Error(`no ${name}`);
  return kind.prepare(attributes);
}

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
      const waiting = call(link, { agent: pools[0], timeout: 10_000 });
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

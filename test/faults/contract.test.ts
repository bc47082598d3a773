/**
 * The contract of every fault kind, on the real embedded engine, a real link and a real HTTP server: it bites, its mark
 * is seen at the tap, it is healed, and it tells nothing where it was not injected.
 */
import { createServer, request, type Server } from "node:http";
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
function call(link: Link): Promise<"ok" | "broken" | "timeout"> {
  return new Promise((resolve) => {
    const { host, port } = link.address;
    const asked = request({ host, port, method: "POST", path: "/x", agent: false, timeout: 400 }, (response) => {
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
  ],
  flap: [
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

describe("faults that overlap on one link", () => {
  const prepared = (name: string, attributes: object) => {
    const kind = faultKinds.find((candidate) => candidate.kind === name);
    if (kind === undefined) throw new Error(`no ${name}`);
    return kind.prepare(attributes);
  };

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

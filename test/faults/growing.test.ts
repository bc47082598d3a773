/** Faults that grow, on each engine: a step leaves the very toxic that a fresh fault of these attributes would make. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import type { LinkHandle } from "../../src/faults/handles.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { openLink } from "../../src/links/link.ts";
import { openFaultDesk } from "../../src/run/fault-desk.ts";
import { realWorld } from "../../src/world.ts";
import { embedded, enginesUnderTest, type RunningEngine } from "../engines/engines-under-test.ts";
import { waitFor } from "../waiting.ts";

const world = realWorld;
const shares = { toxicity: 0.3 };

/** Of each kind that can grow: as it begins, and each of its attributes grown. */
const cases: Readonly<Record<string, readonly [begins: object, ...grown: object[]]>> = {
  bandwidth: [{ rate: "100KB/s" }, { rate: "20KB/s" }, shares],
  latency: [{ delay: "5ms" }, { delay: "500ms" }, { jitter: "3ms" }, shares],
  "limit-data": [{ bytes: "1KB" }, { bytes: "2KB" }, shares],
  reset: [{ after: "10ms" }, { after: "1s" }, shares],
  slicer: [{ size: "1KB" }, { size: "200B" }, { delay: "1ms" }, shares],
  "slow-close": [{ delay: "20ms" }, { delay: "1s" }, shares],
  timeout: [{ after: "1s" }, { after: "2s" }, shares],
};

test("every attribute that may grow is tried", () => {
  const told = faultKinds.flatMap((kind) => ("grows" in kind ? kind.grows.map((name) => `${kind.kind} ${name}`) : []));
  const tried = Object.entries(cases).flatMap(([kind, [, ...grown]]) =>
    grown.map((one) => `${kind} ${Object.keys(one).join()}`),
  );
  expect(tried.toSorted()).toEqual(told.toSorted());
});

describe.each(enginesUnderTest)("on $name", ({ absent, start }) => {
  let engine: RunningEngine;
  beforeAll(async () => {
    if (!absent) engine = await start();
  });
  afterAll(() => (absent ? undefined : engine.stop()));

  test.skipIf(absent).each(Object.entries(cases))("%s", async (name, [begins, ...grown]) => {
    const kind = faultKinds.find((candidate) => candidate.kind === name);
    if (kind?.on !== "link") throw new Error(`no kind ${name}`);
    const api = openToxiproxy({ url: engine.url, world });
    const toxicsOf = async (proxy: string): Promise<unknown[]> => {
      const toxics = (await (await fetch(`${engine.url}/proxies/${proxy}/toxics`)).json()) as object[];
      return toxics.map((toxic) => ({ ...toxic, name: "" }));
    };
    const linkOver = async (proxyName: string): Promise<LinkHandle> => {
      const proxy = await api.openProxy(proxyName, { host: "127.0.0.1", port: 9 });
      return {
        name: proxyName,
        setEnabled: (enabled) => proxy.setEnabled(enabled),
        addToxic: (toxic) => proxy.addToxic(toxic),
        meddle: () => ({ heal: () => Promise.resolve() }),
        dropConnections: () => 0,
      };
    };
    const link = await linkOver(`${name}-grown`);
    const cure = await kind.prepare(begins).inject(link);
    for (const [index, step] of grown.entries()) {
      const fault = kind.prepare({ ...begins, ...step });
      await fault.change?.(cure);
      const fresh = `${name}-fresh-${index}`;
      const freshCure = await fault.inject(await linkOver(fresh));
      expect(await toxicsOf(link.name)).toEqual(await toxicsOf(fresh));
      await freshCure.heal();
    }
    await cure.heal();
    expect(await toxicsOf(link.name)).toEqual([]);
  });
});

describe("at the desk", () => {
  let server: Server;
  let engine: RunningEngine;
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    engine = await embedded.start();
  });
  afterAll(async () => {
    await engine.stop();
    server.closeAllConnections();
    server.close();
  });

  async function opened(mode: "faults" | "control") {
    const events: Unstamped[] = [];
    const recorder = {
      record: (event: Unstamped) => ({ id: `t:${events.push(event)}`, atUs: world.nowUs() }),
      nowUs: world.nowUs,
    };
    const link = await openLink({
      name: `creep-${mode}`,
      engine: openToxiproxy({ url: engine.url, world }),
      upstream: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
      protocol: "http",
      recorder,
      tracer: createTracer("0000f00d", ["planner"]),
      world,
    });
    const desk = openFaultDesk({
      mode,
      breakable: { links: new Map([[link.name, link]]), processes: new Map() },
      seed: 42,
      recorder,
      world,
    });
    const fault = {
      fault: "creep.0",
      kind: "latency",
      link: link.name,
      phase: "creep",
      attributes: { delay: "60ms" },
      healForm: "let-through" as const,
      windows: [{ startMs: 0, endMs: 1000 }],
      steps: ["120ms", "600ms"].map((delay, index) => ({ afterMs: (index + 1) * 100, attributes: { delay } })),
    };
    const call = async (): Promise<number> => {
      const fromUs = world.nowUs();
      const { host, port } = link.address;
      await (await fetch(`http://${host}:${port}/`, { method: "POST", body: "{}" })).text();
      return (world.nowUs() - fromUs) / 1000;
    };
    const told = () =>
      events.flatMap((event) => {
        if (event.type === "fault") return [event.edge];
        return event.type === "fault-step" ? [`${event.edge} ${event.step} ${JSON.stringify(event.attributes)}`] : [];
      });
    return { link, desk, fault, call, told, events };
  }

  test("each step acts on live connections, and is observed only when it bites", async () => {
    const { link, desk, fault, call, told } = await opened("faults");
    for (let calm = 0; calm < 5; calm += 1) await call();
    await desk.inject(fault, 0);
    expect(await call()).toBeGreaterThanOrEqual(59);
    await desk.step(fault, 0, 1);
    // Nobody calls in its time, so nothing shows it.
    await desk.step(fault, 0, 2);
    expect(await call()).toBeGreaterThanOrEqual(599);
    await desk.heal(fault, 0);
    await waitFor(async () => expect(await call()).toBeLessThan(599));
    expect(told()).toEqual([
      "requested",
      "observed",
      'made 1 {"delay":"120ms"}',
      'made 2 {"delay":"600ms"}',
      'observed 2 {"delay":"600ms"}',
      "healed",
    ]);
    // Its moment may still come; what is not on does not grow.
    await desk.step(fault, 0, 1);
    expect(told()).toHaveLength(6);
    await link.close();
  });

  test("in a control run steps are told and not made", async () => {
    const { link, desk, fault, call, told, events } = await opened("control");
    await desk.inject(fault, 0);
    await desk.step(fault, 0, 2);
    await waitFor(async () => expect(await call()).toBeLessThan(599));
    await desk.healAll();
    expect(told()).toEqual(["requested", 'made 2 {"delay":"600ms"}', "healed"]);
    for (const event of events) if (event.type.startsWith("fault")) expect(event).toHaveProperty("control", true);
    await link.close();
  });
});

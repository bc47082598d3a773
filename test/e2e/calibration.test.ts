/** The harness measured against itself: what is injected is what is seen, no more and no less. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEmbeddedEngine } from "../../src/engines/embedded/embedded.ts";
import type { EventOf, HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import { callTool } from "../../src/wire/requests.ts";
import type { Session } from "../../src/wire/session.ts";
import { realWorld } from "../../src/world.ts";
import { startFixture } from "../fixtures/started-fixture.ts";
import { openRig } from "../links/rig.ts";
import { onlyRun, squall, temporaryFolder } from "./squall.ts";

/** What the machine is busy with only ever adds, so the quickest of many tells most of what was injected. */
const quickest = (values: readonly number[]): number => Math.min(...values);

const scenario = `name: calibration
upstreams: { cloud-api: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud-hardened, upstreams: { CLOUD_API_URL: cloud-api } } }
agents:
  serial:
    policy: { kind: none, timeout: 10s }
    arrivals: { count: 1 }
    chain: [${Array.from({ length: 10 }, () => "{ call: cloud.FetchResources }").join(", ")}]
phases:
  - baseline: 1500ms
  - { fault: 1500ms, recovery: 500ms, name: near }
  - { fault: 6s, recovery: 500ms, name: far }
  - { fault: 3700ms, recovery: 500ms, name: hole }
faults:
  - { link: agents->cloud, kind: latency, delay: 10ms, during: near }
  - { link: agents->cloud, kind: latency, delay: 60ms, during: far }
  - { link: agents->cloud, kind: egress-block, how: black-hole, during: hole, at: 500ms, for: 3s }
checks: [silent-empty]
`;

test("50 ms on ten serial steps adds 500 ms, and a black hole of 3 s is seen as 3 s", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "calibration.yaml"), scenario);
  await squall(["run", "calibration.yaml", "--quiet"], { cwd: folder.path });
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);

  // Whoever waits gets cold, and is slower for some moments: so one latency is held against another.
  const [undisturbed, near, far] = ["baseline", "near", "far"].map((phase) => quickestWalkMs(events, phase));
  expect(far! - near!).toBeGreaterThan(500 * 0.95);
  expect(far! - near!).toBeLessThan(500 * 1.05);
  expect(far! - undisturbed!).toBeGreaterThan(600 * 0.9);
  expect(far! - undisturbed!).toBeLessThan(600 * 1.1);

  const edges = events.filter((event) => event.type === "fault" && event.kind === "egress-block");
  const at = (edge: string): number => edges.find((event) => "edge" in event && event.edge === edge)?.atUs ?? 0;
  const stuck = events.filter(
    (event): event is EventOf<"attempt"> =>
      event.type === "attempt" &&
      event.startedUs < at("healed") &&
      event.atUs > at("requested") &&
      event.class !== "ok",
  );
  // One agent, one call at a time: it runs into the hole as soon as it opens, and is let go when it closes.
  expect(stuck).toHaveLength(1);
  const stuckSeconds = stuck.map(({ atUs, startedUs }) => (atUs - startedUs) / 1e6)[0];
  expect(stuckSeconds).toBeGreaterThan(3 * 0.95);
  expect(stuckSeconds).toBeLessThan(3 * 1.05);
});

/** A walk of ten steps, each as quick as it ever was in the phase or, where it has a fault, under the fault. */
function quickestWalkMs(events: readonly HistoryEvent[], phase: string): number {
  const fault = (edge: string): EventOf<"fault"> | undefined =>
    events.find(
      (event): event is EventOf<"fault"> =>
        event.type === "fault" && event.fault.startsWith(`${phase}.`) && event.edge === edge,
    );
  const [sinceUs, healedUs] = [fault("observed")?.atUs ?? 0, fault("healed")?.atUs ?? Infinity];
  const started = new Map<string, EventOf<"op-started">>();
  const ended: { readonly step: number; readonly ms: number }[] = [];
  for (const event of events) {
    if (event.type === "op-started" && event.phase === phase && event.atUs >= sinceUs) started.set(event.op, event);
    const start = event.type === "op-ended" && event.outcome === "ok" ? started.get(event.op) : undefined;
    if (start === undefined || event.atUs > healedUs) continue;
    ended.push({ step: start.step, ms: (event.atUs - start.intendedUs) / 1000 });
  }
  // The call under way while the fault is lifted is let go a moment before it is known to be.
  if (healedUs !== Infinity) ended.pop();
  const steps = Map.groupBy(ended, ({ step }) => step);
  expect(steps.size).toBe(10);
  return [...steps.values()].reduce((sum, took) => sum + quickest(took.map(({ ms }) => ms)), 0);
}

test("50 ms on ten calls at once adds about 50 ms to them all together", async () => {
  const engine = await openEmbeddedEngine({ world: realWorld, seed: 42 });
  await using upstream = await startFixture("cloud-api");
  await using server = await startFixture("cloud", { CLOUD_API_URL: upstream.url });
  await using rig = await openRig(Number(new URL(server.url).port), "mcp", { engine });
  const open = (): Promise<Session> =>
    openLeanSession({
      url: new URL(rig.url("/mcp")),
      headers: {},
      timeoutMs: 5000,
      world: realWorld,
      clientName: "calibration",
    });
  const sessions = await Promise.all(Array.from({ length: 10 }, open));

  const callAll = async (): Promise<number> => {
    const startUs = realWorld.nowUs();
    const answers = await Promise.all(
      sessions.map((session) =>
        session.call({
          ...callTool("FetchResources", {}),
          meta: { traceparent: "00-00000000000000000000000000000001-0000000000000001-01", "squall/op": "x" },
          timeoutMs: 5000,
          onTimeout: "cancel",
          signal: new AbortController().signal,
          onLate: () => undefined,
        }),
      ),
    );
    expect(answers.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 10 }, () => "ok"));
    return (realWorld.nowUs() - startUs) / 1000;
  };
  const severalTimes = async (): Promise<number> => {
    const took: number[] = [];
    for (let round = 0; round < 30; round += 1) took.push(await callAll());
    return quickest(took);
  };

  await callAll();
  const before = await severalTimes();
  const cure = await rig.link.addToxic({
    type: "latency",
    stream: "downstream",
    attributes: { latency: 50, jitter: 0 },
  });
  const during = await severalTimes();
  await cure.heal();
  // Never early; and what both ends do meanwhile for the other calls is not waited for twice.
  expect(during).toBeGreaterThan(50);
  expect(during - before).toBeGreaterThan(35);
  // Far from the 500 ms that one after another would take.
  expect(during - before).toBeLessThan(75);
  await Promise.all(sessions.map((session) => session.close()));
});

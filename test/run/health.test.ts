/** The generator's account of itself: fake clocks and gauges, and once the real machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Unstamped } from "../../src/history/events.ts";
import { decodeTiming } from "../../src/measure/histogram.ts";
import { generatorOf } from "../../src/run/health.ts";
import { followProcesses, openMachineHealth } from "../../src/run/health-machine.ts";
import { openThreadHealth, type ThreadHealth } from "../../src/run/health-thread.ts";
import { realGauges, type Gauges, type LoopReading, type ProcessUse } from "../../src/run/vitals.ts";
import { realWorld } from "../../src/world.ts";
import { fakeWorld } from "../fake-world.ts";

const budgetUs = 100_000;

function fakeRecorder() {
  const events: Unstamped[] = [];
  const record = (event: Unstamped) => {
    events.push(event);
    return { id: `t:${events.length}`, atUs: 0 };
  };
  return { events, recorder: { record, nowUs: () => 0 } };
}

/** A machine that tells what a test says. */
function fakeMachine() {
  const told = {
    loop: { busyShare: 0.2, delayP99Us: 3000, delayMaxUs: 9000 } as LoopReading,
    openLoops: 0,
    cpuUs: 0,
    processes: new Map<number, ProcessUse & { readonly children?: readonly number[] }>(),
  };
  const gauges: Gauges = {
    cores: 2,
    openLoop: () => {
      told.openLoops += 1;
      return { read: () => told.loop, restart: () => {}, close: () => void (told.openLoops -= 1) };
    },
    cpuUs: () => told.cpuUs,
    rssBytes: () => 2e8,
    heapBytes: () => 5e7,
    descriptors: () => undefined,
    descriptorsLimit: () => undefined,
    processUse: (pid) => told.processes.get(pid),
    childrenOf: (pid) => told.processes.get(pid)?.children ?? [],
  };
  return { told, gauges };
}

describe("a thread", () => {
  test("tells of its loop every second, and in the end how busy it was, without its first second", async () => {
    const world = fakeWorld();
    const { events, recorder } = fakeRecorder();
    const { told, gauges } = fakeMachine();
    const health = openThreadHealth(world, { thread: "w1", recorder, budgetUs, gauges });
    told.loop = { ...told.loop, busyShare: 1 };
    await world.advance(1000);
    for (const busyShare of [0.95, 0.5, 0.5]) {
      told.loop = { ...told.loop, busyShare };
      await world.advance(1000);
    }
    expect(events).toHaveLength(4);
    const second = { type: "vitals", of: "thread", thread: "w1", lastedUs: 1e6, heapBytes: 5e7 };
    expect(events[1]).toEqual({ ...second, busyShare: 0.95, delayP99Us: 3000, delayMaxUs: 9000 });
    expect(health.end()).toMatchObject({ thread: "w1", seconds: 3, busySeconds: 1, busyShare: 0.65, delayMaxUs: 9000 });
    expect(health.end()).toBe(health.end());
    await world.advance(5000);
    expect([events.length, told.openLoops]).toEqual([4, 0]);
  });

  test("counts each start, those beyond the budget, and what never began, in plain data", () => {
    const { recorder } = fakeRecorder();
    const health = openThreadHealth(fakeWorld(), { thread: "m", recorder, budgetUs, gauges: fakeMachine().gauges });
    for (const lagUs of [-3, 500, 100_000, 100_001, 7_000_000]) health.onStart(lagUs);
    health.dropped(2);
    const part = structuredClone(health.end());
    expect(part).toMatchObject({ starts: 5, late: 2, dropped: 2, seconds: 0 });
    expect(decodeTiming(part.lag)).toMatchObject({ samples: 5, minUs: 0, maxUs: 7_000_000 });
  });
});

describe("the parts of several threads", () => {
  const partOf = (lagsUs: readonly number[], thread: string): ThreadHealth => {
    const { recorder } = fakeRecorder();
    const health = openThreadHealth(fakeWorld(), { thread, recorder, budgetUs, gauges: fakeMachine().gauges });
    lagsUs.forEach(health.onStart);
    return health.end();
  };

  test("are what one thread with all of the starts would tell, however they are spread", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300_000), fc.nat(2)), { maxLength: 100 }), (starts) => {
        const lags = (worker: number): number[] => starts.flatMap(([lag, at]) => (at === worker ? [lag] : []));
        const { threads: _, ...spread } = generatorOf(
          [0, 1, 2].map((worker) => partOf(lags(worker), `w${worker}`)),
          budgetUs,
        );
        const all = starts.map(([lag]) => lag);
        const { threads: __, ...whole } = generatorOf([partOf(all, "m")], budgetUs);
        expect(spread).toEqual(whole);
        expect(whole).toMatchObject({ starts: all.length, lagMaxUs: Math.max(0, ...all) });
        expect(whole.late).toBe(all.filter((lag) => lag > budgetUs).length);
      }),
      { numRuns: 40 },
    );
  });

  test("are healthy within the budget and not beyond", () => {
    const on = (...lags: number[]) => generatorOf([partOf(lags, "m")], budgetUs).healthy;
    expect([on(), on(100_000), on(100_000, 101_000)]).toEqual([true, true, false]);
  });
});

describe("the machine", () => {
  test("tells each second what we and each target used, with the processes that they started", async () => {
    const world = fakeWorld();
    const { events, recorder } = fakeRecorder();
    const { told, gauges } = fakeMachine();
    told.processes.set(10, { cpuUs: 5e6, rssBytes: 100, children: [11] });
    told.processes.set(11, { cpuUs: 1e6, rssBytes: 20 });
    const running = new Map([
      ["cloud", new Set([10])],
      ["away", new Set([99])],
    ]);
    const health = openMachineHealth(world, { recorder, running, gauges });
    told.cpuUs = 300_000;
    told.processes.set(10, { cpuUs: 5.1e6, rssBytes: 110, children: [11] });
    told.processes.set(11, { cpuUs: 1.4e6, rssBytes: 30 });
    await world.advance(1000);
    // Its child has ended, and its time is its parent's now.
    told.processes.set(10, { cpuUs: 6.8e6, rssBytes: 110 });
    told.processes.delete(11);
    await world.advance(1000);
    expect(events).toEqual([
      {
        type: "vitals",
        of: "machine",
        lastedUs: 1e6,
        cpu: 0.3,
        rssBytes: 2e8,
        targets: [{ target: "cloud", cpu: 0.5, rssBytes: 140 }],
      },
      {
        type: "vitals",
        of: "machine",
        lastedUs: 1e6,
        cpu: 0,
        rssBytes: 2e8,
        targets: [{ target: "cloud", cpu: 0.3, rssBytes: 110 }],
      },
    ]);
    expect(health.end()).toEqual({
      cores: 2,
      seconds: 2,
      cpu: 0.15,
      cpuMax: 0.3,
      rssMaxBytes: 2e8,
      targets: [{ target: "cloud", cpu: 0.4, cpuMax: 0.5, rssMaxBytes: 140 }],
    });
    await world.advance(3000);
    expect(events).toHaveLength(2);
  });

  test("follows a target that is started again, and each session's own process", () => {
    const { watching, running } = followProcesses();
    const record = watching(fakeRecorder().recorder.record);
    const pids = () => Object.fromEntries([...running].map(([target, found]) => [target, [...found]]));
    const cloud = { type: "target", target: "cloud", role: "server" } as const;
    record({ ...cloud, edge: "ready", pid: 1 });
    record({ ...cloud, target: "files", instance: "a.0", edge: "ready", pid: 2 });
    record({ ...cloud, target: "files", instance: "a.1", edge: "ready", pid: 3 });
    record({ type: "target", target: "elsewhere", role: "upstream", edge: "ready", address: "http://example.com" });
    expect(pids()).toEqual({ cloud: [1], files: [2, 3] });
    record({ ...cloud, edge: "exited", code: 1 });
    record({ ...cloud, target: "files", instance: "a.0", edge: "stopped" });
    expect(pids()).toEqual({ files: [3] });
    record({ ...cloud, edge: "ready", pid: 4 });
    expect(pids()).toEqual({ cloud: [4], files: [3] });
  });
});

describe("the real machine", () => {
  test("tells of ourselves", async () => {
    const loop = realGauges.openLoop();
    const before = realGauges.cpuUs();
    const untilUs = realWorld.nowUs() + 150_000;
    await realWorld.sleep(30);
    while (realWorld.nowUs() < untilUs);
    await realWorld.sleep(30);
    const reading = loop.read();
    loop.close();
    expect(reading.delayMaxUs).toBeGreaterThan(50_000);
    expect(reading.delayP99Us).toBeLessThanOrEqual(reading.delayMaxUs);
    expect(reading.busyShare).toBeGreaterThan(0);
    expect(reading.busyShare).toBeLessThanOrEqual(1);
    expect(realGauges.cpuUs()).toBeGreaterThan(before);
    expect(realGauges.rssBytes()).toBeGreaterThan(realGauges.heapBytes() / 2);
  });

  test.runIf(process.platform === "linux")(
    "tells on Linux of descriptors, and of a process and its child",
    async () => {
      const [open, limit] = [realGauges.descriptors(), realGauges.descriptorsLimit()];
      expect(open).toBeGreaterThan(3);
      expect(limit).toBeGreaterThanOrEqual(open ?? 0);
      const spin =
        "const untilMs = Date.now() + 60; while (Date.now() < untilMs); console.log(1); setInterval(() => {}, 9e9)";
      const child = spawn("/bin/sh", ["-c", '"$@"; true', "sh", process.execPath, "-e", spin], { detached: true });
      try {
        await once(child.stdout, "data");
        const pid = child.pid ?? 0;
        const [grandchild = 0, ...others] = realGauges.childrenOf(pid);
        expect(others).toEqual([]);
        expect(realGauges.processUse(grandchild)?.cpuUs).toBeGreaterThan(10_000);
        expect(realGauges.processUse(grandchild)?.rssBytes).toBeGreaterThan(10_000_000);
        expect(realGauges.processUse(pid)?.rssBytes).toBeLessThan(10_000_000);
      } finally {
        process.kill(-(child.pid ?? 0), "SIGKILL");
        await once(child, "exit");
      }
      expect(realGauges.processUse(child.pid ?? 0)).toBeUndefined();
      expect(realGauges.childrenOf(child.pid ?? 0)).toEqual([]);
    },
  );
});

test("where no file can be opened any more, gauges tell what they can and throw nothing", async () => {
  const script = `
    import { openSync } from "node:fs";
    import { realGauges } from ${JSON.stringify(new URL("../../src/run/vitals.ts", import.meta.url).href)};
    realGauges.rssBytes();
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    const told = [realGauges.rssBytes() > 0, realGauges.heapBytes() > 0, realGauges.descriptorsLimit() ?? null];
    process.stdout.write(JSON.stringify(told));
  `;
  const child = spawn("sh", ["-c", 'ulimit -n 200; exec "$0" --input-type=module -e "$1"', process.execPath, script]);
  const said: string[] = [];
  child.stdout.on("data", (bytes: Buffer) => said.push(bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes.toString()));
  await once(child, "close");
  expect(JSON.parse(said.join(""))).toEqual([true, true, null]);
});

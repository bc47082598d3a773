import { createMasks } from "../../src/masks.ts";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import type { HistoryEvent } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { segmentNumber } from "../../src/history/segment-files.ts";
import { openHistory, readHistory } from "../../src/history/segments.ts";
import type { PlannedArrivals } from "../../src/plan/arrivals.ts";
import type { PlannedPhase } from "../../src/plan/plan.ts";
import type { ScenarioGroup } from "../../src/scenario/resolve.ts";
import type { Crew, CrewStart } from "../../src/run/crew.ts";
import type { BriefedGroup } from "../../src/run/crew-messages.ts";
import { startCrewThread } from "../../src/run/crew-thread.ts";
import { openCrews, threadsFor, type CrewsOptions } from "../../src/run/crews.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { resultTo, startFaultServer, textResult, type FaultServer, type React } from "../wire/fault-server.ts";

const answering: React = (asked) => asked.json(resultTo(asked, textResult("fine")));
const phases: readonly PlannedPhase[] = [{ phase: "baseline", role: "baseline", startMs: 0, endMs: 60_000 }];

const group: ScenarioGroup = {
  name: "planner",
  wire: "lean",
  policy: { kind: "none", timeoutMs: 2000, onTimeout: "cancel", attemptsMax: 1, attributes: {} },
  arrivals: { is: "closed", agents: 5, iterations: 2, thinkTimeMs: { least: 1, most: 1 }, startMs: 0 },
  steps: [{ server: "cloud", tool: "Fetch", args: { note: "hush-hush-123" }, save: [], mayBeEmpty: false }],
};
const arrivals: PlannedArrivals = {
  group: "planner",
  is: "closed",
  agents: 5,
  iterations: 2,
  thinkTimeMs: { least: 1, most: 1 },
  rampUpMs: 10,
  startMs: 0,
  endMs: 60_000,
};
const declared = {
  steps: [{ group: "planner", step: 0, server: "cloud", tool: "Fetch", timeoutMs: 2000 }],
  phases,
};

let server: FaultServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  server = await startFaultServer(answering);
  folder = await temporaryFolder();
});

afterEach(async () => {
  await server.close();
  await folder[Symbol.asyncDispose]();
});

function briefed(url: URL = server.url): BriefedGroup {
  return { group, arrivals, targets: [{ server: "cloud", url: url.href, headers: {} }] };
}

/** What a watcher counts while the crews of two threads walk, and what their history says. */
async function walked(threads: number, over: Partial<CrewsOptions> = {}) {
  const recorder = await openHistory(join(folder.path, "history"), realWorld);
  const written: Record<string, number> = {};
  const seen = { begun: 0, ended: [] as string[], attempted: [] as string[] };
  const crews = openCrews({
    plan: { phases, declared, seed: 42, arrivals: [arrivals] },
    threaded: [briefed()],
    local: [],
    threads,
    directory: folder.path,
    nonce: "0000f00d",
    masks: createMasks(["hush-hush-123"]),
    tracer: createTracer("0000f00d", ["planner"]),
    recorder,
    watch: {
      begun: () => void (seen.begun += 1),
      attempted: (is) => seen.attempted.push(is),
      ended: ({ phase }, { outcome }) => seen.ended.push(`${phase} ${outcome}`),
    },
    onUnwritten: (error) => {
      throw error;
    },
    onWritten: (writer, count) => void (written[writer] = count),
    world: realWorld,
    ...over,
  });
  const { signal } = new AbortController();
  const health = await (async () => {
    try {
      await crews.open(signal);
      const driving = crews.drive({ originUs: recorder.nowUs(), stopping: signal, cutOff: signal });
      const came = await driving.done;
      await driving.tellAll();
      return came;
    } finally {
      await crews.close();
      await recorder.close();
    }
  })();
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(folder.path, "history"))) events.push(event);
  return { seen, health, events, written };
}

describe("crews in threads", () => {
  test.each([1, 2, 3])("%i together walk exactly what is planned, each agent in one of them", async (threads) => {
    const { seen, health, events, written } = await walked(threads);
    expect(seen.begun).toBe(10);
    expect(seen.ended).toEqual(Array.from({ length: 10 }, () => "baseline ok"));
    expect(seen.attempted).toEqual(Array.from({ length: 10 }, () => "ok"));
    expect(health.map(({ thread }) => thread)).toEqual(["m", "w1", "w2", "w3"].slice(0, threads + 1));
    expect(health.reduce((sum, { starts }) => sum + starts, 0)).toBe(10);
    const started = events.filter((event) => event.type === "op-started");
    expect(started.map(({ agent, walk }) => `${agent}.${walk}`).sort()).toEqual(
      [0, 1, 2, 3, 4].flatMap((agent) => [`${agent}.0`, `${agent}.1`]),
    );
    for (const { id, agent } of started) expect(id).toMatch(new RegExp(`^w${(agent % threads) + 1}:`));
    for (const [writer, count] of Object.entries(written)) {
      expect(events.filter(({ id }) => id.startsWith(`${writer}:`))).toHaveLength(count);
    }
    expect(Object.keys(written)).toHaveLength(threads);
    const calls = server.heard.filter(({ message }) => message.method === "tools/call");
    expect(calls).toHaveLength(10);
    expect(server.heard.filter(({ message }) => message.method === "initialize")).toHaveLength(5);
  });

  test("what a server says is written without the secrets", async () => {
    await server.close();
    server = await startFaultServer((asked) =>
      asked.json(resultTo(asked, { ...Object(textResult("no: hush-hush-123")), isError: true })),
    );
    const { events } = await walked(1);
    const said = events.flatMap((event) => (event.type === "attempt" && event.says !== undefined ? [event.says] : []));
    expect(said).toHaveLength(10);
    expect(said.join()).toContain("no: ***");
  });

  test("a server that opens no session is told as what it is", async () => {
    await server.close();
    await expect(walked(2)).rejects.toSatisfy(
      (error) => error instanceof UserError && error.exitCode === 75 && /cloud|127\.0\.0\.1/.test(error.message),
    );
  });
});

describe("one thread", () => {
  const start = (entry?: URL): { crew: Crew; begin: Omit<CrewStart, "originUs">; stop: AbortController } => {
    const stop = new AbortController();
    const crew = startCrewThread(
      {
        stripe: { index: 0, of: 1 },
        groups: [briefed()],
        phases,
        declared,
        nonce: "0000f00d",
        seed: 42,
        groupNames: ["planner"],
        env: {},
        secrets: [],
        granted: [],
        history: {
          directory: join(folder.path, "history"),
          writer: "w1",
          originUs: realWorld.nowUs(),
          number: segmentNumber(),
        },
      },
      {
        watch: { begun: () => {}, attempted: () => {}, ended: () => {} },
        world: realWorld,
        onUnwritten: () => {},
        onWritten: () => {},
        ...(entry === undefined ? {} : { entry }),
      },
    );
    return { crew, begin: { stopping: stop.signal, cutOff: new AbortController().signal }, stop };
  };

  test("stops when it is told to, in the middle of its walks", async () => {
    await server.close();
    server = await startFaultServer(() => {});
    const cut = new AbortController();
    const { crew, begin, stop } = start();
    await crew.open(stop.signal);
    const { done } = crew.drive({ ...begin, originUs: 0, cutOff: cut.signal });
    await server.hears("tools/call");
    stop.abort();
    cut.abort();
    await expect(done).resolves.toMatchObject([{ thread: "w1" }]);
    await crew.close();
  });

  test("that crashes fails whatever is asked of it, and says why", async () => {
    const { crew, begin, stop } = start(new URL("crashing-crew.ts", import.meta.url));
    await crew.open(stop.signal);
    const { done } = crew.drive({ ...begin, originUs: 0 });
    await expect(done).rejects.toThrow("the agents' thread w1 has stopped: out of luck");
    await expect(crew.close()).rejects.toThrow("out of luck");
  });
});

describe("how many threads", () => {
  const load = (over: PlannedArrivals, steps = 1) => [
    { arrivals: over, group: { ...group, steps: Array.from({ length: steps }, () => group.steps[0]!) } },
  ];
  const open = (perSecond: number): PlannedArrivals => ({
    group: "planner",
    is: "open",
    model: { is: "rate", perSecond },
    spacing: "even",
    agents: 10,
    maxInFlight: 100,
    startMs: 0,
    endMs: 60_000,
  });

  test.each([
    ["a few calls", load(open(20)), 8, 1],
    ["as many as one thread does with ease", load(open(4000)), 8, 1],
    ["more than that", load(open(4001)), 8, 2],
    ["long chains", load(open(1000), 10), 8, 3],
    ["no more than can run at once", load(open(100_000)), 4, 4],
    ["agents without a pause", load({ ...arrivals, agents: 100, thinkTimeMs: { least: 0, most: 0 } }), 8, 5],
    ["many sleepers", load({ ...arrivals, agents: 10_000, thinkTimeMs: { least: 60_000, most: 60_000 } }), 8, 5],
  ])("%s", (_, groups, parallelism, threads) => expect(threadsFor(groups, parallelism)).toBe(threads));
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Unstamped } from "../../src/history/events.ts";
import { assembleRecords } from "../../src/history/records.ts";
import { tellOf } from "../../src/history/told.ts";
import { figuresDocument, type Figures } from "../../src/measure/figures.ts";
import { histogramsDocument } from "../../src/measure/histograms.ts";
import { storiesOf } from "../../src/measure/stories.ts";
import {
  declared,
  effect,
  exchange,
  frame,
  historyOf,
  honestRun,
  judged,
  op,
  opIdOf,
  runStarted,
  type Timed,
} from "../literal-history.ts";
import { measuredOf } from "./measured.ts";

const figuresFor = (...parts: readonly (Timed | readonly Timed[])[]): Figures =>
  measuredOf(historyOf(runStarted(), ...parts)).figures;

const toolIn = ({ tools }: Figures, phase: string, tool = "CreateLimitRequest") =>
  tools.find((one) => one.phase === phase && one.tool === tool);

describe("a tool in a phase", () => {
  test("has its ops, attempts, classes and times, counted by hand", () => {
    const figures = figuresFor(
      frame(),
      op({ atMs: 100, walk: 1, tookMs: 20 }),
      op({ atMs: 200, walk: 2, tookMs: 40, attempts: ["timeout", "ok"] }),
      op({ atMs: 300, walk: 3, tookMs: 500, attempts: ["tool-error", "tool-error"] }),
      op({ atMs: 400, walk: 4, attempts: ["reset"] }),
      op({ atMs: 500, walk: 5, attempts: [] }),
    );
    expect(toolIn(figures, "baseline")).toEqual({
      group: "planner",
      server: "cloud",
      tool: "CreateLimitRequest",
      phase: "baseline",
      ops: { ok: 2, failed: 1, unknown: 1, "not-run": 1 },
      attempts: 6,
      classes: { ok: 2, timeout: 1, "tool-error": 2, reset: 1 },
      response: { samples: 2, minUs: 20_000, meanUs: 30_000, maxUs: 40_000 },
      service: { samples: 2, minUs: 20_000, meanUs: 30_000, maxUs: 40_000 },
      // What failed has clocks of its own, by what the op and what each attempt came to; what was not run has none.
      failed: {
        response: { samples: 1, minUs: 500_000, meanUs: 500_000, maxUs: 500_000 },
        service: { samples: 2, minUs: 500_000, meanUs: 500_000, maxUs: 500_000 },
      },
      unknown: {
        response: { samples: 1, minUs: 10_000, meanUs: 10_000, maxUs: 10_000 },
        service: { samples: 2, minUs: 10_000, meanUs: 25_000, maxUs: 40_000 },
      },
    });
    expect(figures.tools).toHaveLength(1);
  });

  test("counts response time from the intended start, service time from the request", () => {
    const late = op({ atMs: 150, walk: 1, tookMs: 10 }).map(([at, event]): Timed => [
      at,
      event.type === "op-started" ? { ...event, intendedUs: 100_000 } : event,
    ]);
    expect(toolIn(figuresFor(frame(), late), "baseline")).toMatchObject({
      response: { minUs: 60_000, maxUs: 60_000 },
      service: { minUs: 10_000, maxUs: 10_000 },
    });
  });

  test("has no time of what the run itself cut short, nor of what was not run", () => {
    const stopped = op({ atMs: 100, walk: 1, attempts: ["stopped"], tookMs: 700 });
    const givenUp = op({ atMs: 100, walk: 2, attempts: ["tool-error"], tookMs: 20 }).map(([at, event]): Timed => [
      at,
      event.type === "op-ended" ? { ...event, cutShort: true } : event,
    ]);
    const figures = toolIn(figuresFor(frame(), stopped, givenUp, op({ atMs: 100, walk: 3, attempts: [] })), "baseline");
    expect(figures?.ops).toEqual({ ok: 0, failed: 1, unknown: 1, "not-run": 1 });
    expect([figures?.response, figures?.service]).toEqual([{ samples: 0 }, { samples: 0 }]);
    expect(figures?.failed).toMatchObject({ response: { samples: 0 }, service: { samples: 1, maxUs: 20_000 } });
    expect(figures).not.toHaveProperty("unknown");
  });

  test("says why ops were not run and why ops were not tried again, of so many reasons as a server may make up", () => {
    const notRun = [["breaker open"], ["no budget"], ["breaker open"]].map(([because = ""], walk) =>
      op({ atMs: 100, walk, attempts: [], because }),
    );
    const told = Array.from({ length: 30 }, (_, n) =>
      op({ atMs: 200, walk: 10 + n, attempts: ["tool-error"] }).map(([at, event]): Timed => [
        at,
        event.type === "op-ended" ? { ...event, heldBack: `told to do ${n}` } : event,
      ]),
    );
    const figures = toolIn(figuresFor(frame(), ...notRun, ...told), "baseline");
    expect(figures?.notRun).toEqual({ "breaker open": 2, "no budget": 1 });
    const heldBack = figures?.heldBack ?? {};
    expect(Object.keys(heldBack)).toHaveLength(21);
    expect(heldBack).toMatchObject({ "told to do 0": 1, "other reasons": 10 });
  });

  test("keeps an op that ends in the next phase", () => {
    const figures = figuresFor(frame(), op({ atMs: 990, walk: 1, tookMs: 50 }));
    expect(toolIn(figures, "baseline")?.ops.ok).toBe(1);
    expect(toolIn(figures, "outage")).toBeUndefined();
  });

  test("has its percentiles once samples suffice", () => {
    const ops = (count: number) => Array.from({ length: count }, (_, n) => op({ atMs: 9 * n, walk: n, tookMs: n + 1 }));
    expect(toolIn(figuresFor(frame(), ...ops(9)), "baseline")?.response).not.toHaveProperty("p50Us");
    const { response } = toolIn(figuresFor(frame(), ...ops(100)), "baseline") ?? {};
    expect(response).toMatchObject({ samples: 100, minUs: 1000, meanUs: 50_500, maxUs: 100_000 });
    expect(response?.p50Us).toBeCloseTo(50_000, -2);
    expect(response?.p95Us).toBeCloseTo(95_000, -2);
    expect(response).not.toHaveProperty("p99Us");
  });
});

describe("a hop", () => {
  const hop = ({ hops }: Figures, link: string, phase: string) =>
    hops.find((one) => one.link === link && one.phase === phase);

  test("tells attempts per op, and exchanges per attempt", () => {
    const figures = figuresFor(
      frame(),
      op({ atMs: 100, walk: 1 }),
      op({ atMs: 1100, walk: 2, attempts: ["timeout", "timeout", "ok"] }),
      op({ atMs: 1200, walk: 3, attempts: [] }),
      exchange(1, 105, {}, 1),
      [1105, 1106, 1107, 1108, 1109, 1110].map((at) => exchange(2, at, {}, 1)).flatMap((one) => [one]),
    );
    expect(figures.hops).toEqual([
      { link: "planner@cloud", plane: "agent-server", phase: "baseline", requests: 1, callers: 1, ratio: 1 },
      { link: "planner@cloud", plane: "agent-server", phase: "outage", requests: 3, callers: 1, ratio: 3 },
      { link: "cloud->cloud-api", plane: "server-upstream", phase: "baseline", requests: 1, callers: 1, ratio: 1 },
      { link: "cloud->cloud-api", plane: "server-upstream", phase: "outage", requests: 6, callers: 3, ratio: 2 },
    ]);
  });

  test("counts an exchange in the phase of its op where it names one, else by its own time, and each once", () => {
    const figures = figuresFor(
      frame(),
      op({ atMs: 980, walk: 1, tookMs: 100 }),
      op({ atMs: 985, walk: 2, tookMs: 100 }),
      exchange(1, 1050, {}, 1),
      exchange(1, 1060, { ops: [opIdOf(1), opIdOf(2)] }),
      // Two calls are under way, so nobody can tell whose it is.
      exchange(1, 1061, { ops: [] }),
    );
    expect(hop(figures, "cloud->cloud-api", "baseline")).toMatchObject({ requests: 2, callers: 2 });
    expect(hop(figures, "cloud->cloud-api", "outage")).toEqual({
      link: "cloud->cloud-api",
      plane: "server-upstream",
      phase: "outage",
      requests: 1,
      callers: 0,
    });
  });

  test("does not count as callers of an upstream what never came to the server", () => {
    const refused: Partial<Extract<Unstamped, { type: "exchange" }>> = {
      link: "planner@cloud",
      ended: "refused",
      attempt: 1,
    };
    const figures = figuresFor(
      frame(),
      op({ atMs: 1100, walk: 1, attempts: ["refused", "no-session", "ok"] }),
      op({ atMs: 1200, walk: 2, attempts: ["reset", "ok"] }),
      exchange(2, 1205, refused, 1),
    );
    expect(hop(figures, "planner@cloud", "outage")).toMatchObject({ requests: 5, callers: 2 });
    expect(hop(figures, "cloud->cloud-api", "outage")).toMatchObject({ requests: 0, callers: 2 });
  });

  test("over tcp has no ratio", () => {
    const links = declared.links.map((link) =>
      link.plane === "server-upstream" ? { ...link, protocol: "tcp" as const } : link,
    );
    const { figures } = measuredOf(historyOf(runStarted("faults", { links }), frame(), op({ atMs: 100, walk: 1 })));
    expect(hop(figures, "cloud->cloud-api", "baseline")).toEqual({
      link: "cloud->cloud-api",
      plane: "server-upstream",
      phase: "baseline",
      requests: 0,
      callers: 1,
    });
  });
});

test("effects are counted against what their ops reported", () => {
  const figures = figuresFor(
    frame(),
    op({ atMs: 100, walk: 1 }),
    op({ atMs: 200, walk: 2 }),
    op({ atMs: 300, walk: 3, attempts: ["timeout"] }),
    op({ atMs: 400, walk: 4, attempts: ["tool-error"] }),
    op({ atMs: 500, walk: 5, step: 0 }),
    effect(1, 105),
    effect(2, 205),
    effect(2, 206),
    effect(3, 305),
    effect(77, 600),
  );
  expect(figures.effects).toEqual([
    {
      effect: "limit-request",
      ledger: "cloud-api",
      quiet: true,
      counts: [
        { outcome: "ok", effects: "1", ops: 1 },
        { outcome: "ok", effects: "more", ops: 1 },
        { outcome: "failed", effects: "0", ops: 1 },
        { outcome: "unknown", effects: "1", ops: 1 },
      ],
    },
  ]);
});

describe("what lay over the run", () => {
  test("phases follow each other, and a fault has its three edges", () => {
    const { phases, faults, endUs, ended } = figuresFor(frame());
    expect(phases.map(({ phase, startUs, endUs }) => [phase, startUs, endUs])).toEqual([
      ["baseline", 0, 1e6],
      ["outage", 1e6, 2e6],
      ["outage.recovery", 2e6, 3e6],
      ["final", 3e6, 5e6],
    ]);
    const fault = { fault: "outage.0", kind: "egress-block", link: "cloud->cloud-api", window: 0, control: false };
    const edges = { requestedUs: 1_001_000, observedUs: 1_002_000, healedUs: 1_999_000, form: "drop-connections" };
    expect(faults).toEqual([{ ...fault, ...edges }]);
    expect([endUs, ended]).toEqual([5e6, "finished"]);
  });

  test("each loss of a session that stands alone is told alone, and no more than a hundred are", () => {
    const lost = Array.from({ length: 150 }, (_, n): Timed => [
      1100 + 10 * n,
      { type: "session", group: "planner", agent: n, server: "cloud", edge: "lost", because: `reason ${n}` },
    ]);
    const { marks } = figuresFor(frame(), lost);
    expect(marks).toHaveLength(100);
    expect(marks[0]).toEqual({ atUs: 1_100_000, says: "planner.0 lost its session with cloud: reason 0" });
  });

  test("a fault that grew has its steps, and one that waited a mark of what came of it", () => {
    const at = { fault: "outage.0", kind: "egress-block", link: "cloud->cloud-api", window: 0 } as const;
    const step = { ...at, type: "fault-step", step: 1, attributes: { delay: "20ms" } } as const;
    const waited = { type: "fault-condition", fault: "outage.1", link: "cloud->cloud-api" } as const;
    const { faults, faultsPlanned, marks } = figuresFor(
      frame(),
      [1200, { ...step, edge: "made" }],
      [1210, { ...step, edge: "observed" }],
      [1300, { ...waited, is: "met", says: "cloud.T has had 5 calls" }],
      [1400, { ...waited, fault: "outage.2", is: "expired", says: "cloud.T has had 9 calls" }],
    );
    expect(faults[0]?.steps).toEqual([{ atUs: 1_200_000, says: "delay: 20ms" }]);
    expect(faultsPlanned).toBe(1);
    expect(marks.map(({ says }) => says)).toEqual([
      "outage.1 on cloud->cloud-api came about: cloud.T has had 5 calls",
      "outage.2 on cloud->cloud-api was never injected, as its condition never came: cloud.T has had 9 calls",
    ]);
  });

  test("marks tell exits and lost sessions, and a crowd of these hides none of those", () => {
    const lost = Array.from({ length: 500 }, (_, agent): Timed => [
      1100,
      { type: "session", group: "planner", agent, server: "cloud", edge: "lost", because: "404" },
    ]);
    const target = { type: "target", target: "cloud", role: "server" } as const;
    const { marks } = figuresFor(
      frame(),
      lost,
      [10, { ...target, edge: "ready" }],
      [1500, { ...target, edge: "exited", code: 1 }],
      [1600, { ...target, edge: "ready" }],
    );
    expect(marks.map(({ says }) => says)).toEqual([
      "planner.0 and 499 more lost their sessions with cloud: 404",
      "the server cloud exited (exit code 1)",
      "the server cloud is ready again",
    ]);
  });
});

describe("the course of the run", () => {
  test("holds each op, attempt, exchange and effect once, without gaps", () => {
    const { series } = figuresFor(
      frame(),
      op({ atMs: 0, walk: 1, attempts: ["timeout", "ok"] }),
      op({ atMs: 2900, walk: 2, attempts: ["tool-error"] }),
      exchange(1, 3500),
      effect(1, 70),
    );
    expect([series.fromUs, series.bucketUs]).toEqual([0, 62_500]);
    expect(series.buckets).toHaveLength(57);
    const [first, second] = series.buckets;
    expect(first).toMatchObject({ offered: 1, ops: { ok: 1 }, attempts: 2, p50Us: 10_000, p95Us: 10_000, effects: 0 });
    expect(second).toEqual({
      offered: 0,
      ops: { ok: 0, failed: 0, unknown: 0, "not-run": 0 },
      attempts: 0,
      exchanges: 0,
      effects: 1,
    });
    expect(series.buckets.at(-1)?.exchanges).toBe(1);
  });

  test("is never more than 240 buckets, however long it takes, and loses nothing on the way", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_600_000), { minLength: 1, maxLength: 60 }), (starts) => {
        const { series } = figuresFor(
          [0, { type: "phase", phase: "baseline", role: "baseline", edge: "start" }],
          ...starts.map((atMs, walk) => op({ atMs, walk })),
        );
        expect(series.buckets.length).toBeLessThanOrEqual(240);
        expect(series.buckets.reduce((sum, { offered }) => sum + offered, 0)).toBe(starts.length);
        for (const atMs of starts) {
          expect(series.buckets[Math.floor((atMs * 1000) / series.bucketUs)]?.offered).toBeGreaterThan(0);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("points", () => {
  test("hold every op that was not ok and fill up with others, in order of time", () => {
    const ops = Array.from({ length: 5000 }, (_, walk) =>
      op({ atMs: Math.floor(walk / 5), walk, attempts: walk % 10 === 0 ? ["timeout"] : ["ok"] }),
    );
    const { points } = figuresFor(frame(), ...ops);
    expect(points).toHaveLength(2000);
    expect(points.filter(({ outcome }) => outcome === "unknown")).toHaveLength(500);
    expect(points.map(({ atUs }) => atUs)).toEqual(points.map(({ atUs }) => atUs).toSorted((a, b) => a - b));
    // A fair sample has about as many of the later half as of the first.
    const later = points.filter(({ atUs, outcome }) => outcome === "ok" && atUs >= 500_000).length;
    expect(later).toBeGreaterThan(600);
    expect(later).toBeLessThan(900);
    expect(points[0]).toEqual({
      atUs: 0,
      tookUs: 10_000,
      tool: "cloud.CreateLimitRequest",
      outcome: "unknown",
      class: "timeout",
    });
  });

  test("keep some that went well, where most did not", () => {
    const ops = Array.from({ length: 4000 }, (_, walk) =>
      op({ atMs: 500, walk, attempts: walk % 4 === 0 ? ["ok"] : ["timeout"] }),
    );
    const { points } = figuresFor(frame(), ...ops);
    expect(points).toHaveLength(2000);
    expect(points.filter(({ outcome }) => outcome === "ok")).toHaveLength(500);
  });
});

describe("stories", () => {
  test("tell the ops that findings name, and only these", async () => {
    const { figures } = await judged(historyOf(honestRun, effect(20, 1130, { row: "21" }), exchange(20, 1115, {}, 1)));
    expect(figures.stories).toEqual([
      {
        op: opIdOf(20),
        group: "planner",
        server: "cloud",
        tool: "CreateLimitRequest",
        phase: "outage",
        intendedUs: 1_110_000,
        startUs: 1_110_000,
        endUs: 1_120_000,
        outcome: "ok",
        attempts: [
          { attempt: 1, startUs: 1_110_000, endUs: 1_120_000, class: "timeout", outcome: "unknown" },
          { attempt: 2, startUs: 1_110_000, endUs: 1_120_000, class: "ok", outcome: "ok" },
        ],
        exchanges: [
          {
            link: "cloud->cloud-api",
            startUs: 1_115_000,
            endUs: 1_115_000,
            method: "GET",
            path: "/resources",
            ended: "answered",
            status: 200,
          },
        ],
        effects: [
          { row: "20", fromUs: 1_120_000, toUs: 1_120_000 },
          { row: "21", fromUs: 1_130_000, toUs: 1_130_000 },
        ],
      },
    ]);
    expect((await judged(historyOf(honestRun))).figures.stories).toEqual([]);
  });

  const toldOf = (ops: readonly string[], ...events: readonly (readonly Timed[])[]) => {
    const telling = tellOf({ ops: new Set(ops), effects: new Set() });
    const assembler = assembleRecords(declared);
    for (const event of historyOf(runStarted(), frame(), ...events)) assembler.push(event).forEach(telling.on);
    assembler.flush().forEach(telling.on);
    return storiesOf(ops, telling.told);
  };

  test("are bounded, in number and in length", () => {
    const attempts = Array.from({ length: 80 }, () => "timeout" as const);
    const events = Array.from({ length: 150 }, (_, walk) => op({ atMs: 100, walk, attempts }));
    const ops = Array.from({ length: 150 }, (_, walk) => opIdOf(walk));
    const stories = toldOf(ops, ...events);
    expect(stories).toHaveLength(100);
    expect(stories[0]?.attempts).toHaveLength(50);
  });

  test("tell of a stream that was lost what came of each request for the rest", () => {
    const resumption = { afterUs: 1000, came: "answer", status: 200, events: 3, foreign: 2 } as const;
    const lostStream = { afterUs: 500, events: 2, lastEventId: "e-2", retryMs: 100, resumptions: [resumption] };
    const lost = op({ atMs: 100, walk: 1, attempts: ["ok"] }).map(([at, event]): Timed => [
      at,
      event.type === "attempt" ? { ...event, lostStream } : event,
    ]);
    const [story] = toldOf([opIdOf(1)], lost);
    expect(story?.attempts[0]?.lostStream).toEqual({ afterUs: 500, events: 2, resumptions: [resumption] });
  });
});

describe("a history that ends too early", () => {
  test("still has figures: what was under way is unknown, and the run is cut", () => {
    const [begun] = op({ atMs: 1500, walk: 2 });
    const figures = measuredOf(
      historyOf(
        runStarted(),
        frame().filter(([at]) => at <= 1500),
        op({ atMs: 100, walk: 1 }),
        ...(begun ? [begun] : []),
      ),
    ).figures;
    expect(figures.ended).toBe("cut");
    expect(figures.phases.at(-1)).toMatchObject({ phase: "outage", endUs: 1_500_000 });
    expect(toolIn(figures, "outage")).toMatchObject({ ops: { unknown: 1 }, response: { samples: 0 } });
    expect(figures.faults[0]).not.toHaveProperty("healedUs");
    expect(figures.episodes).toEqual([{ phase: "outage", because: "outage.0 was not healed" }]);
    expect(figures.points.at(-1)).toEqual({
      atUs: 1_500_000,
      tookUs: 0,
      tool: "cloud.CreateLimitRequest",
      outcome: "unknown",
    });
    figuresDocument.parse(figures);
  });

  test("at its very beginning has none, and says so in the same shape", () => {
    const figures = figuresDocument.parse(measuredOf(historyOf(runStarted())).figures);
    expect(figures).toMatchObject({
      ended: "cut",
      phases: [],
      tools: [],
      hops: [],
      points: [],
      series: { buckets: [] },
    });
    expect(figures.episodes).toEqual([{ phase: "outage", because: "the episode was never reached" }]);
  });
});

describe("what the run cost the machine", () => {
  /** A second of the machine and of two threads before it. */
  const second = (n: number, over: { readonly rssBytes?: number; readonly cpu?: number } = {}): Timed[] => [
    ...["m", "w1"].map((thread): Timed => [
      n * 1000,
      {
        type: "vitals",
        of: "thread",
        thread,
        lastedUs: 1e6,
        busyShare: thread === "m" ? 0.1 : 0.4,
        delayP99Us: 1000,
        delayMaxUs: 2000 + n,
        heapBytes: 1e7,
      },
    ]),
    [
      n * 1000,
      {
        type: "vitals",
        of: "machine",
        lastedUs: 1e6,
        cpu: 0.5,
        rssBytes: 1e8,
        ...over,
        targets: [{ target: "cloud", cpu: 0.25, rssBytes: 5e7 + n * 1000 }],
      },
    ],
  ];

  test("is a point each second, with the worst of the threads", () => {
    const { points } = figuresFor(frame(), second(1), second(2, { cpu: 0.7 })).vitals;
    expect(points).toEqual([
      {
        fromUs: 0,
        toUs: 1e6,
        cpu: 0.5,
        rssBytes: 1e8,
        heapBytes: 2e7,
        busyShare: 0.4,
        delayMaxUs: 2001,
        targets: [{ target: "cloud", cpu: 0.25, rssBytes: 5e7 + 1000 }],
      },
      expect.objectContaining({ fromUs: 1e6, toUs: 2e6, cpu: 0.7, delayMaxUs: 2002 }),
    ]);
  });

  test("is at most 120 points, however long it takes: processor time keeps its sum, all else its worst", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(2999), (seconds, at) => {
        const worst = 1 + (at % seconds);
        const all = Array.from({ length: seconds }, (_, n) =>
          second(n + 1, { cpu: (n + 1) % 2, rssBytes: n + 1 === worst ? 9e8 : 1e8 }),
        );
        const { points } = figuresFor(...all).vitals;
        expect(points.length).toBeLessThanOrEqual(120);
        expect(points.length).toBeGreaterThanOrEqual(Math.min(seconds, 60));
        expect([points[0]?.fromUs, points.at(-1)?.toUs]).toEqual([0, seconds * 1e6]);
        const cpuUs = points.reduce((sum, { fromUs, toUs, cpu }) => sum + cpu * (toUs - fromUs), 0);
        expect(cpuUs / 1e6 / seconds).toBeCloseTo(Math.ceil(seconds / 2) / seconds, 1);
        const peak = points.find(({ fromUs, toUs }) => fromUs < worst * 1e6 && toUs >= worst * 1e6);
        expect(peak?.rssBytes).toBe(9e8);
      }),
      { numRuns: 10 },
    );
  });

  test("tells how memory grew once it had warmed up, of ours and of each target", () => {
    const warm = (n: number) => (n < 60 ? { rssBytes: 1e7 * n } : { rssBytes: 6e8 + (n % 2) * 1e6 });
    const { memory } = figuresFor(...Array.from({ length: 300 }, (_, n) => second(n + 1, warm(n + 1)))).vitals;
    const [ours, heap, cloud] = memory;
    expect(memory.map(({ of }) => of)).toEqual(["squall rss", "squall heap", "cloud rss"]);
    expect(ours).toMatchObject({ firstBytes: 1e7, lastBytes: 6e8, minBytes: 1e7, maxBytes: 6.01e8 });
    expect(ours?.slope?.fromUs).toBe(60_800_000);
    expect(Math.abs(ours?.slope?.bytesPerMinute ?? 1e9)).toBeLessThan(30_000);
    expect(heap?.slope?.bytesPerMinute).toBe(0);
    expect(cloud?.slope).toMatchObject({ bytesPerMinute: 60_000, errorPerMinute: 0, samples: 240 });
  });

  test("leaves a declared warm-up out of a slope, and has none of a short run", () => {
    const phase = { type: "phase", phase: "warm-up", role: "warm-up" } as const;
    const all = Array.from({ length: 200 }, (_, n) => second(n + 1));
    const edges: Timed[] = [
      [0, { ...phase, edge: "start" }],
      [100_000, { ...phase, edge: "end" }],
    ];
    expect(figuresFor(edges, ...all).vitals.memory[0]?.slope?.fromUs).toBe(100e6);
    expect(figuresFor(...all.slice(0, 60)).vitals.memory[0]).not.toHaveProperty("slope");
  });

  test("is kept with the generator's own account", () => {
    const health = { starts: 9, lagMaxUs: 900, lagP99Us: 800, healthy: true, budgetUs: 100_000, late: 0, dropped: 0 };
    const figures = figuresFor(frame(), [4500, { type: "generator", ...health }], second(1));
    expect(figures.generator).toEqual(health);
    expect(figuresDocument.parse(JSON.parse(JSON.stringify(figures)))).toEqual(figures);
    expect(figuresFor(frame())).not.toHaveProperty("generator");
  });
});

test("the order in which ops of one moment were recorded changes no figure", () => {
  const ops = Array.from({ length: 40 }, (_, walk) => [
    ...op({
      atMs: 100 * (walk % 4),
      walk,
      attempts: walk % 7 === 0 ? ["timeout", "ok"] : ["ok"],
      tookMs: 10 + (walk % 3),
    }),
    effect(walk, 105 + 100 * (walk % 4), { row: `${walk}` }),
    exchange(walk, 104 + 100 * (walk % 4), {}, 1),
  ]);
  const usual = figuresFor(frame(), ...ops);
  fc.assert(
    fc.property(fc.shuffledSubarray(ops, { minLength: ops.length }), (shuffled) => {
      expect(figuresFor(frame(), ...shuffled)).toEqual(usual);
    }),
    { numRuns: 20 },
  );
});

test("what is measured fits the published documents", async () => {
  const { figures, histograms } = await judged(historyOf(honestRun, effect(20, 1130, { row: "21" })));
  expect(figuresDocument.parse(JSON.parse(JSON.stringify(figures)))).toEqual(figures);
  expect(histogramsDocument.parse(JSON.parse(JSON.stringify(histograms)))).toEqual(histograms);
  expect(histograms.cells.find(({ tool }) => tool === "FetchResources")).toMatchObject({
    phase: "baseline",
    outcome: "ok",
    response: { samples: 10, maxUs: 10_000 },
    service: { samples: 10, maxUs: 10_000 },
  });
});

test.each([
  ["figures", figuresDocument],
  ["histograms", histogramsDocument],
])("the schema of %s.json is what others build on", async (name, document) => {
  const schema = `${JSON.stringify(z.toJSONSchema(document), undefined, 2)}\n`;
  await expect(schema).toMatchFileSnapshot(`${name}.schema.json`);
});

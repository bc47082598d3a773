import { describe, expect, test } from "vitest";
import type { Judged } from "../../src/checks/judge.ts";
import type { ThresholdResult } from "../../src/checks/thresholds.ts";
import type { Declared } from "../../src/history/declared.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { verdictsOf } from "../../src/reporters/verdicts.ts";
import { exchange, frame, historyOf, honestRun, judged, op, runStarted, type Timed } from "../literal-history.ts";

type Parts = readonly (Timed | readonly Timed[])[];

async function judgedWith(thresholds: readonly string[], parts: Parts, over: Partial<Declared> = {}): Promise<Judged> {
  return judged(historyOf(runStarted("faults", { ...over, thresholds }), ...parts));
}

async function resultOf(threshold: string, ...parts: Parts): Promise<Omit<ThresholdResult, "expression"> | undefined> {
  const [result] = (await judgedWith([threshold], parts)).thresholds;
  expect(result?.expression).toBe(threshold);
  const { expression: _, ...rest } = result ?? { verdict: "unknown", samples: 0, expression: "" };
  return rest;
}

interface Many {
  readonly count: number;
  readonly fromMs?: number;
  readonly everyMs?: number;
  readonly step?: 0 | 1;
  readonly attempts?: (n: number) => readonly OutcomeClass[];
  readonly tookMs?: (n: number) => number;
}

let walks = 0;

/** Ops in a row; without more words in the baseline, each ok after ten milliseconds. */
function many({ count, fromMs = 0, everyMs = 4, step = 0, attempts = () => ["ok"], tookMs = () => 10 }: Many): Timed[] {
  return Array.from({ length: count }, (_, n) =>
    op({ atMs: fromMs + n * everyMs, walk: (walks += 1), step, attempts: attempts(n), tookMs: tookMs(n) }),
  ).flat();
}

const bad = (every: number) => (n: number) => [n % every === 0 ? ("timeout" as const) : ("ok" as const)];

describe("response time", () => {
  const run = [frame(), many({ count: 200, tookMs: (n) => n + 1 })];

  test.each([
    ["p50(cloud.FetchResources, baseline) < 101ms", "pass", 100],
    ["p95(cloud.FetchResources, baseline) < 400ms", "pass", 190],
    ["p95(planner, baseline) <= 150ms", "fail", 190],
    ["mean(cloud, baseline) > 100ms", "pass", 100.5],
    ["max(planner@cloud, baseline) <= 200ms", "pass", 200],
    ["max(agents->cloud, baseline) < 200ms", "fail", 200],
  ] as const)("%s is a %s at %f ms", async (threshold, verdict, value) => {
    const result = await resultOf(threshold, ...run);
    expect(result).toMatchObject({ verdict, samples: 200 });
    expect(Math.abs((result?.value ?? 0) - value)).toBeLessThan(value / 500);
    expect(result?.shown).toMatch(/^[\d.]+ms$/);
  });

  test("is unknown of too few samples, whatever they are", async () => {
    const few = [frame(), many({ count: 99 })];
    const because = "only 99 samples, of at least 100";
    expect(await resultOf("p95(cloud, baseline) < 1s", ...few)).toMatchObject({
      verdict: "unknown",
      value: 10,
      because,
    });
    expect(await resultOf("p95(cloud, baseline) < 1ms", ...few)).toMatchObject({ verdict: "unknown" });
    expect(await resultOf("p50(cloud, baseline) < 1s from at least 100 samples", ...few)).toMatchObject({
      verdict: "unknown",
      because,
    });
  });

  test("is unknown where nothing was ok: what failed has no response time", async () => {
    const failing = [frame(), many({ count: 200, attempts: () => ["tool-error"] })];
    const unknown = { verdict: "unknown", samples: 0, because: "no data" };
    expect(await resultOf("p95(cloud, baseline) < 1s", ...failing)).toEqual(unknown);
  });

  test("of a maximum is broken by one sample, and kept only by twenty", async () => {
    const one = [frame(), many({ count: 1, tookMs: () => 500 })];
    expect(await resultOf("max(cloud, baseline) < 400ms", ...one)).toMatchObject({
      verdict: "fail",
      value: 500,
      samples: 1,
    });
    expect(await resultOf("max(cloud, baseline) < 600ms", ...one)).toMatchObject({ verdict: "unknown" });
  });

  test("is compared with the baseline's", async () => {
    const slower = [frame(), many({ count: 100 }), many({ count: 100, fromMs: 2000, tookMs: () => 13 })];
    expect(await resultOf("p50(cloud, recovery) <= 150% of baseline", ...slower)).toMatchObject({
      verdict: "pass",
      value: 130,
      shown: "130%",
      samples: 100,
    });
    expect(await resultOf("p50(cloud, recovery) <= 120% of baseline", ...slower)).toMatchObject({ verdict: "fail" });
  });

  test("pools all phases of a role, and where no phase is named all but the warm-up", async () => {
    const both = [frame(), many({ count: 10 }), many({ count: 10, fromMs: 2000 })];
    expect(await resultOf("p50(cloud) < 1s", ...both)).toMatchObject({ verdict: "pass", samples: 20 });
    expect(await resultOf("p50(cloud, recovery) < 1s", ...both)).toMatchObject({ verdict: "pass", samples: 10 });
  });
});

describe("error rate", () => {
  test("counts what failed, what is unknown, and what could not be run", async () => {
    const attempts = (n: number): readonly OutcomeClass[] =>
      n === 0 ? [] : n === 1 ? ["tool-error"] : n === 2 ? ["timeout"] : ["ok"];
    const run = [frame(), many({ count: 100, attempts })];
    expect(await resultOf("error-rate(planner, baseline) <= 3%", ...run)).toEqual({
      verdict: "pass",
      value: 3,
      shown: "3%",
      samples: 100,
    });
    expect(await resultOf("error-rate(planner, baseline) < 3%", ...run)).toMatchObject({ verdict: "fail" });
  });

  test("is unknown of fewer than 20 ops", async () => {
    expect(await resultOf("error-rate(planner, baseline) <= 1%", frame(), many({ count: 19 }))).toMatchObject({
      verdict: "unknown",
    });
  });

  test("does not count what the end of the run cut short", async () => {
    const stopped = many({ count: 5, fromMs: 2900, attempts: () => ["stopped"] });
    // An agent that would have tried once more is cut short too.
    const untried = many({ count: 5, fromMs: 2900, attempts: () => ["timeout"] }).map(([at, event]): Timed => [
      at,
      event.type === "op-ended" ? { ...event, cutShort: true } : event,
    ]);
    const run = [frame(), many({ count: 50, fromMs: 2000 }), stopped, untried];
    expect(await resultOf("error-rate(planner, recovery) <= 0%", ...run)).toMatchObject({
      verdict: "pass",
      samples: 50,
    });
  });
});

describe("goodput", () => {
  test("is what was ok, a second", async () => {
    const run = [frame(), many({ count: 100, attempts: bad(10) })];
    expect(await resultOf("goodput(planner, baseline) >= 90/s", ...run)).toEqual({
      verdict: "pass",
      value: 90,
      shown: "90/s",
      samples: 100,
    });
    expect(await resultOf("goodput(planner, baseline) >= 91/s", ...run)).toMatchObject({ verdict: "fail" });
    expect(await resultOf("goodput(planner, baseline) > 1/s", frame(), many({ count: 19 }))).toMatchObject({
      verdict: "unknown",
    });
  });

  test("against the baseline takes the load out: half as many, all ok, are as good", async () => {
    const run = [frame(), many({ count: 100 }), many({ count: 50, fromMs: 2000, everyMs: 15 })];
    expect(await resultOf("goodput(planner, recovery) >= 95% of baseline", ...run)).toMatchObject({
      verdict: "pass",
      value: 100,
    });
  });

  test("within a time counts from so long after healing", async () => {
    // Healed at 1999 ms: what begins in the half second after it fails.
    const failing = many({ count: 100, fromMs: 2000, everyMs: 5, attempts: () => ["timeout"] });
    const run = [frame(), many({ count: 100 }), failing, many({ count: 90, fromMs: 2500, everyMs: 5 })];
    expect(await resultOf("goodput(planner, recovery) >= 95% of baseline within 550ms", ...run)).toMatchObject({
      verdict: "pass",
      value: 100,
      samples: 80,
    });
    expect(await resultOf("goodput(planner, recovery) >= 95% of baseline within 100ms", ...run)).toMatchObject({
      verdict: "fail",
    });
    expect(await resultOf("goodput(planner, recovery) >= 95% of baseline", ...run)).toMatchObject({ verdict: "fail" });
    expect(await resultOf("goodput(planner, recovery) >= 190/s within 550ms", ...run)).toMatchObject({
      verdict: "fail",
      value: 177.778,
    });
    expect(await resultOf("goodput(planner, recovery) >= 95% of baseline within 2s", ...run)).toMatchObject({
      verdict: "unknown",
      because: "no op was counted from 2s after healing on",
    });
  });

  test("within a time is a rate of as much time as its ops were counted in, wherever the edges fall", async () => {
    for (const lateMs of [1, 17, 33, 49]) {
      // Healed a little later than planned, as in every real run.
      const late = frame().map(([at, event]): Timed => [
        event.type === "fault" && event.edge === "healed" ? 2000 + lateMs : at,
        event,
      ]);
      const run = [late, many({ count: 200, fromMs: 2000, everyMs: 5 })];
      expect(await resultOf("goodput(planner, recovery) >= 199/s within 500ms", ...run)).toMatchObject({
        verdict: "pass",
        value: 200,
        samples: 90,
      });
    }
  });

  test("is unknown where the baseline has too little to compare with", async () => {
    const run = [frame(), many({ count: 10 }), many({ count: 100, fromMs: 2000 })];
    for (const within of ["", " within 100ms"]) {
      expect(await resultOf(`goodput(planner, recovery) >= 95% of baseline${within}`, ...run)).toMatchObject({
        verdict: "unknown",
        because: "the baseline has 10 samples, of at least 20",
      });
    }
    const none = [frame(), many({ count: 50, attempts: () => ["timeout"] }), many({ count: 100, fromMs: 2000 })];
    expect(await resultOf("goodput(planner, recovery) >= 95% of baseline", ...none)).toMatchObject({
      verdict: "unknown",
    });
  });
});

describe("at the edge of a phase", () => {
  const usual = many({ count: 100, everyMs: 9 });
  const overtaken = (attempts: readonly OutcomeClass[]): Timed[] =>
    many({ count: 1, fromMs: 995, attempts: () => attempts, tookMs: () => 500 });

  test("an op that a fault overtakes decides nothing alone", async () => {
    const lost = await resultOf("error-rate(planner, baseline) <= 0.5%", frame(), usual, overtaken(["timeout"]));
    expect(lost).toMatchObject({ verdict: "unknown", shown: "0.9901%", samples: 101 });
    expect(lost?.because).toBe("a fault began while some of these ops were under way, and without them it is 0%");
    const late = await resultOf("max(planner, baseline) < 400ms", frame(), usual, overtaken(["timeout", "ok"]));
    expect(late).toMatchObject({ verdict: "unknown", shown: "500ms" });
  });

  test("where the others decide it stays with them, and a whole run has no such edge", async () => {
    const run = [frame(), usual, overtaken(["timeout"])];
    expect(await resultOf("error-rate(planner, baseline) <= 1%", ...run)).toMatchObject({ verdict: "pass" });
    expect(await resultOf("error-rate(planner) <= 0.5%", ...run)).toMatchObject({ verdict: "fail", samples: 101 });
    expect(await resultOf("goodput(planner, baseline) >= 101/s", ...run, overtaken(["ok"]))).toMatchObject({
      verdict: "pass",
      samples: 102,
    });
    const slow = many({ count: 1, fromMs: 500, tookMs: () => 450 });
    expect(await resultOf("max(planner, baseline) < 400ms", ...run, slow)).toMatchObject({ verdict: "fail" });
  });

  test("an op that began before the heal is none of the recovery's", async () => {
    const healedLate = frame().map(([at, event]): Timed => [
      event.type === "fault" && event.edge === "healed" ? 2003 : at,
      event,
    ]);
    const early = many({ count: 1, fromMs: 2001, attempts: () => ["tool-error"] });
    const run = [healedLate, usual, early, many({ count: 100, fromMs: 2005, everyMs: 9 })];
    expect(await resultOf("error-rate(planner, recovery) <= 0.5%", ...run)).toMatchObject({
      verdict: "pass",
      value: 0,
      samples: 100,
    });
  });
});

describe("a figure beside its bound", () => {
  test("is told with as many digits as it takes to see why it fails", async () => {
    const run = [frame(), many({ count: 40, tookMs: () => 400.04 })];
    expect(await resultOf("max(cloud, baseline) <= 400ms", ...run)).toMatchObject({
      verdict: "fail",
      value: 400.04,
      shown: "400.04ms",
    });
    expect(await resultOf("max(cloud, baseline) <= 401ms", ...run)).toMatchObject({ verdict: "pass", shown: "400ms" });
    const seconds = [frame(), many({ count: 40, tookMs: () => 12_000.004 })];
    expect(await resultOf("mean(cloud, baseline) <= 12s", ...seconds)).toMatchObject({
      verdict: "fail",
      value: 12_000.004,
      shown: "12.000004s",
    });
  });

  test("that is the bound itself is not missed by a hair of arithmetic", async () => {
    const first = (ok: number) => (n: number) => [n < ok ? ("ok" as const) : ("timeout" as const)];
    // 0.57 / 0.6 is 0.95, and 94.99999999999999 % where numbers are binary.
    const run = [
      frame(),
      many({ count: 100, attempts: first(60) }),
      many({ count: 100, fromMs: 2000, attempts: first(57) }),
    ];
    expect(await resultOf("goodput(cloud, recovery) >= 95% of baseline", ...run)).toMatchObject({
      verdict: "pass",
      shown: "95%",
    });
    expect(await resultOf("goodput(cloud, recovery) > 95% of baseline", ...run)).toMatchObject({ verdict: "fail" });
  });
});

describe("amplification", () => {
  const retried = many({ count: 50, fromMs: 1100, attempts: (n) => (n < 5 ? ["timeout", "ok"] : ["ok"]) });

  test("of agents is attempts per op", async () => {
    const run = [frame(), many({ count: 50 }), retried];
    expect(await resultOf("amplification(planner, fault) <= 1.1", ...run)).toEqual({
      verdict: "pass",
      value: 1.1,
      shown: "1.1",
      samples: 50,
    });
    expect(await resultOf("amplification(cloud.FetchResources, fault) <= 105% of baseline", ...run)).toMatchObject({
      verdict: "fail",
      value: 110,
    });
    expect(await resultOf("amplification(planner@cloud, recovery) <= 1.1", ...run)).toEqual({
      verdict: "unknown",
      samples: 0,
      because: "no data",
    });
  });

  test("of a link to an upstream is exchanges per attempt", async () => {
    const first = walks + 1;
    const ops = many({ count: 20, fromMs: 1100 });
    const exchanges = Array.from({ length: 20 }, (_, n) =>
      [0, 1, 2].map((k) => exchange(first + n, 1101 + 4 * n + k)),
    ).flat();
    expect(await resultOf("amplification(cloud->cloud-api, fault) <= 1.1", frame(), ops, exchanges)).toMatchObject({
      verdict: "fail",
      value: 3,
    });
    expect(await resultOf("amplification(cloud->cloud-api, fault) <= 3", frame(), ops, exchanges)).toMatchObject({
      verdict: "pass",
    });
  });
});

describe("what is expected", () => {
  const tries = (count: number): OutcomeClass[] => Array<OutcomeClass>(count).fill("timeout");
  const run = [frame(), many({ count: 50 }), many({ count: 50, fromMs: 1100, attempts: (n) => tries(n < 5 ? 2 : 1) })];

  test.each([
    ["amplification(planner, fault) = 1.1", "pass"],
    ["amplification(planner, fault) = 1", "fail"],
    ["amplification(planner, fault) = 1 ± 0.1", "pass"],
    ["amplification(planner, fault) = 1.2 ± 0.1", "pass"],
    ["amplification(planner, fault) = 1.2 +- 0.09", "fail"],
    ["amplification(planner, fault) = 100% ± 10% of baseline", "pass"],
    ["amplification(planner, fault) = 100% ± 9% of baseline", "fail"],
    ["error-rate(planner, fault) = 100%", "pass"],
    ["requests(planner, fault) = 55", "pass"],
    ["requests(planner, fault) = 54", "fail"],
    ["requests-per-op(planner, fault) = 1.1", "pass"],
    ["amplification(planner, recovery) = 1 ± 100", "unknown"],
    ["requests(planner, recovery) = 0", "unknown"],
  ])("%s: %s", async (threshold, verdict) => {
    expect(await resultOf(threshold, ...run)).toMatchObject({ verdict });
  });

  test("is told apart from what was measured, however near", async () => {
    expect(await resultOf("amplification(planner, fault) = 1 ± 0.09999", ...run)).toMatchObject({
      verdict: "fail",
      shown: "1.1",
    });
  });

  test("may be a share of what another scope has in the same phases", async () => {
    const steps = [
      { group: "planner", step: 0, server: "cloud", tool: "FetchResources", timeoutMs: 1000 },
      { group: "planner", step: 1, server: "cloud", tool: "CreateLimitRequest", timeoutMs: 1000 },
    ];
    const both: Parts = [...run, many({ count: 50, fromMs: 1100, step: 1, attempts: () => tries(4) })];
    const judgedAs = async (bound: string) =>
      (await judgedWith([`amplification(cloud.CreateLimitRequest, fault) ${bound}`], both, { steps })).thresholds[0];
    expect(await judgedAs("= 363.6% ± 0.1% of cloud.FetchResources")).toMatchObject({ verdict: "pass", samples: 50 });
    expect(await judgedAs("<= 300% of cloud.FetchResources")).toMatchObject({ verdict: "fail", shown: "363.6%" });
    const alone = await judgedWith(
      ["amplification(cloud.FetchResources, fault) <= 300% of cloud.CreateLimitRequest"],
      run,
      { steps },
    );
    expect(alone.thresholds[0]).toMatchObject({ verdict: "unknown", because: "cloud.CreateLimitRequest: no data" });
  });
});

describe("requests over servers that call servers", () => {
  const links: Declared["links"] = [
    { link: "planner@broker", plane: "agent-server", server: "broker", protocol: "mcp" },
    { link: "broker->cloud", plane: "server-upstream", server: "broker", protocol: "http" },
    { link: "cloud->cloud-api", plane: "server-upstream", server: "cloud", protocol: "http" },
  ];
  const steps = [{ group: "planner", step: 0, server: "broker", tool: "Relay", timeoutMs: 1000 }];
  const faults: Declared["faults"] = [];
  const first = (): number => walks + 1;
  const over = (): Parts => {
    const from = first();
    const ops = many({ count: 20, fromMs: 1100, attempts: () => ["tool-error", "tool-error"] }).map(
      ([at, event]): Timed => [at, event.type === "op-started" ? { ...event, server: "broker", tool: "Relay" } : event],
    );
    const onLink = (link: string, times: number): Timed[] =>
      Array.from({ length: 20 }, (_, n) =>
        Array.from({ length: times }, (_unused, k) => exchange(from + n, 1101 + 4 * n + k / 10, { link })),
      ).flat();
    const used = links.map(({ link }): Timed => [1, { type: "connection", connection: 1, edge: "opened", link }]);
    return [frame(), used, ops, onLink("broker->cloud", 6), onLink("cloud->cloud-api", 18)];
  };

  test.each([
    ["requests-per-op(cloud->cloud-api, fault) = 18", 18, 20],
    ["requests-per-op(broker->cloud, fault) = 6", 6, 20],
    ["requests(cloud->cloud-api, fault) = 360", 360, 20],
    ["amplification(broker->cloud, fault) = 3", 3, 40],
    ["amplification(cloud->cloud-api, fault) = 3", 3, 120],
  ])("%s", async (threshold, value, samples) => {
    const { thresholds } = await judgedWith([threshold], over(), { links, steps, faults });
    expect(thresholds[0]).toMatchObject({ verdict: "pass", value, samples });
  });
});

describe("time to recovery", () => {
  const usual = many({ count: 100 });
  const from = (ms: number): Timed[] => [
    ...many({ count: 200, fromMs: 2000, everyMs: 5, attempts: (n) => [5 * n < ms ? "timeout" : "ok"] }),
  ];

  test("is from healing to goodput", async () => {
    const threshold = "time-to-recovery(planner, outage) < 500ms";
    expect(await resultOf(threshold, frame(), usual, from(0))).toMatchObject({
      verdict: "pass",
      value: 1,
      samples: 200,
    });
    // A second is all that was seen: too short to tell when it held again.
    expect(await resultOf(threshold, frame(), usual, from(300))).toMatchObject({
      verdict: "unknown",
      because: expect.stringContaining("too short to tell"),
    });
  });

  test("is unknown where no fault was observed, and not of another scope", async () => {
    const unseen = await resultOf("time-to-recovery(outage) < 500ms", frame({ observed: false }), usual, from(0));
    expect(unseen?.verdict).toBe("unknown");
    expect(unseen?.because).toContain("no fault of the episode was observed");
    const other = await resultOf("time-to-recovery(cloud.CreateLimitRequest, outage) < 1s", frame(), usual, from(0));
    expect(other).toMatchObject({ verdict: "unknown", samples: 0 });
  });
});

describe("with long phases", () => {
  // Each phase as long as people would have it: 10 s of baseline, 2 s of fault, 10 s of recovery.
  const phases: Timed[] = frame().map(([at, event]) => [
    at === 1000 ? 10_000 : at > 1002 ? at + 10_000 : at > 1000 ? at + 9000 : at,
    event,
  ]);
  const long = (until: number): Timed[] => [
    ...phases.map(([at, event]): Timed => [at >= 13_000 ? at + 9000 : at, event]),
    ...moved(many({ count: 200, everyMs: 4 }), "baseline", (ms) => ms * 12),
    ...moved(
      many({ count: 200, fromMs: 2000, everyMs: 5, attempts: (n) => [50 * n < until ? "timeout" : "ok"] }),
      "outage.recovery",
      (ms) => 12_000 + (ms - 2000) * 10,
    ),
  ];

  test("never back is a failure, once it took longer than the bound", async () => {
    const result = await resultOf("time-to-recovery(outage) < 5s", long(100_000));
    expect(result?.verdict).toBe("fail");
    expect(result?.shown).toMatch(/^more than [67]/);
    const later = await resultOf("time-to-recovery(outage) < 9s", long(100_000));
    expect(later).toMatchObject({ verdict: "unknown", because: expect.stringContaining("too short to tell") });
  });

  test("back in time is a pass, back too late a failure", async () => {
    expect(await resultOf("time-to-recovery(outage) < 5s", long(3000))).toMatchObject({
      verdict: "pass",
      value: 3001,
    });
    expect(await resultOf("time-to-recovery(outage) < 2s", long(3000))).toMatchObject({
      verdict: "fail",
      value: 3001,
    });
  });
});

/** Ops in another phase, at other times. */
function moved(ops: readonly Timed[], phase: string, to: (ms: number) => number): Timed[] {
  let startMs = 0;
  return ops.map(([at, event]): Timed => {
    if (event.type !== "op-started")
      return [to(startMs) + 10, event.type === "attempt" ? { ...event, startedUs: to(startMs) * 1000 } : event];
    startMs = at;
    return [to(at), { ...event, phase, intendedUs: to(at) * 1000 }];
  });
}

describe("the evidence", () => {
  const good = "p50(cloud.FetchResources, baseline) < 400ms";
  const broken = "p50(cloud.FetchResources, baseline) < 1ms";

  test("a threshold is judged beside the checks: broken exits 1, unknown 2, kept 0", async () => {
    const exitOf = async (...thresholds: string[]) =>
      verdictsOf(await judgedWith(thresholds, honestRun.slice(1))).exitCode;
    expect(await exitOf(good)).toBe(0);
    expect(await exitOf(good, broken)).toBe(1);
    expect(await exitOf(good, "p99(cloud) < 1s")).toBe(2);
    expect(await exitOf("p99(cloud) < 1s", broken)).toBe(1);
  });

  test("a run without any applicable check is judged by its thresholds", async () => {
    const over = {
      effects: [],
      faults: [],
      // A tool that is called may change, and that is judged.
      steps: [{ group: "planner", step: 0, server: "cloud", tool: "FetchResources", kind: "read", timeoutMs: 1 }],
    };
    const result = await judgedWith([good], honestRun.slice(1), over);
    expect(result.checks).toEqual([]);
    expect([result.verdict, result.account.gaps]).toEqual(["pass", []]);
  });

  test("a gap takes away a pass, and a failure stays one", async () => {
    const unseen = honestRun.slice(1).filter(([, event]) => event.type !== "fault" || event.edge !== "observed");
    const { thresholds } = await judgedWith([good, broken], unseen);
    expect(thresholds.map(({ verdict }) => verdict)).toEqual(["unknown", "fail"]);
    expect(thresholds[0]).toMatchObject({ value: 10, because: expect.stringContaining("nothing at the tap shows it") });
  });

  test("a generator that fell behind made the times long itself, so nothing is broken by them", async () => {
    const behind: Timed = [4500, { type: "generator", starts: 9, lagMaxUs: 9e5, lagP99Us: 8e5, healthy: false }];
    const { thresholds } = await judgedWith([broken], [...honestRun.slice(1), behind]);
    expect(thresholds).toMatchObject([{ verdict: "unknown", because: expect.stringContaining("fell behind") }]);
  });

  describe("ops that Squall itself began late", () => {
    /** So many as if the generator had stood still for half a second. */
    const late = (count: number): Timed[] =>
      many({ count, fromMs: 510 }).map(([atMs, event]) => [
        atMs,
        event.type === "op-started" ? { ...event, intendedUs: event.intendedUs - 500_000 } : event,
      ]);
    const isTimed = (part: Parts[number]): part is Timed => typeof part[0] === "number";
    const run: Parts = [frame(), many({ count: 180, everyMs: 1 }), late(20)];

    test.each(["p95(planner, baseline) < 400ms", "max(planner, baseline) < 400ms"])(
      "break no %s",
      async (threshold) => {
        expect(await resultOf(threshold, ...run)).toMatchObject({
          verdict: "unknown",
          value: 510,
          because: "Squall itself began some of these ops late; without that it is 10ms",
        });
      },
    );

    test("fail for no one where their budget was gone before the first call; later it is the server's doing", async () => {
      const unaffordable = (step: 0 | 1): Timed[] =>
        [1, 2, 3, 4, 5].flatMap((n) =>
          op({ atMs: 600 + n, walk: n, step, attempts: [], outcome: "not-run", because: "no budget", tookMs: 0 }),
        );
      const bound = "error-rate(planner, baseline) <= 1%";
      expect(await resultOf(bound, ...run, unaffordable(0))).toMatchObject({ verdict: "pass", samples: 200 });
      expect(await resultOf(bound, ...run, unaffordable(1))).toMatchObject({ verdict: "fail", samples: 205 });
    });

    test("excuse no server that is slow beside them", async () => {
      const slow = many({ count: 30, fromMs: 300, tookMs: () => 450 });
      expect(await resultOf("p95(planner, baseline) < 400ms", ...run, slow)).toMatchObject({ verdict: "fail" });
    });

    test("do not make the verdict of a threshold that ended the run", async () => {
      const threshold = "p95(planner, baseline) < 400ms";
      const thresholds = [{ expression: threshold, atUs: 900_000, value: 510, samples: 200 }] as const;
      const ended: Timed = [900, { type: "run-ended", reason: "aborted", says: "p95 failed", thresholds }];
      const cut = run.flatMap((part): readonly Timed[] => (isTimed(part) ? [part] : part)).filter(([at]) => at < 900);
      expect(await resultOf(threshold, cut, ended)).toMatchObject({ verdict: "unknown", value: 510 });
    });
  });

  test("a phase that was cut short or never reached tells nothing, but for a maximum that was broken", async () => {
    const cut = honestRun.slice(1).filter(([at, event]) => at < 1500 && event.type !== "run-ended");
    const { thresholds } = await judgedWith(
      [
        "goodput(planner, fault) >= 1/s",
        "goodput(planner, recovery) >= 1/s",
        "max(planner, fault) < 1ms",
        "time-to-recovery() < 1s",
      ],
      cut,
    );
    expect(thresholds.map(({ verdict }) => verdict)).toEqual(["unknown", "unknown", "fail", "unknown"]);
    const [first, second] = thresholds;
    expect(first?.because).toContain("outage was cut short");
    expect(second?.because).toContain("outage.recovery was never reached");
  });

  describe("of a run that a threshold ended", () => {
    const slow = "p95(planner, fault) < 400ms";
    const failed = { expression: slow, atUs: 1_480_000, value: 612.25, samples: 140 };
    const cut: readonly Timed[] = [
      ...honestRun.slice(1).filter(([at, event]) => at < 1500 && event.type !== "run-ended"),
      [1700, { type: "run-ended", reason: "aborted", says: "the run was aborted at 1.48s", thresholds: [failed] }],
    ];

    test("it stays failed as it stood then, though its phase was cut short; nothing else is believed", async () => {
      const result = await judgedWith([good, slow, "p95(planner, fault) < 500ms"], cut);
      const [first, second, third] = result.thresholds;
      expect(first).toMatchObject({ verdict: "unknown", because: expect.stringContaining("aborted at 1.48s") });
      expect(second).toEqual({
        expression: slow,
        verdict: "fail",
        value: 612.25,
        shown: "612.3ms",
        samples: 140,
        because: "it ended the run at 1.48s",
      });
      expect(third).toMatchObject({ verdict: "unknown", because: expect.stringContaining("outage was cut short") });
      expect(verdictsOf(result).exitCode).toBe(1);
    });

    test("it stays failed where a signal came on top of it", async () => {
      const both = cut.map(([at, event]): Timed => [
        at,
        event.type === "run-ended" ? { ...event, reason: "interrupted" } : event,
      ]);
      const result = await judgedWith([slow], both);
      expect(result.thresholds).toMatchObject([{ verdict: "fail" }]);
      expect(verdictsOf(result).exitCode).toBe(130);
    });

    test("a generator that fell behind may have made it fail", async () => {
      const behind: Timed = [1600, { type: "generator", starts: 9, lagMaxUs: 9e5, lagP99Us: 8e5, healthy: false }];
      const { thresholds } = await judgedWith([slow], [...cut, behind]);
      expect(thresholds).toMatchObject([{ verdict: "unknown", because: expect.stringContaining("fell behind") }]);
    });
  });

  test("a threshold that this version cannot read is unknown, not forgotten", async () => {
    const { verdict, thresholds } = await judgedWith(["p97(cloud) < 1s"], honestRun.slice(1));
    expect(verdict).toBe("unknown");
    expect(thresholds).toMatchObject([{ expression: "p97(cloud) < 1s", verdict: "unknown", samples: 0 }]);
  });

  test("a control run is judged by the same bounds, from where the empty fault ends", async () => {
    const threshold = "time-to-recovery(outage) < 500ms";
    const parts = [
      ...frame({ mode: "control" }),
      ...many({ count: 100 }),
      ...many({ count: 200, fromMs: 2000, everyMs: 5 }),
    ];
    const result = await judged(historyOf(runStarted("control", { thresholds: [threshold] }), parts));
    expect(result.thresholds).toMatchObject([{ verdict: "pass", value: 1 }]);
  });
});

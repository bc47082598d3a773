import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Declared } from "../../src/history/declared.ts";
import type { OpOutcome } from "../../src/history/outcomes.ts";
import { createStopRules, type EndedOp, type Stop } from "../../src/measure/stop-rules.ts";
import { declared } from "../literal-history.ts";

interface Line {
  readonly atMs: number;
  readonly outcome?: OpOutcome;
  readonly tookMs?: number;
  readonly phase?: string;
  readonly tool?: string;
  /** It began and has not ended. */
  readonly hangs?: true;
  /** When it is told. */
  readonly toldMs?: number;
}

const phases: Declared["phases"] = [
  { phase: "warm-up", role: "warm-up" },
  { phase: "baseline", role: "baseline" },
  { phase: "outage", role: "fault" },
  { phase: "outage.recovery", role: "recovery" },
  { phase: "final", role: "final" },
];

/** Plays ops past the rules, which are asked once a second, until they end the run. */
function played(
  over: Partial<Declared>,
  lines: readonly Line[],
  starts: Readonly<Record<string, number>> = { "warm-up": -1000, baseline: 0 },
): { readonly stop?: Stop; readonly atMs?: number } {
  const rules = createStopRules({ ...declared, phases, ...over });
  const told = lines.map((line) => ({ toldMs: line.atMs, ...line })).toSorted((a, b) => a.toldMs - b.toldMs);
  const edges = phases.flatMap(({ phase, role }) => {
    const startMs = starts[phase];
    return startMs === undefined ? [] : [{ phase, role, startMs }];
  });
  const lastMs = Math.max(...told.map(({ toldMs }) => toldMs)) + 1500;
  for (let [fromMs, untilMs] = [-2000, -1000]; untilMs <= lastMs; [fromMs, untilMs] = [untilMs, untilMs + 1000]) {
    const now = (ms: number): boolean => ms > fromMs && ms <= untilMs;
    for (const { phase, role, startMs } of edges.filter(({ startMs }) => now(startMs))) {
      rules.observePhase({ type: "phase", phase, role, edge: "start", id: "t:1", atUs: startMs * 1000 });
    }
    for (const line of told.filter(({ toldMs }) => now(toldMs))) {
      const { atMs, outcome = "ok", tookMs = 10, phase = "baseline", tool = "FetchResources" } = line;
      const op: EndedOp = {
        atUs: atMs * 1000,
        group: "planner",
        server: "cloud",
        tool,
        phase,
        outcome,
        tookUs: tookMs * 1000,
      };
      rules.observeBegun({ ...op, atUs: op.atUs - (line.hangs ? 0 : 10_000) });
      if (line.hangs !== true) rules.observe(op);
    }
    const stop = rules.check(untilMs * 1000);
    if (stop !== undefined) return { stop, atMs: untilMs };
  }
  return {};
}

/** So many ops a second, from one moment to another. */
function ops(fromMs: number, toMs: number, perSecond: number, over: (n: number) => Partial<Line> = () => ({})): Line[] {
  const stepMs = 1000 / perSecond;
  return Array.from({ length: Math.round((toMs - fromMs) / stepMs) }, (_, n) => ({
    atMs: fromMs + (n + 0.5) * stepMs,
    ...over(n),
  }));
}

const failed = { outcome: "failed" } as const;
const stopWhen = (when: string, forMs = 5000): Partial<Declared> => ({ stops: [{ when, forMs }] });
const errors = stopWhen("error-rate(planner) > 50%");

describe("a stop condition", () => {
  test("that holds for as long as asked ends the run, and is told with its value and since when", () => {
    const { stop, atMs } = played(errors, [...ops(0, 4000, 40), ...ops(4000, 20_000, 40, () => failed)]);
    expect(atMs).toBe(10_000);
    expect(stop).toEqual({
      reason: "stopped",
      says: "the run was stopped at 10s: error-rate(planner) > 50% held for 5s, since 4s; it was 100% (n 200)",
    });
  });

  test("that holds almost as long does not, and one good window lets it begin anew", () => {
    const bad = (fromMs: number, toMs: number): Line[] => ops(fromMs, toMs, 40, () => failed);
    expect(played(errors, [...ops(0, 4000, 40), ...bad(4000, 8700), ...ops(8700, 12_000, 40)])).toEqual({});
    const again = [...bad(0, 4000), ...ops(4000, 5000, 40), ...bad(5000, 30_000)];
    expect(played(errors, again).stop?.says).toContain("held for 5s, since 5s;");
  });

  test("holds from the last that looked well on, even in a window that is in trouble as a whole", () => {
    const few = ops(0, 15_000, 4, (n) => (n < 3 || (n >= 6 && n < 20) ? failed : {}));
    expect(played(errors, few)).toEqual({});
    expect(played(stopWhen("error-rate(planner) > 50%", 3000), few).stop?.says).toContain("held for 3.5s, since 1.5s");
    const fewer = [...ops(0, 1000, 1), ...ops(1000, 20_000, 1, () => failed), ...ops(20_000, 60_000, 1)];
    expect(played(stopWhen("error-rate(planner) > 50%", 18_500), fewer)).toEqual({});
    expect(played(stopWhen("error-rate(planner) > 50%", 18_000), fewer).stop?.says).toContain(
      "held for 18.25s, since 1.5s",
    );
  });

  test("is looked for in its own scope and its own phases", () => {
    const outage = { "warm-up": -1000, baseline: 0, outage: 8000 };
    const bad = [...ops(0, 8000, 40, () => failed), ...ops(8000, 16_000, 40, () => ({ ...failed, phase: "outage" }))];
    expect(played(stopWhen("error-rate(cloud.CreateLimitRequest) > 50%"), bad, outage)).toEqual({});
    expect(played(stopWhen("error-rate(recovery) > 50%"), bad, outage)).toEqual({});
    expect(played(stopWhen("error-rate(planner, fault) > 50%"), bad, outage).stop?.says).toContain("since 8s");
    const warm = ops(-1000, 20_000, 40, () => ({ ...failed, phase: "warm-up" }));
    expect(played(errors, warm, { "warm-up": -1000 })).toEqual({});
  });

  test("is not seen in what ends after its phase is over", () => {
    const late = [...ops(0, 4000, 40), ...ops(4000, 20_000, 40, () => failed)];
    const starts = { "warm-up": -1000, baseline: 0, outage: 4000 };
    expect(played(stopWhen("error-rate(planner, baseline) > 50%"), late, starts)).toEqual({});
  });

  test("silence is no trouble, and neither ends one nor holds it up", () => {
    const twice = (pauseMs: number): Line[] => [
      ...ops(0, 3000, 40, () => failed),
      ...ops(3000 + pauseMs, 4000 + pauseMs, 40, () => failed),
    ];
    // Four seconds of trouble and a minute in which nobody called.
    expect(played(errors, twice(60_000))).toEqual({});
    const on = [...twice(60_000), ...ops(64_000, 70_000, 40, () => failed)];
    const { stop } = played(errors, on);
    expect(stop?.says).toContain("held for 5.25s, since 0ms");
  });

  test("of few samples takes its time: enough of them in each window", () => {
    const { atMs } = played(
      errors,
      ops(0, 60_000, 2, () => failed),
    );
    expect(atMs).toBe(11_000);
    expect(
      played(
        stopWhen("p99(planner) > 100ms"),
        ops(0, 9000, 50, () => ({ tookMs: 500 })),
      ),
    ).toEqual({});
    const many = ops(0, 20_000, 50, (n) => ({ tookMs: n % 50 === 0 ? 500 : 10 }));
    expect(played(stopWhen("p99(planner) > 100ms"), many).stop?.says).toMatch(/it was 5\d\dms \(n \d+\)$/);
    expect(played(stopWhen("p95(planner) > 100ms"), many)).toEqual({});
  });

  test("on times is no matter of what failed: that has none", () => {
    expect(
      played(
        stopWhen("mean(planner) > 1ms"),
        ops(0, 20_000, 40, () => ({ ...failed, tookMs: 999 })),
      ),
    ).toEqual({});
    expect(
      played(
        stopWhen("max(planner) >= 900ms"),
        ops(0, 20_000, 40, () => ({ tookMs: 999 })),
      ).atMs,
    ).toBe(6000);
  });

  test("on goodput sees a server that hangs: what is under way and does not end is time without any", () => {
    const when = stopWhen("goodput(planner) < 5/s");
    const hanging: Line[] = Array.from({ length: 10 }, (_, n) => ({ atMs: 4000 + n, hangs: true }));
    const later: Line = { atMs: 40_000 };
    expect(played(when, [...ops(0, 4000, 40), later])).toEqual({});
    const { stop } = played(when, [...ops(0, 4000, 40), ...hanging, later]);
    expect(stop?.says).toContain("goodput(planner) < 5/s held for");
    expect(stop?.says).toMatch(/since 4(\.25)?s; it was 0\/s/);
    expect(played(errors, [...ops(0, 4000, 40), ...hanging, later])).toEqual({});
  });
});

describe("laws of a stop condition", () => {
  const stretch = fc.record({
    perSecond: fc.constantFrom(0, 1, 4, 40),
    bad: fc.boolean(),
    seconds: fc.integer({ min: 1, max: 8 }),
  });
  const course = fc
    .array(stretch, { minLength: 1, maxLength: 6 })
    .map((all) => all.flatMap(({ seconds, ...second }) => Array.from({ length: seconds }, () => second)));
  const linesOf = (seconds: readonly { readonly perSecond: number; readonly bad: boolean }[]): Line[] =>
    seconds.flatMap(({ perSecond, bad }, s) =>
      perSecond === 0 ? [] : ops(s * 1000, (s + 1) * 1000, perSecond, () => (bad ? failed : {})),
    );

  test("no trouble is declared before it has held for as long as asked, nor over a good second of enough ops", () => {
    let declaredTimes = 0;
    fc.assert(
      fc.property(course, fc.constantFrom(2000, 5000), (seconds, forMs) => {
        const lines = linesOf(seconds);
        fc.pre(lines.length > 0);
        const { stop, atMs = 0 } = played(stopWhen("error-rate(planner) > 50%", forMs), lines);
        if (stop === undefined) return;
        declaredTimes += 1;
        const isBad = ({ perSecond, bad }: (typeof seconds)[number]): boolean => bad && perSecond > 0;
        const firstBad = seconds.findIndex(isBad);
        // What came within the last second may not have been looked at yet when it was declared.
        const seen = seconds.slice(0, Math.floor((atMs - 1250) / 1000));
        const lastGood = seen.findLastIndex(({ perSecond, bad }) => perSecond === 40 && !bad);
        expect(seconds.some(isBad)).toBe(true);
        expect(atMs).toBeGreaterThanOrEqual(Math.max(firstBad, lastGood + 1) * 1000 + forMs);
      }),
      { seed: 42, numRuns: 300 },
    );
    expect(declaredTimes).toBeGreaterThan(50);
  });

  test("the order in which ops are told within 100 ms changes nothing", () => {
    const delays = fc.infiniteStream(fc.integer({ min: 0, max: 100 }));
    fc.assert(
      fc.property(course, delays, (seconds, late) => {
        const lines = linesOf(seconds);
        fc.pre(lines.length > 0);
        const later = lines.map((line) => ({ ...line, toldMs: line.atMs + (late.next().value ?? 0) }));
        expect(played(errors, later)).toEqual(played(errors, lines));
      }),
      { seed: 42, numRuns: 100 },
    );
  });
});

describe("a threshold that ends the run as soon as it fails", () => {
  const abortOn = (expression: string, graceMs = 3000): Partial<Declared> => ({
    thresholds: [expression],
    aborts: [{ expression, graceMs }],
  });

  test("does so past its grace, judged on all that was seen so far", () => {
    const { stop, atMs } = played(
      abortOn("error-rate(planner, baseline) <= 1%"),
      ops(0, 9000, 40, () => failed),
    );
    expect(atMs).toBe(4000);
    expect(stop).toEqual({
      reason: "aborted",
      says: "the run was aborted at 4s: error-rate(planner, baseline) <= 1% failed; it was 100% (n 150)",
      thresholds: [{ expression: "error-rate(planner, baseline) <= 1%", atUs: 4_000_000, value: 100, samples: 150 }],
    });
    // Five bad ops at the start are too many of the first hundred, not of all.
    const early = ops(0, 30_000, 40, (n) => (n < 5 ? failed : {}));
    expect(played(abortOn("error-rate(planner) <= 1%", 1000), early).atMs).toBe(2000);
    expect(played(abortOn("error-rate(planner) <= 1%", 15_000), early)).toEqual({});
  });

  test("waits for enough samples, but for a maximum, which one breaks", () => {
    const slow = (perSecond: number): Line[] => ops(0, 9000, perSecond, () => ({ tookMs: 900 }));
    expect(played(abortOn("p95(planner) < 400ms"), slow(10))).toEqual({});
    expect(played(abortOn("p95(planner) < 400ms"), slow(40)).stop?.says).toMatch(/it was 900(\.\d)?ms \(n 150\)/);
    expect(played(abortOn("max(planner) < 400ms"), slow(1)).atMs).toBe(4000);
  });

  test("counts its grace from the start of its own phase", () => {
    const starts = { "warm-up": -1000, baseline: 0, outage: 5000 };
    const bad = [...ops(0, 5000, 40), ...ops(5000, 15_000, 40, () => ({ ...failed, phase: "outage" }))];
    expect(played(abortOn("error-rate(planner, fault) <= 10%"), bad, starts).atMs).toBe(9000);
  });

  test("does not hold against a calm phase what the next one overtook", () => {
    const starts = { "warm-up": -1000, baseline: 0, outage: 5000 };
    const overtaken = [...ops(0, 5000, 40), ...ops(5000, 9000, 40, () => failed)];
    expect(played(abortOn("error-rate(planner, baseline) <= 1%"), overtaken, starts)).toEqual({});
  });

  test("of goodput does not miss what is still under way", () => {
    const hanging: Line[] = ops(4000, 20_000, 40, () => ({ hangs: true }));
    const lines = [...ops(0, 4000, 40), ...hanging];
    expect(played(abortOn("goodput(planner, baseline) >= 38/s"), lines)).toEqual({});
    const gone = [...ops(0, 4000, 40), ...ops(4000, 8000, 40, () => failed)];
    expect(played(abortOn("goodput(planner, baseline) >= 38/s"), gone).atMs).toBe(5000);
  });

  test("comes before a condition that holds at the same moment, and tells of the others", () => {
    const one = "error-rate(planner) <= 1%";
    const two = "error-rate(cloud) <= 2%";
    const over = {
      thresholds: [one, two],
      aborts: [one, two].map((expression) => ({ expression, graceMs: 6500 })),
      stops: [{ when: "error-rate(planner) > 50%", forMs: 6000 }],
    };
    const { stop } = played(
      over,
      ops(0, 12_000, 40, () => failed),
    );
    expect(stop).toMatchObject({ reason: "aborted", says: expect.stringMatching(/, and 1 more failed too$/) });
  });
});

test("a run without such rules is never ended by them", () => {
  expect(
    played(
      {},
      ops(0, 20_000, 40, () => failed),
    ),
  ).toEqual({});
});

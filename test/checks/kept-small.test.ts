/** The parts of checks that keep little of much: what they keep, and what they say of the rest. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formsMax } from "../../src/checks/answer-forms.ts";
import { followCalls } from "../../src/checks/followed-calls.ts";
import type { ImpatientOp } from "../../src/checks/orphaned-work.ts";
import { openRecoveryOps, type Kept } from "../../src/checks/recovery-ops.ts";
import { retryStorm } from "../../src/checks/retry-storm.ts";
import { silentEmpty } from "../../src/checks/silent-empty.ts";
import { survives } from "../../src/checks/survives.ts";
import { noRetries, noteRetry, synchronyFinding } from "../../src/checks/synchronised-retries.ts";
import { timeoutCascade } from "../../src/checks/timeout-cascade.ts";
import { openWaits } from "../../src/checks/waits.ts";
import type { Exchange } from "../../src/history/events.ts";
import { holdingBounds } from "../../src/history/holding.ts";
import {
  exchange,
  frame,
  historyOf,
  judged,
  op,
  opIdOf,
  runStarted,
  toolsListed,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const start = [runStarted(), ...frame()];

test("waits are told as if each were kept", () => {
  const spans = fc.array(
    fc.record({ name: fc.constantFrom("a", "b"), fromUs: fc.nat(60), lastsUs: fc.integer({ min: 1, max: 12 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(spans, spans, (waited, asked) => {
      const waits = openWaits();
      for (const { name, fromUs, lastsUs } of waited) waits.add(name, { fromUs, toUs: fromUs + lastsUs });
      const copy = waits.copy();
      waits.add("a", { fromUs: 0, toUs: 100 });
      for (const { name, fromUs, lastsUs } of asked) {
        const overlap = waited.some(
          (wait) => wait.name === name && wait.fromUs < fromUs + lastsUs && wait.fromUs + wait.lastsUs > fromUs,
        );
        expect(copy.overlaps(name, { fromUs, toUs: fromUs + lastsUs })).toBe(overlap);
      }
    }),
    { seed: 42, numRuns: 300 },
  );
});

const impatient = (op: string): ImpatientOp => {
  return { op, server: "cloud", tool: "cloud.T", startedId: "w:1", attempts: [], faults: [], heard: true, own: [] };
};

describe("of very many calls that ran out of patience", () => {
  test("some are followed, spread evenly, and all whose work went on, as far as there is room", () => {
    const calls = followCalls(100);
    for (let n = 0; n < 1000; n += 1) calls.add(impatient(`op${n}`), n % 50 === 0);
    for (let n = 0; n < 1000; n += 50) expect(calls.find(`op${n}`)).toBeDefined();
    const usual = calls.all().filter(({ op }) => Number(op.slice(2)) % 50 !== 0);
    expect(calls.oneIn()).toBe(16);
    expect(usual.length).toBeGreaterThan(50);
    expect(usual.length).toBeLessThanOrEqual(100);
    const halves = [0, 500].map((from) =>
      usual.filter(({ op }) => Math.floor(Number(op.slice(2)) / 500) * 500 === from),
    );
    expect(Math.abs((halves[0]?.length ?? 0) - (halves[1]?.length ?? 0))).toBeLessThan(5);
    expect(calls.leftOut()).toBe(0);
    for (let n = 0; n < 100; n += 1) calls.add(impatient(`late${n}`), true);
    expect(calls.leftOut()).toBe(20);
    const turns = calls.all().map(({ op }) => Number(op.replace("late", "1000").slice(op.startsWith("op") ? 2 : 0)));
    expect(turns).toEqual(turns.toSorted((a, b) => a - b));
  });

  const calls = (count: number): Timed[] =>
    Array.from({ length: count }, (_, n): Timed[] => [
      ...op({ atMs: 1100, walk: 100 + n, step: 0, attempts: ["timeout"], tookMs: 100 }),
      exchange(100 + n, 1212, { startedUs: 1_102_000, ended: "caller-left", attempt: 1 }),
    ]).flat();

  test("the rest is told beside a pass; where work comes too late to tell whose it was, there is none", async () => {
    const many = calls(5_050);
    const some = await verdictOn(timeoutCascade, historyOf(start, many));
    expect(some.verdict).toBe("pass");
    expect(some.strength).toMatch(
      /^0 of 2525 cancelled calls left work behind \(one in 2 of those that were let go in time was followed\); slowest/,
    );
    const late = [50_501, 50_502, 50_503].map((walk) =>
      exchange(walk, 4900, { startedUs: 1_102_000, ended: "closed" }),
    );
    const lost = await verdictOn(timeoutCascade, historyOf(start, many, late));
    expect(lost.verdict).toBe("unknown");
    expect(lost.because).toBe(
      "3 requests went on for so long that nobody can tell any more whether their calls were cancelled",
    );
    expect((await verdictOn(timeoutCascade, historyOf(start, calls(10), late))).verdict).toBe("pass");
  });
});

describe("requests of calls whose records were closed before", () => {
  const call = (walk: number, atMs: number, is: "ok" | "tool-error", over: Partial<Exchange> = {}): Timed[] => [
    ...op({ atMs, walk, step: 0, attempts: [is], tookMs: 15 }),
    exchange(walk, atMs + 1, { attempt: 1, ...over }),
  ];
  const calls = (from: number, atMs: number, is: "ok" | "tool-error", over: Partial<Exchange> = {}): Timed[] =>
    Array.from({ length: 10 }, (_, n) => call(from + n, atMs + n * 20, is, over)).flat();
  const run = [...start, ...calls(0, 50, "ok"), ...calls(100, 1100, "tool-error", { ended: "refused" })];
  /** Of calls that this history does not know, as of such that were let go. */
  const late = (count: number, atMs: number, over: Partial<Exchange> = {}): Timed[] =>
    Array.from({ length: count }, (_, n) => exchange(500 + n, atMs, over));

  test("are told beside a pass while they are few", async () => {
    const result = await verdictOn(retryStorm, historyOf(run, late(4, 1500, { ended: "refused" })));
    expect(result.verdict).toBe("pass");
    expect(result.strength).toMatch(/; 4 failed requests came too late to be looked at$/);
    expect((await verdictOn(retryStorm, historyOf(run, late(9, 1500)))).strength).not.toContain("too late");
  });

  test("leave no pass where there are many, which might have been repeats", async () => {
    const result = await verdictOn(retryStorm, historyOf(run, late(8, 1500, { ended: "refused" })));
    expect(result).toMatchObject({ verdict: "unknown" });
    expect(result.because).toContain("8 failed requests came so late where cloud.FetchResources asks");
  });

  test("leave no pass where the baseline lacks them: what is missing there would pass for a storm later", async () => {
    const result = await verdictOn(retryStorm, historyOf(run, late(6, 700)));
    expect(result).toMatchObject({ verdict: "unknown" });
    expect(result.because).toContain("6 requests in the baseline came so late where cloud.FetchResources asks");
  });
});

describe("what is kept of the ops of a recovery", () => {
  const kept: readonly Kept[] = [
    { op: opIdOf(1, 0), tool: "cloud.A", agent: "planner.0", intendedUs: 30, came: "ok", fromUs: 1, toUs: 2 },
    {
      op: opIdOf(2, 0),
      tool: "cloud.B",
      agent: "planner.1",
      intendedUs: 10,
      came: "bad",
      class: "timeout",
      fromUs: 3,
      toUs: 9,
    },
    { op: "another id", tool: "cloud.A", agent: "planner.1", intendedUs: 20, came: "not-run", fromUs: 4, toUs: 5 },
  ].map((op) => ({ ...op, waitUntilUs: op.toUs + 5, unseenBehind: op.came === "bad" }) as Kept);

  test("is what was put in, in order of time; which op it was only where it was not ok", () => {
    const ops = openRecoveryOps();
    for (const op of kept) ops.add(op);
    expect(ops.from(0)).toMatchObject([kept[1] ?? {}, kept[2] ?? {}, { tool: "cloud.A", came: "ok", intendedUs: 30 }]);
    expect(ops.from(20).map(({ intendedUs }) => intendedUs)).toEqual([20, 30]);
  });

  test("takes an excuse that came later, but for what was no trouble", () => {
    const ops = openRecoveryOps();
    for (const op of kept) ops.add(op);
    ops.excuse(opIdOf(2, 0), "upstream");
    ops.excuse("another id", "upstream");
    ops.excuse("never seen", "upstream");
    expect(ops.from(0).map(({ came }) => came)).toEqual(["upstream", "not-run", "ok"]);
  });

  test("an upstream that failed long after its call is an excuse all the same", async () => {
    const baseline = Array.from({ length: 20 }, (_, walk) => op({ atMs: 50 + walk * 40, walk, step: 0 })).flat();
    const phase = "outage.recovery";
    const recovery = Array.from({ length: 30 }, (_, n) =>
      op({ atMs: 2050 + n * 60, walk: 100 + n, step: 0, phase, attempts: ["tool-error"] }),
    ).flat();
    const run = (...more: readonly Timed[]) =>
      verdictOn(
        survives,
        historyOf(
          runStarted(),
          toolsListed(0),
          frame({ recoveryUntilMs: 4000 }).map(([at, event]): Timed => [
            event.type === "run-ended" ? 90_000 : at,
            event,
          ]),
          toolsListed(3900),
          baseline,
          recovery,
          ...more,
        ),
      );
    expect((await run()).verdict).toBe("fail");
    const late = Array.from({ length: 30 }, (_, n) => exchange(100 + n, 80_000, { ended: "reset" }));
    expect(await run(...late)).toMatchObject({ verdict: "unknown" });
  });
});

describe("answers of more forms than there is room for", () => {
  const many = (count: number, atMs: number, from: number): Timed[] =>
    Array.from({ length: count }, (_, n) =>
      op({ atMs: atMs + n / 10, walk: from + n, step: 0, answer: { id: 1, [`k${n}`]: 1 }, tookMs: 1 }),
    ).flat();
  const loud = op({ atMs: 1500, walk: 9999, step: 0, attempts: ["tool-error"] });

  test("are not learned from in the baseline", async () => {
    const result = await verdictOn(silentEmpty, historyOf(start, many(formsMax + 1, 100, 0), loud));
    expect(result.because).toBe(`answers of cloud.FetchResources() have more than ${formsMax} forms in the baseline`);
  });

  test("leave no pass where they could not be looked at", async () => {
    const same = Array.from({ length: 10 }, (_, n) =>
      op({ atMs: 100 + n, walk: n, step: 0, answer: { id: 1 }, tookMs: 1 }),
    ).flat();
    const result = await verdictOn(silentEmpty, historyOf(start, same, many(formsMax + 2, 1100, 100), loud));
    expect(result).toMatchObject({
      verdict: "unknown",
      because: "2 answers have forms that there was no room to look at",
    });
  });
});

test("first repeats in step are found however many windows a flap has", () => {
  for (const at of [0, 70, 199]) {
    const retries = noRetries();
    for (let window = 0; window < 200; window += 1) {
      for (let agent = 0; agent < 210; agent += 1) {
        const failedUs = window * 1_000_000;
        const retriedUs = failedUs + (window === at ? 1000 : 1000 + agent * 4000);
        noteRetry(retries, `flap/${window}`, { agent: `a${agent}`, op: `o${agent}`, event: "e", failedUs, retriedUs });
      }
    }
    expect(retries.byWindow.size).toBeLessThanOrEqual(32);
    const says = synchronyFinding(retries, { blames: "agents", whose: "from the agents" })?.says;
    expect(says, String(at)).toContain("the first repeats for 210 agents");
  }
});

test("ops that there was no room to follow to their end are a gap in the evidence", async () => {
  const begun = Array.from({ length: holdingBounds.heldMax + 1 }, (_, walk) => op({ atMs: 100, walk, tookMs: 1000 }));
  const { account } = await judged(historyOf(start, ...begun), [survives]);
  expect(account.gaps).toContainEqual({
    gap: "ops-not-followed",
    says: expect.stringMatching(/^\d+ ops were still under way when there was no room to follow more/),
  });
});

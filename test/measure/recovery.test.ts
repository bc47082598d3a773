import { describe, expect, test } from "vitest";
import type { OpOutcome } from "../../src/history/outcomes.ts";
import type { OpRecord } from "../../src/history/records.ts";
import { openTrack, type Recovery } from "../../src/measure/recovery.ts";

/** A fault from 0 to 1 s, and a recovery after it. */
const clearUs = 1_000_000;

function record(phase: string, intendedUs: number, outcome: OpOutcome): OpRecord {
  const stamp = { id: "t:1", atUs: intendedUs };
  const where = { op: "n.planner.0.0.0", group: "planner", agent: 0, walk: 0, step: 0, server: "cloud", tool: "Echo" };
  return {
    type: "op",
    op: where.op,
    started: { ...stamp, ...where, type: "op-started", phase, intendedUs, argsShape: "" },
    ended: { ...stamp, type: "op-ended", op: where.op, outcome },
    outcome,
    straddles: false,
    attempts: [],
    exchanges: [],
    faults: [],
    ambiguous: false,
  };
}

interface Course {
  readonly seenMs: number;
  readonly perSecond?: number;
  readonly baseline?: readonly [ok: number, bad: number];
  readonly isOk: (afterMs: number) => boolean;
}

function recoveryOf({ seenMs, perSecond = 20, baseline: [ok, bad] = [100, 0], isOk }: Course): Recovery {
  const track = openTrack({
    isBaseline: (phase) => phase === "baseline",
    episodeOf: (phase) => (phase === "baseline" ? undefined : "outage"),
    startOf: () => 0,
  });
  for (let n = 0; n < ok + bad; n += 1) track.on(record("baseline", -1e6, n < ok ? "ok" : "failed"));
  const everyMs = 1000 / perSecond;
  for (let afterMs = -1000; afterMs < seenMs; afterMs += everyMs) {
    const phase = afterMs < 0 ? "outage" : "outage.recovery";
    track.on(record(phase, Math.round(clearUs + afterMs * 1000), afterMs >= 0 && isOk(afterMs) ? "ok" : "unknown"));
  }
  return track.recovery("outage", clearUs, clearUs + seenMs * 1000);
}

describe("time to recovery", () => {
  test("is nothing where goodput is there at once, however bad the fault was", () => {
    expect(recoveryOf({ seenMs: 10_000, isOk: () => true })).toEqual({ is: "recovered", us: 0, samples: 200 });
  });

  test("counts from the off edge to the first op of those that hold", () => {
    expect(recoveryOf({ seenMs: 12_000, isOk: (ms) => ms >= 3200 })).toMatchObject({ is: "recovered", us: 3_200_000 });
  });

  test("is of the load that was offered: half the load all ok has recovered, all the load half ok has not", () => {
    expect(recoveryOf({ seenMs: 10_000, perSecond: 8, isOk: () => true })).toMatchObject({ is: "recovered", us: 0 });
    expect(recoveryOf({ seenMs: 10_000, isOk: (ms) => (ms / 50) % 2 === 0 })).toMatchObject({ is: "not-seen" });
  });

  test("is against the baseline's own share, not against perfection", () => {
    const everyTenth = (ms: number): boolean => (ms / 50) % 10 !== 0;
    expect(recoveryOf({ seenMs: 10_000, baseline: [90, 10], isOk: everyTenth })).toMatchObject({ is: "recovered" });
    expect(recoveryOf({ seenMs: 10_000, isOk: everyTenth })).toMatchObject({ is: "not-seen" });
  });

  test("is not over while a gap is to come that a window's mean would hide", () => {
    // 2 of 100 ops are bad: 98 % over five seconds, and 60 % of half a second.
    const gap = (ms: number): boolean => ms < 3000 || ms >= 3500 || (ms / 50) % 5 > 1;
    expect(recoveryOf({ seenMs: 12_000, perSecond: 20, isOk: gap })).toMatchObject({ is: "recovered" });
    const { us } = recoveryOf({ seenMs: 12_000, isOk: gap }) as Extract<Recovery, { is: "recovered" }>;
    expect(us).toBeGreaterThan(2_500_000);
    expect(us).toBeLessThan(3_500_000);
  });

  test("takes a wider window where few ops are offered", () => {
    // Two a second: twenty take ten seconds. The last that is bad begins at 3.5 s.
    expect(recoveryOf({ seenMs: 30_000, perSecond: 2, isOk: (ms) => ms >= 4000 })).toMatchObject({ us: 3_550_000 });
  });

  test("uses what there is of a short recovery phase", () => {
    expect(recoveryOf({ seenMs: 3000, isOk: (ms) => ms >= 600 })).toMatchObject({ is: "recovered", us: 600_000 });
  });

  test("that was not seen is longer than what could be told", () => {
    const never = recoveryOf({ seenMs: 10_000, isOk: () => false });
    expect(never).toMatchObject({ is: "not-seen" });
    const { atLeastUs } = never as Extract<Recovery, { is: "not-seen" }>;
    expect(atLeastUs).toBeGreaterThan(5_000_000);
    expect(atLeastUs).toBeLessThan(10_000_000);
  });

  test.each<[string, Course]>([
    ["only 900ms were seen after healing", { seenMs: 900, isOk: () => true }],
    ["only 10 ops began after healing, of at least 20", { seenMs: 10_000, perSecond: 1, isOk: () => true }],
    ["the baseline has 10 ok of 10 ops to compare with", { seenMs: 10_000, baseline: [10, 0], isOk: () => true }],
    ["the baseline has 0 ok of 50 ops to compare with", { seenMs: 10_000, baseline: [0, 50], isOk: () => true }],
  ])("cannot be told: %s", (because, course) => {
    expect(recoveryOf(course)).toMatchObject({ is: "untold", because });
  });
});

/** What faults at the taps made up is held against nobody who did not make it. */
import { describe, expect, test } from "vitest";
import { duplicateEffects } from "../../src/checks/duplicate-effects.ts";
import { retryStorm } from "../../src/checks/retry-storm.ts";
import { silentEmpty } from "../../src/checks/silent-empty.ts";
import type { Exchange } from "../../src/history/events.ts";
import type { Meddled } from "../../src/history/meddled.ts";
import { shapeOf } from "../../src/history/shape.ts";
import {
  effect,
  exchange,
  frame,
  historyOf,
  op,
  opIdOf,
  replicasUsed,
  replicated,
  runStarted,
  toolsListed,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const start = [runStarted(), ...frame()];

/** The exchange on the agents' link. */
const meddledWith = (walk: number, atMs: number, meddled: Meddled, over: Partial<Exchange> = {}): Timed =>
  exchange(walk, atMs, { link: "planner@cloud", method: "POST", path: "/mcp", meddled, ...over }, 1);

const replaced = { did: "replace-answer", delivered: 1 } as const;
const inPlace = { did: "answer-request", delivered: 0 } as const;

describe("duplicate-effects", () => {
  const baseline = [1, 2, 3].flatMap((walk): Timed[] => [
    ...op({ atMs: walk * 100, walk }),
    effect(walk, walk * 100 + 5),
  ]);
  const more = [...op({ atMs: 1500, walk: 11, attempts: ["ok", "ok"] }), effect(11, 1505)];
  const on = (...parts: (Timed | Timed[])[]) => verdictOn(duplicateEffects, historyOf(start, baseline, more, ...parts));

  test("an effect behind an error that a fault told is no orphan", async () => {
    const call = op({ atMs: 1100, walk: 10, attempts: ["http-refusal"] });
    expect((await on(call, effect(10, 1105))).verdict).toBe("fail");
    const told = meddledWith(10, 1105, { ...replaced, made: "error", status: 200 });
    expect((await on(call, effect(10, 1105), told)).verdict).toBe("pass");
  });

  test("a success that a fault told and that did nothing is not lost", async () => {
    const call = op({ atMs: 1100, walk: 10 });
    expect((await on(call)).verdict).toBe("fail");
    expect((await on(call, meddledWith(10, 1105, { ...inPlace, made: "nothing" }))).verdict).toBe("pass");
  });

  test("what the server itself said of another attempt still counts", async () => {
    const call = op({ atMs: 1100, walk: 10, attempts: ["http-refusal", "ok"] });
    const told = meddledWith(10, 1105, { ...inPlace, made: "error" }, { attempt: 1 });
    expect((await on(call, told)).verdict).toBe("fail");
    expect((await on(call, told, effect(10, 1107))).verdict).toBe("pass");
  });

  test("two effects are too many, whatever was told", async () => {
    const call = op({ atMs: 1100, walk: 10, attempts: ["http-refusal", "ok"] });
    const told = meddledWith(10, 1105, { ...replaced, made: "error" }, { attempt: 1 });
    const result = await on(call, told, effect(10, 1104), effect(10, 1107));
    expect(result).toMatchObject({ verdict: "fail", findings: [{ blames: "server" }] });
  });

  test("nor is what a fault told between a balancer and a replica", async () => {
    const replica = { link: "cloud->cloud.1" } as const;
    const onReplicas = (...parts: (Timed | Timed[])[]) =>
      verdictOn(
        duplicateEffects,
        historyOf(runStarted("faults", replicated), toolsListed(0), frame(), replicasUsed, baseline, more, ...parts),
      );
    const call = op({ atMs: 1100, walk: 10, attempts: ["tool-error"] });
    expect((await onReplicas(call, effect(10, 1105))).verdict).toBe("fail");
    const told = meddledWith(10, 1105, { ...replaced, made: "error", status: 200 }, replica);
    expect((await onReplicas(call, effect(10, 1105), told)).verdict).toBe("pass");
  });

  test("what was delivered twice and done twice is found", async () => {
    const twice = meddledWith(10, 1105, { did: "deliver-twice", delivered: 2 });
    const call = op({ atMs: 1100, walk: 10 });
    expect((await on(call, twice, effect(10, 1104))).verdict).toBe("pass");
    expect((await on(call, twice, effect(10, 1104), effect(10, 1105))).verdict).toBe("fail");
  });

  test("of what was delivered twice one may be done and the other refused", async () => {
    const twice = meddledWith(10, 1105, { did: "deliver-twice", delivered: 2 });
    const call = op({ atMs: 1100, walk: 10, attempts: ["tool-error"] });
    expect((await on(call, effect(10, 1104))).verdict).toBe("fail");
    expect((await on(call, twice, effect(10, 1104))).verdict).toBe("pass");
    expect((await on(call, twice, effect(10, 1104), effect(10, 1105))).verdict).toBe("fail");
  });

  test("nor can a server know that an upstream has acted which refused by a fault", async () => {
    const call = op({ atMs: 1100, walk: 10, attempts: ["tool-error"] });
    const told = (status: number, meddled: Meddled): Timed =>
      exchange(10, 1105, { method: "POST", status, meddled, ops: [opIdOf(10)] });
    const falsely = told(503, { ...replaced, made: "error", status: 201 });
    expect((await on(call, effect(10, 1104), falsely)).verdict).toBe("pass");
    expect((await on(call, effect(10, 1104), effect(10, 1105), falsely)).verdict).toBe("fail");
    // A gateway's refusal leaves it open, and whoever passes it on as a no has said too much.
    expect((await on(call, effect(10, 1104), told(502, { ...replaced, made: "error", status: 201 }))).verdict).toBe(
      "fail",
    );
    expect((await on(call, effect(10, 1104), told(503, { ...inPlace, made: "error" }))).verdict).toBe("fail");
  });
});

describe("silent-empty", () => {
  const full = { resources: [{ id: "r-1" }, { id: "r-2" }] };
  const baseline = Array.from({ length: 10 }, (_, walk): Timed[] => [
    ...op({ atMs: 50 + walk * 50, walk, step: 0, answer: full }),
    exchange(walk, 52 + walk * 50),
  ]).flat();
  const loud = [...op({ atMs: 1500, walk: 99, step: 0, attempts: ["tool-error"] })];
  const on = (...parts: (Timed | Timed[])[]) => verdictOn(silentEmpty, historyOf(start, baseline, loud, ...parts));
  const empty = op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } });

  test("an empty answer that the server did not give is not its own", async () => {
    expect((await on(empty)).verdict).toBe("fail");
    const told = meddledWith(20, 1105, { ...replaced, made: "nothing" }, { ops: [opIdOf(20, 0)] });
    expect(await on(empty, told)).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  test("an error that the server did not tell does not show that it would", async () => {
    const told = meddledWith(99, 1505, { ...inPlace, made: "error" }, { ops: [opIdOf(99, 0)] });
    expect((await on(told)).verdict).toBe("unknown");
  });

  test("an upstream's answer that a fault emptied is the fault's own", async () => {
    const upstream = exchange(20, 1105, {
      answer: shapeOf({ resources: [] }),
      meddled: { ...replaced, made: "nothing", status: 200 },
    });
    const result = await on(empty, upstream);
    expect(result).toMatchObject({ verdict: "pass", findings: [{ grade: "info", blames: "harness" }] });
    expect(result.findings[0]?.says).toContain("as a fault made its upstream say");
  });

  test("a server that makes nothing of an upstream's garbage has failed silently", async () => {
    const garbage = { answer: shapeOf("<html>"), meddled: { ...replaced, made: "garbage" } } as const;
    const result = await on(empty, exchange(20, 1105, garbage));
    expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
  });
});

describe("silent-empty, of an error that a fault made an upstream tell", () => {
  const full = { resources: [{ id: "r-1" }, { id: "r-2" }] };
  const baseline = Array.from({ length: 10 }, (_, walk): Timed[] => [
    ...op({ atMs: 50 + walk * 50, walk, step: 0, answer: full }),
    exchange(walk, 52 + walk * 50),
  ]).flat();
  const empty = op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } });
  const refused = (status: number): Timed => exchange(20, 1105, { status, meddled: { ...inPlace, made: "error" } });
  const on = (...parts: (Timed | Timed[])[]) => verdictOn(silentEmpty, historyOf(start, baseline, ...parts));

  test.each([401, 403, 429])("%i is no reason for an empty success", async (status) => {
    const result = await on(empty, refused(status));
    expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
    const loud = op({ atMs: 1100, walk: 20, step: 0, attempts: ["tool-error"] });
    expect(await on(loud, refused(status))).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  test("404 may be one, and it is not the upstream's own", async () => {
    expect((await on(empty, refused(404))).findings).toMatchObject([{ grade: "info", blames: "harness" }]);
  });
});

describe("retry-storm", () => {
  const asked = (walk: number, atMs: number, over: Partial<Exchange> = {}): Timed =>
    exchange(walk, atMs, { startedUs: atMs * 1000, attempt: 1, ...over }, 0);
  const calls = (from: number, atMs: number, of: (walk: number, at: number) => Timed[]): Timed[] =>
    Array.from({ length: 8 }, (_, n) => of(from + n, atMs + n * 20)).flat();
  const baseline = calls(0, 50, (walk, at) => [...op({ atMs: at, walk, step: 0, tookMs: 15 }), asked(walk, at)]);
  const stormy = (more: (walk: number, at: number) => Timed[]): Timed[] =>
    calls(100, 1100, (walk, at) => [
      ...op({ atMs: at, walk, step: 0, tookMs: 15, attempts: ["tool-error"] }),
      ...[0, 1, 2, 3].map((n) => asked(walk, at + n, { ended: "refused" })),
      ...more(walk, at),
    ]);

  test("whoever was asked twice by a fault is not judged by how often it asks", async () => {
    const on = (storm: Timed[]) => verdictOn(retryStorm, historyOf(start, baseline, storm));
    expect((await on(stormy(() => []))).verdict).toBe("fail");
    const twice = (walk: number, at: number): Timed[] => [
      meddledWith(walk, at + 14, { did: "deliver-twice", delivered: 2 }, { ops: [opIdOf(walk, 0)] }),
    ];
    expect((await on(stormy(twice))).findings).toEqual([]);
  });
});

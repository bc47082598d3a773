import { describe, expect, test } from "vitest";
import { duplicateEffects } from "../../src/checks/duplicate-effects.ts";
import { verdictsOf } from "../../src/reporters/verdicts.ts";
import {
  effect,
  frame,
  historyOf,
  honestRun,
  judged,
  op,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const restarted = (fromMs: number, untilMs: number): Timed => [
  untilMs,
  {
    type: "engine-restarted",
    kind: "binary",
    fromUs: fromMs * 1000,
    untilUs: untilMs * 1000,
    because: "it ended with signal SIGSEGV",
    links: ["planner@cloud", "cloud->cloud-api"],
  },
];

const says =
  "the binary engine was started anew between 1.150 s and 1.200 s (it ended with signal SIGSEGV), " +
  "which cut all connections over planner@cloud, cloud->cloud-api";

const baseline = [1, 2, 3].flatMap((walk) => [...op({ atMs: walk * 100, walk }), effect(walk, walk * 100 + 5)]);
const doubled = [...op({ atMs: 1100, walk: 10, tookMs: 80 }), effect(10, 1105), effect(10, 1106)];
const run = [runStarted(), ...frame(), ...baseline];

describe("an engine that was started anew in the middle of a run", () => {
  test("is a gap: nothing passes", async () => {
    const { verdict, account } = await judged(historyOf(honestRun, restarted(1150, 1200)));
    expect(verdict).toBe("unknown");
    expect(account.gaps).toEqual([{ gap: "engine-restarted", says }]);
  });

  test.each([
    [1150, 1200, "while it happened"],
    [1000, 1050, "soon after"],
  ])("what was found %i to %i ms, %s, is told but held against nobody", async (fromMs, untilMs) => {
    const result = await verdictOn(duplicateEffects, historyOf(run, doubled, restarted(fromMs, untilMs)));
    expect(result).toMatchObject({ verdict: "unknown", warnings: 0, findings: [{ grade: "info", blames: "harness" }] });
    expect(result.because).toContain("the binary engine was started anew");
    expect(result.because).toContain("what it found may be the engine's doing");
  });

  test("what was found before it stands", async () => {
    const result = await verdictOn(duplicateEffects, historyOf(run, doubled, restarted(2500, 2600)));
    expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
  });

  test("of two findings the one from another time stands", async () => {
    const other = [...op({ atMs: 2600, walk: 11, attempts: ["tool-error"] }), effect(11, 2605)];
    const { verdict, findings } = await verdictOn(
      duplicateEffects,
      historyOf(run, doubled, other, restarted(2500, 2700)),
    );
    expect(verdict).toBe("fail");
    expect(findings.map(({ grade }) => grade)).toEqual(expect.arrayContaining(["violation", "info"]));
  });

  test("a threshold that it may have broken is unknown, one of another phase is not", async () => {
    const slow = Array.from({ length: 5 }, (_, n) => op({ atMs: 100 + n, walk: 20 + n, step: 0, tookMs: 300 })).flat();
    const thresholds = ["max(planner, baseline) < 100ms"];
    const verdictsAt = async (fromMs: number) => {
      const history = historyOf(runStarted("faults", { thresholds }), ...frame(), slow, restarted(fromMs, fromMs + 10));
      return (await judged(history)).thresholds.map(({ verdict }) => verdict);
    };
    expect(await verdictsAt(200)).toEqual(["unknown"]);
    expect(await verdictsAt(2500)).toEqual(["fail"]);
  });
});

test("verdicts say which engine it was; of an older history nobody knows", async () => {
  const ready: Timed = [1, { type: "engine-ready", kind: "remote", version: "2.9.0", says: "http://127.0.0.1:8474" }];
  const told = verdictsOf(await judged(historyOf(honestRun, ready)));
  expect(told.engine).toEqual({ kind: "remote", version: "2.9.0", says: "http://127.0.0.1:8474" });
  expect(verdictsOf(await judged(historyOf(honestRun)))).not.toHaveProperty("engine");
});

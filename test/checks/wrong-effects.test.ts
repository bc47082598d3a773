import { describe, expect, test } from "vitest";
import { wrongEffects } from "../../src/checks/wrong-effects.ts";
import {
  effect,
  effectGone,
  frame,
  historyOf,
  judged,
  op,
  opIdOf,
  readBack,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const other = { content: ["deadbeef"] };
const baseline: Timed[] = [1, 2, 3].flatMap((walk) => [
  ...op({ atMs: walk * 100, walk }),
  effect(walk, walk * 100 + 5),
]);
const start = [runStarted("faults", readBack), ...frame(), ...baseline];
const judge = (...more: readonly (readonly Timed[])[]) => verdictOn(wrongEffects, historyOf(start, ...more));

test("passes where every effect is what was asked for", async () => {
  const result = await judge(op({ atMs: 1100, walk: 10 }), [effect(10, 1105)]);
  expect(result).toMatchObject({
    verdict: "pass",
    looked: 4,
    strength: "0 other than asked for in 4 effects, by limit",
  });
});

test("finds what was committed with other content, and says in which field and row", async () => {
  const result = await judge(op({ atMs: 1100, walk: 10 }), [effect(10, 1105, { ...other, row: "77" })]);
  expect(result.verdict).toBe("fail");
  expect(result.findings[0]?.says).toBe(
    `1 of 4 effects of cloud.CreateLimitRequest are other than asked for in limit, as read back by sql: ${opIdOf(10)} (ledger rows 77)`,
  );
  expect(result.findings[0]?.witness.ops).toEqual([opIdOf(10)]);
});

test.each([["timeout"], ["tool-error"]] as const)(
  "what an op of the outcome %s has committed counts too",
  async (is) => {
    const result = await judge(op({ atMs: 1100, walk: 10, attempts: [is] }), [effect(10, 1105, other)]);
    expect(result.verdict).toBe("fail");
  },
);

test("a row that changes until it is right is right, and one that is spoilt later is not", async () => {
  const write = op({ atMs: 1100, walk: 10 });
  const mended = [effect(10, 1105, other), effectGone(10, 1200, other), effect(10, 1200)];
  expect((await judge(write, mended)).verdict).toBe("pass");
  const spoilt = [effect(10, 1105), effectGone(10, 1200), effect(10, 1200, other)];
  expect((await judge(write, spoilt)).verdict).toBe("fail");
});

test("what was not asked for cannot be wrong", async () => {
  const write = op({ atMs: 1100, walk: 10 }).map(([at, event]): Timed => [
    at,
    event.type === "op-started" ? { ...event, asked: [""] } : event,
  ]);
  expect((await judge(write, [effect(10, 1105, other)])).verdict).toBe("pass");
});

describe("of several effects of one op", () => {
  const several = { effects: readBack.effects!.map((of) => ({ ...of, expect: 2 })) };
  const both = (walk: number, atMs: number): Timed[] => [effect(walk, atMs), effect(walk, atMs, other)];
  const ofBaseline = [1, 2, 3].flatMap((walk) => [...op({ atMs: walk * 100, walk }), ...both(walk, walk * 100 + 5)]);
  const judgeSeveral = (rows: readonly Timed[]) => {
    const parts = [[runStarted("faults", several), ...frame(), ...ofBaseline], op({ atMs: 1100, walk: 10 }), rows];
    return verdictOn(wrongEffects, historyOf(...parts));
  };

  test("each may hold something else", async () => {
    expect(await judgeSeveral(both(10, 1105))).toMatchObject({ verdict: "pass", looked: 8, findings: [] });
  });

  test("one must be as asked for", async () => {
    expect((await judgeSeveral([effect(10, 1105, other), effect(10, 1105, other)])).verdict).toBe("fail");
  });
});

describe("is unknown", () => {
  test("where nothing of the baseline is as asked for: it is compared with something else", async () => {
    const events = start.map(([at, event]): Timed => [at, event.type === "effect" ? { ...event, ...other } : event]);
    const result = await verdictOn(wrongEffects, historyOf(events));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("limit is what was asked for in none of 3 effects");
  });

  test("where the baseline has no effect to compare with", async () => {
    const history = historyOf(runStarted("faults", readBack), frame(), op({ atMs: 1100, walk: 10 }), effect(10, 1105));
    const result = await verdictOn(wrongEffects, history);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
  });

  test("where nothing was called, and where no effect is seen", async () => {
    expect((await verdictOn(wrongEffects, historyOf(runStarted("faults", readBack)))).verdict).toBe("unknown");
    const unseen = historyOf(runStarted("faults", readBack), frame(), op({ atMs: 1100, walk: 10 }));
    expect((await verdictOn(wrongEffects, unseen)).because).toContain("shows no effect of cloud.CreateLimitRequest");
  });

  test("where the ledger failed at the end", async () => {
    const failed: Timed = [
      4100,
      { type: "ledger-read", ledger: "cloud-api", rows: 0, quiet: false, failed: "it is gone" },
    ];
    expect((await judge([failed])).because).toContain("it is gone");
  });
});

test("does not apply where nothing is compared", async () => {
  const { notCovered } = await judged(historyOf(runStarted(), frame()), [wrongEffects]);
  expect(notCovered).toEqual([{ check: "wrong-effects", because: "no effect says what of it is compared" }]);
});

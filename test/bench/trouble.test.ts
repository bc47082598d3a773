/** When a run of Squall counts as a measurement. */
import { describe, expect, test } from "vitest";
import { troubleAtFullSpeed, troubleOf, type Proof } from "../../scripts/bench/squall.ts";

const clean: Proof = {
  exitCode: 0,
  verdicts: { gaps: [], thresholds: [], checks: [] },
  figures: { tools: [{ ops: { ok: 1000, failed: 0, unknown: 0, "not-run": 0 } }] },
};
const behind = { gap: "generator-behind", says: "its threads were busy" };
const cut = { gap: "history-cut", says: "history ends at 3 s" };
const withGaps = (gaps: Proof["verdicts"]["gaps"]): Proof => ({
  ...clean,
  exitCode: 2,
  verdicts: { ...clean.verdicts, gaps },
});
const missed: Proof = {
  ...clean,
  exitCode: 1,
  verdicts: { ...clean.verdicts, thresholds: [{ expression: "error-rate <= 0%", verdict: "fail", samples: 9 }] },
};

describe.each([
  ["at a rate", troubleOf],
  ["at full speed", troubleAtFullSpeed],
])("%s", (_, trouble) => {
  test("a run in which all was answered counts", () => {
    expect(trouble(clean)).toEqual([]);
  });

  test("a gap in the evidence, and a threshold that failed, are told", () => {
    expect(trouble(withGaps([cut])).join()).toContain("history ends at 3 s");
    expect(trouble(missed).join()).toContain("missed error-rate <= 0%");
  });

  test("a defect of Squall is told", () => {
    expect(trouble({ ...clean, exitCode: 70 }).join()).toContain("squall exited with 70");
  });
});

test("a generator that fell behind proves nothing at a rate; at full speed it is meant to be busy", () => {
  expect(troubleOf(withGaps([behind])).join()).toContain("its threads were busy");
  expect(troubleAtFullSpeed(withGaps([behind]))).toEqual([]);
});

test("at full speed a call without an answer is told, whatever the verdict", () => {
  expect(
    troubleAtFullSpeed({ ...clean, figures: { tools: [{ ops: { ok: 9, failed: 1, unknown: 2, "not-run": 0 } }] } }),
  ).toEqual(["3 calls were not answered"]);
});

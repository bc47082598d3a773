import { XMLParser, XMLValidator } from "fast-xml-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { junit } from "../../src/reporters/junit.ts";
import type { Batch } from "../../src/reporters/reporter.ts";
import type { Verdicts } from "../../src/reporters/verdicts.ts";
import { anyFigures, nasty, runs } from "../verdicts-of.ts";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  htmlEntities: true,
  isArray: (name) => ["testsuite", "testcase", "property"].includes(name),
});

interface Case {
  readonly name: string;
  readonly failure?: { type: string; message: string; "#text": string };
  readonly error?: { type: string; message: string; "#text"?: string };
  readonly skipped?: { message: string };
  readonly "system-out"?: string;
}

interface Suite {
  readonly name: string;
  readonly tests: string;
  readonly failures: string;
  readonly errors: string;
  readonly skipped: string;
  readonly time?: string;
  readonly timestamp?: string;
  readonly testcase: readonly Case[];
}

function read(xml: string): { readonly tests: string; readonly errors: string; readonly testsuite: readonly Suite[] } {
  expect(XMLValidator.validate(xml)).toBe(true);
  return (parser.parse(xml) as { testsuites: ReturnType<typeof read> }).testsuites;
}

const suiteOf = (verdicts: Verdicts): Suite =>
  read(junit.render({ verdicts, figures: anyFigures, directory: "d" }, { colour: false })).testsuite[0]!;
const caseNamed = (suite: Suite, name: string): Case => suite.testcase.find((one) => one.name === name)!;

describe("a case for each check", () => {
  test("a pass says in its output what it is worth", async () => {
    const suite = suiteOf((await runs.passed()).verdicts);
    expect(suite).toMatchObject({ name: "made-up", tests: "2", failures: "0", errors: "0", skipped: "0" });
    expect(suite).toMatchObject({ time: "5.000", timestamp: "2026-01-01T00:00:00" });
    expect(caseNamed(suite, "duplicate-effects")).toMatchObject({
      "system-out": "0 duplicated, lost or orphaned in 1 exposed write",
    });
  });

  test("a violation is a failure with its reason and remedy", async () => {
    const suite = suiteOf((await runs.failed()).verdicts);
    expect(suite).toMatchObject({ tests: "2", failures: "1", errors: "0" });
    const { failure } = caseNamed(suite, "duplicate-effects");
    expect(failure).toMatchObject({ type: "violation", message: expect.stringMatching(/^1 of 11 .* more than one/) });
    expect(failure?.["#text"]).toMatch(/how to fix it: .*\nwitness: t:/);
  });

  test("unknown is an error, never a pass or a skip, and the gaps are a case of their own", async () => {
    const suite = suiteOf((await runs.unknown()).verdicts);
    expect(suite).toMatchObject({ tests: "3", failures: "0", errors: "3", skipped: "0" });
    for (const { error } of suite.testcase) expect(error?.type).toBe("inconclusive");
    expect(caseNamed(suite, "evidence").error?.message).toContain("nothing at the tap shows it");
  });

  test("what is not covered is skipped with its reason; thresholds are cases too", async () => {
    const { verdicts } = await runs.passed();
    const suite = suiteOf({
      ...verdicts,
      notCovered: [{ check: "retry-storm", because: "nobody retries" }],
      thresholds: [
        { expression: "p95(a) < 1s", verdict: "pass", value: 0.5, samples: 200 },
        { expression: "p99(a) < 1s", verdict: "fail", value: 1.5, samples: 900 },
        { expression: "goodput(b) > 1/s", verdict: "unknown", samples: 3 },
      ],
    });
    expect(suite).toMatchObject({ tests: "6", failures: "1", errors: "1", skipped: "1" });
    expect(caseNamed(suite, "retry-storm").skipped?.message).toBe("not covered: nobody retries");
    expect(caseNamed(suite, "p99(a) < 1s").failure).toMatchObject({
      type: "threshold",
      message: "it is 1.5, from 900 samples",
    });
    expect(caseNamed(suite, "goodput(b) > 1/s").error).toMatchObject({ message: "no value, from 3 samples" });
  });

  test("a warning beside a pass is output; the same weakness is the failure where it fails the check", async () => {
    const { verdicts } = await runs.passed();
    const weakness = {
      grade: "weakness" as const,
      blames: "server" as const,
      says: "no jitter",
      why: "w",
      fix: "f",
      witness: { events: ["t:1"], ops: [] },
    };
    const [check] = verdicts.checks;
    const passing = { ...check!, warnings: 1, findings: [weakness] };
    const warned = caseNamed(suiteOf({ ...verdicts, checks: [passing] }), check!.check);
    expect(warned.failure).toBeUndefined();
    expect(warned["system-out"]).toContain("weakness of the server: no jitter");
    const failed = suiteOf({ ...verdicts, checks: [{ ...passing, verdict: "fail" }] });
    expect(caseNamed(failed, check!.check).failure).toMatchObject({ type: "weakness", message: "no jitter" });
  });
});

test("of several gaps the first is told where readers look, the others behind it", async () => {
  const { verdicts } = await runs.passed();
  const gaps = ["the run was stopped at 17s", "flap was never injected"].map((says) => ({ gap: "x", says }));
  const document = junit.render(
    { verdicts: { ...verdicts, gaps }, figures: anyFigures, directory: "d" },
    { colour: false },
  );
  const { error } = caseNamed(read(document).testsuite[0]!, "evidence");
  expect(error?.message).toBe("the run was stopped at 17s (and 1 more)");
  expect(JSON.stringify(error)).toContain("flap was never injected");
});

test("several runs are one document; suites of one name are told apart, and what did not run is an error", async () => {
  const batch: Batch = {
    results: [await runs.passed(), await runs.failed()],
    notRun: [{ scenario: "gone", replay: "squall run gone", exitCode: 75, because: "ECONNREFUSED", times: 1 }],
    exitCode: 75,
  };
  const { several } = junit;
  if (several?.as !== "one-document") throw new Error("expected one document");
  const { testsuite, tests, errors } = read(several.render(batch));
  expect(testsuite.map(({ name }) => name)).toEqual(["made-up", "made-up #2", "gone"]);
  expect({ tests, errors }).toEqual({ tests: "5", errors: "1" });
  expect(testsuite[2]?.testcase[0]).toMatchObject({ name: "run", error: { type: "not-run", message: "ECONNREFUSED" } });
});

test("whatever names and words a server has, it stays well-formed and holds no character that XML forbids", async () => {
  const { verdicts } = await runs.failed();
  const xmlOf = (text: string): string => {
    const [check] = verdicts.checks;
    const findings = check!.findings.map((finding) => ({ ...finding, says: text, why: text }));
    return junit.render(
      {
        verdicts: {
          ...verdicts,
          scenario: text,
          checks: [{ ...check!, findings }],
          notCovered: [{ check: text, because: text }],
          gaps: [{ gap: "x", says: text }],
        },
        figures: anyFigures,
        directory: "d",
      },
      { colour: false },
    );
  };
  const suite = read(xmlOf(nasty)).testsuite[0]!;
  expect(suite.testcase).toHaveLength(3);
  expect(suite.name).toContain("<script>alert(1)</script>\uFFFD\uFFFD[2J");
  expect(xmlOf("one\n\ttwo")).toContain('name="one&#10;&#9;two"');
  expect(xmlOf("a\u202Eb")).toContain('name="a\uFFFDb"');
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const xml = xmlOf(text);
      expect(XMLValidator.validate(xml)).toBe(true);
      // oxlint-disable-next-line no-control-regex
      expect(xml).not.toMatch(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/);
      expect(xml.isWellFormed()).toBe(true);
    }),
  );
});

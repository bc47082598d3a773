/** JUnit XML for CI: one suite a run, one case for each check, threshold and what was not covered. Written from the verdicts. */
import type { Batch, NotRun, Reporter } from "./reporter.ts";
import { escapeAttribute, escapeText } from "./markup.ts";
import { engineSaid, failing, type Verdicts } from "./verdicts.ts";

type Check = Verdicts["checks"][number];
type Finding = Check["findings"][number];

interface Case {
  readonly name: string;
  /** Absent: it passed. */
  readonly came?: { readonly as: "failure" | "error" | "skipped"; readonly type?: string; readonly says: string };
  readonly details?: string;
  readonly output?: string;
}

interface Suite {
  readonly name: string;
  readonly startedAt?: string;
  readonly durationMs?: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

export const junit: Reporter = {
  name: "junit",
  about: "JUnit XML: a case for each check and threshold; unknown is an error, not covered is skipped.",
  file: "junit.xml",
  render: ({ verdicts }) => documentOf([suiteOf(verdicts, verdicts.scenario)]),
  several: { as: "one-document", render: (batch) => documentOf(suitesOf(batch)) },
};

/** CI joins suites of one name, so that each needs its own. */
function suitesOf({ results, notRun }: Batch): Suite[] {
  const seen = new Map<string, number>();
  const unique = (name: string): string => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} #${count}`;
  };
  return [
    ...results.map(({ verdicts }) => suiteOf(verdicts, unique(verdicts.scenario))),
    ...notRun.map((about) => suiteNotRun(about, unique(about.scenario))),
  ];
}

function suiteOf(verdicts: Verdicts, name: string): Suite {
  const { startedAt, durationMs, checks, thresholds, notCovered, gaps } = verdicts;
  const { squall, mode, run, seed, verdict, exitCode, failOn, engine, replay } = verdicts;
  return {
    name,
    startedAt,
    durationMs,
    properties: {
      squall,
      run,
      mode,
      seed: `${seed}`,
      ...(engine === undefined ? {} : { engine: engineSaid(engine) }),
      verdict,
      exitCode: `${exitCode}`,
      failOn,
      replay,
    },
    cases: [
      ...thresholds.map(caseOfThreshold),
      ...checks.map(caseOfCheck),
      ...notCovered.map(({ check, because }): Case => ({
        name: check,
        came: { as: "skipped", says: `not covered: ${because}` },
      })),
      ...(gaps.length === 0 ? [] : [caseOfGaps(gaps)]),
    ],
  };
}

function caseOfCheck({ check, verdict, because, strength, findings }: Check): Case {
  const output = [...(strength === undefined ? [] : [strength]), ...warningsIn(verdict, findings)].join("\n\n");
  const said = output === "" ? {} : { output };
  switch (verdict) {
    case "pass":
      return { name: check, ...said };
    case "unknown":
      return { name: check, came: { as: "error", type: "inconclusive", says: because ?? "inconclusive" }, ...said };
    case "fail": {
      // One element with all of them: many readers take only the first.
      const told = failing(findings);
      const [first] = told;
      const more = told.length > 1 ? ` (and ${told.length - 1} more)` : "";
      return {
        name: check,
        came: {
          as: "failure",
          type: first?.grade ?? "violation",
          says: `${first?.says ?? because ?? "failed"}${more}`,
        },
        details: told.map(tellFinding).join("\n\n"),
        ...said,
      };
    }
    default:
      return verdict satisfies never;
  }
}

function warningsIn(verdict: Check["verdict"], findings: readonly Finding[]): string[] {
  const told = verdict === "fail" ? failing(findings) : [];
  return findings.filter((finding) => !told.includes(finding)).map(tellFinding);
}

function tellFinding({ grade, blames, says, why, fix, witness }: Finding): string {
  return [
    `${grade} of the ${blames}: ${says}`,
    `why it matters: ${why}`,
    `how to fix it: ${fix}`,
    `witness: ${witness.events.join(" ")}`,
  ].join("\n");
}

function caseOfThreshold(threshold: Verdicts["thresholds"][number]): Case {
  const { expression, verdict, value, shown = value, samples, because } = threshold;
  const why = because === undefined ? "" : `: ${because}`;
  const says = `${shown === undefined ? "no value" : `it is ${shown}`}, from ${samples} samples${why}`;
  if (verdict === "pass") return { name: expression, output: says };
  return {
    name: expression,
    came: verdict === "fail" ? { as: "failure", type: "threshold", says } : { as: "error", type: "inconclusive", says },
  };
}

function caseOfGaps(gaps: Verdicts["gaps"]): Case {
  const [first, ...others] = gaps.map(({ says }) => says);
  const says = `${first}${others.length === 0 ? "" : ` (and ${others.length} more)`}`;
  return {
    name: "evidence",
    came: { as: "error", type: "inconclusive", says },
    details: gaps.map((gap) => `${gap.gap}: ${gap.says}`).join("\n"),
  };
}

function suiteNotRun({ exitCode, because, replay }: NotRun, name: string): Suite {
  return {
    name,
    properties: { exitCode: `${exitCode}`, replay },
    cases: [{ name: "run", came: { as: "error", type: "not-run", says: because } }],
  };
}

function documentOf(suites: readonly Suite[]): string {
  const total = attributes({ name: "squall", ...countsOf(suites.flatMap(({ cases }) => cases)) });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${total}>`,
    ...suites.flatMap(suiteLines),
    "</testsuites>",
    "",
  ].join("\n");
}

function suiteLines({ name, startedAt, durationMs, properties, cases }: Suite): string[] {
  const times = {
    timestamp: startedAt?.replace(/\.\d+Z$/, ""),
    time: durationMs === undefined ? undefined : seconds(durationMs),
  };
  return [
    `  <testsuite${attributes({ name, ...countsOf(cases), ...times })}>`,
    "    <properties>",
    ...Object.entries(properties).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    "    </properties>",
    ...cases.flatMap((one) => caseLines(one, name)),
    "  </testsuite>",
  ];
}

function caseLines({ name, came, details, output }: Case, suite: string): string[] {
  const inside = [
    ...(came === undefined ? [] : [element(came.as, { type: came.type, message: came.says }, details)]),
    ...(output === undefined ? [] : [element("system-out", {}, output)]),
  ];
  const opening = `    <testcase${attributes({ classname: `squall.${suite}`, name })}`;
  return inside.length === 0 ? [`${opening}/>`] : [`${opening}>`, ...inside, "    </testcase>"];
}

function element(tag: string, about: Readonly<Record<string, string | undefined>>, text?: string): string {
  const opening = `      <${tag}${attributes(about)}`;
  return text === undefined ? `${opening}/>` : `${opening}>${escapeText(text)}</${tag}>`;
}

function countsOf(cases: readonly Case[]): Record<string, string> {
  const count = (as: NonNullable<Case["came"]>["as"]): string =>
    `${cases.filter(({ came }) => came?.as === as).length}`;
  return { tests: `${cases.length}`, failures: count("failure"), errors: count("error"), skipped: count("skipped") };
}

function attributes(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? "" : ` ${name}="${escapeAttribute(value)}"`))
    .join("");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

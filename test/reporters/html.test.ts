import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { figuresDocument, type Figures } from "../../src/measure/figures.ts";
import { html } from "../../src/reporters/html.ts";
import type { RunResult } from "../../src/reporters/reporter.ts";
import { verdictsDocument, type Verdicts } from "../../src/reporters/verdicts.ts";
import { rounds } from "../rounds.ts";
import { resultFor } from "../verdicts-of.ts";
import { effect, honestRun } from "../literal-history.ts";
import { all, byClass, byId, byName, readMarkup, textOf, type Element } from "./read-markup.ts";
import {
  controlOfTwoSeconds,
  cutOff,
  figures,
  nothingHappened,
  sample,
  theLargest,
  verdicts,
} from "./sample-figures.ts";

const render = (result: RunResult): string => html.render(result, { colour: false });
const pageOf = (result: RunResult): Element => readMarkup(render(result));
const resultWith = (over: { verdicts?: Partial<Verdicts>; figures?: Partial<Figures> }): RunResult => ({
  ...sample,
  verdicts: { ...verdicts, ...over.verdicts },
  figures: { ...figures, ...over.figures },
});
const samples = { sample, controlOfTwoSeconds, cutOff, nothingHappened };
const headline = (page: Element): string => textOf(byName(page, "header")[0]!);
const rowsOf = (table: Element): string[][] =>
  byName(table, "tr").map((row) => row.children.map((cell) => textOf(cell)));

test("the samples are what the documents allow", () => {
  for (const result of [...Object.values(samples), theLargest()]) {
    figuresDocument.parse(result.figures);
    verdictsDocument.parse(result.verdicts);
  }
});

describe("the page", () => {
  test("has its parts in the order in which they are asked for, headings without gaps", () => {
    const page = pageOf(sample);
    const headings = all(page, ({ name }) => /^h[1-6]$/.test(name));
    expect(headings.filter(({ name }) => name === "h2").map(textOf)).toEqual([
      "Thresholds",
      "Checks",
      "Findings",
      "Missing evidence",
      "Over time",
      "Amplification",
      "Ops against effects",
      "Tools",
      "Load generator",
      "How to repeat it",
      "Files",
    ]);
    const levels = headings.map(({ name }) => Number(name[1]));
    expect(levels[0]).toBe(1);
    expect(levels.every((level, index) => index === 0 || level <= levels[index - 1]! + 1)).toBe(true);
  });

  test.each(Object.entries(samples))("%s is well formed: ids are one of a kind, links lead somewhere", (_, result) => {
    const page = pageOf(result);
    const ids = all(page).flatMap(({ attributes }) => attributes.get("id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const links = all(page).flatMap(({ name, attributes }) => (name === "link" ? [] : (attributes.get("href") ?? [])));
    for (const link of links) expect(ids.map((id) => `#${id}`)).toContain(link);
    for (const table of byName(page, "table")) {
      for (const head of byName(table, "th")) expect(head.attributes.get("scope")).toMatch(/^(col|row)$/);
    }
    for (const svg of byName(page, "svg")) {
      const { attributes } = svg;
      const isNamed =
        attributes.has("aria-labelledby") || attributes.has("aria-label") || attributes.get("aria-hidden") === "true";
      const isInside = ["inner", "stretched"].includes(attributes.get("class") ?? "");
      expect(isNamed || isInside).toBe(true);
    }
  });

  test("is the same to the byte, wherever the run lies and however its figures came", () => {
    for (const result of Object.values(samples)) {
      const readBack: RunResult = { ...(JSON.parse(JSON.stringify(result)) as RunResult), directory: "/elsewhere" };
      expect(render(readBack)).toBe(render(result));
      expect(render(result)).not.toContain(result.directory);
    }
  });

  test("lets nothing run or load but its own style and script", () => {
    const page = pageOf(sample);
    const policy = byName(page, "meta").find(
      ({ attributes }) => attributes.get("http-equiv") === "Content-Security-Policy",
    );
    const parts = new Map(
      (policy?.attributes.get("content") ?? "")
        .replaceAll("&#39;", "'")
        .split("; ")
        .map((part) => [part.split(" ")[0] ?? "", part] as const),
    );
    const digest = (text: string): string => createHash("sha256").update(text).digest("base64");
    expect(parts.get("default-src")).toBe("default-src 'none'");
    for (const name of ["style", "script"] as const) {
      const [own, ...others] = byName(page, name);
      expect(others).toEqual([]);
      expect(parts.get(`${name}-src`)).toBe(`${name}-src 'sha256-${digest(own!.text)}'`);
    }
    expect([...parts.keys()].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "base-uri",
      "default-src",
      "form-action",
      "img-src",
      "script-src",
      "style-src",
    ]);
  });

  test("stays small at the limits of what it is given", () => {
    const text = render(theLargest());
    expect(Buffer.byteLength(text)).toBeLessThan(1_500_000);
    readMarkup(text);
  });

  test("is made of a judged history too", async () => {
    const page = pageOf(await resultFor(honestRun, effect(20, 1130, { row: "21" })));
    expect(headline(page)).toContain("FAILED made-up");
    expect(textOf(byId(page, "finding-1"))).toContain("ledger rows 20, 21");
    expect(byClass(page, "story-table")).toHaveLength(1);
  });
});

describe("the headline", () => {
  test.each([
    ["pass", "faults", "PASSED"],
    ["fail", "faults", "FAILED"],
    ["unknown", "faults", "INCONCLUSIVE"],
    ["pass", "control", "CONTROL PASSED"],
    ["fail", "control", "CONTROL FAILED"],
    ["unknown", "control", "CONTROL INCONCLUSIVE"],
  ] as const)("calls %s in %s mode %s", (verdict, mode, title) => {
    const page = pageOf(resultWith({ verdicts: { verdict, mode }, figures: { mode } }));
    expect(textOf(byName(page, "h1")[0]!)).toMatch(new RegExp(`^. ${title} quickstart$`));
    expect(textOf(byName(page, "title")[0]!)).toContain(title);
  });

  test("says whose it is, when, how long, of which version", () => {
    const told = headline(pageOf(sample));
    for (const part of [
      figures.run,
      "Seed 42",
      "2026-03-14 09:26:53 UTC",
      "Took 20.4s",
      "Squall 0.1.0",
      "Exit code 1",
    ]) {
      expect(told).toContain(part);
    }
    expect(told).toContain(
      "3 of 5 checks failed; 1 of 3 thresholds failed, 1 inconclusive; 3 violations and 1 weakness.",
    );
  });

  test("tells a recovery that was not seen from a quick one", () => {
    expect(headline(pageOf(sample))).toContain("Recoveries seen 2 of 3 the slowest took 1.62s");
    const all = figures.episodes.slice(0, 2);
    expect(headline(pageOf(resultWith({ figures: { episodes: all } })))).toContain(
      "Slowest recovery 1.62s of 2 episodes",
    );
    expect(headline(pageOf(cutOff))).toContain("Recovery ? not seen");
  });

  test("of a control run never speaks of fitness", () => {
    const text = render(controlOfTwoSeconds).replace(/<(style|script)>[\s\S]*?<\/\1>/g, "");
    expect(text).not.toMatch(/\bfit(ness)?\b/i);
    expect(headline(readMarkup(render(controlOfTwoSeconds)))).toContain("no fault injected");
  });

  test.each([
    ["baseline-failed", "no fault was injected"],
    ["not-recovered", "did not recover"],
    ["interrupted", "Interrupted"],
    ["terminated", "Asked to stop"],
    ["unreachable", "could not be reached"],
    ["engine-lost", "the engine was lost"],
    ["broken", "defect of Squall itself"],
    ["cut", "no end mark"],
    ["stopped", "a stop condition"],
    ["aborted", "a threshold failed"],
  ] as const)("of a run that is %s says so plainly", (ended, says) => {
    expect(headline(pageOf(resultWith({ figures: { ended } })))).toContain(says);
  });

  test("of a run that its scenario ended early tells which rule did it", () => {
    const says = "the run was stopped at 17s: error-rate(planner) > 50% held for 5s, since 12s; it was 87% (n 240)";
    const page = pageOf(
      resultWith({ figures: { ended: "stopped" }, verdicts: { gaps: [{ gap: "run-stopped", says }] } }),
    );
    expect(headline(page)).toContain(`T${says.slice(1)}. End at`);
  });

  test("says loudest that a fault could not be healed, and nothing of the kind where all is well", () => {
    expect(headline(pageOf(resultWith({ verdicts: { exitCode: 76 } })))).toContain("A fault could not be healed");
    expect(byClass(pageOf(sample), "warning")).toEqual([]);
  });
});

describe("verdicts", () => {
  test("thresholds stand on one line each: mark, expression, value, n", () => {
    const [table] = byClass(byName(pageOf(sample), "main")[0]!, "verdicts");
    expect(rowsOf(table!)).toEqual([
      ["verdict", "threshold", "measured", "n"],
      ["✓ passed", "p95(cloud.FetchResources, baseline) < 400ms", "23.4ms", "104"],
      ["✗ failed", "goodput(planner, outage.recovery) >= 95% of baseline within 5s", "81%", "60"],
      ["? unknown", "p99(cloud.CreateLimitRequest, baseline) < 1s n too small: p99 needs 500 samples", "–", "26"],
    ]);
  });

  test("a check says what its verdict is worth, and where its findings are", () => {
    const [, table] = byClass(pageOf(sample), "verdicts");
    expect(rowsOf(table!)).toEqual([
      ["verdict", "check", "what it is worth", "findings"],
      ["✗ failed", "duplicate-effects", "1 violation, looked at 31", "#1"],
      ["✗ failed", "silent-empty", "1 violation, looked at 38", "#2"],
      ["✗ failed", "retry-storm", "1 violation, looked at 61", "#3 #5"],
      ["✓ passed", "timeout-cascade", "0 healthy steps starved by the server in 44 walks, with 1 weakness", "#4"],
      ["✓ passed", "survives", expect.stringMatching(/^0 exits/), "none"],
    ]);
  });

  test("what evidence is missing is said once, a check's own reason beside it", () => {
    const page = pageOf(cutOff);
    const [table] = byClass(page, "verdicts");
    expect(
      rowsOf(table!)
        .slice(1)
        .map(([, check, worth]) => [check, worth]),
    ).toEqual([
      ["duplicate-effects", "evidence is missing"],
      ["silent-empty", "evidence is missing"],
      ["retry-storm", "evidence is missing"],
      ["timeout-cascade", "evidence is missing"],
      ["survives", "evidence is missing; no tools were listed after the fault"],
    ]);
    expect(textOf(byClass(page, "gaps")[0]!)).toContain("history ends at 6.200 s, no end mark");
  });
});

describe("findings", () => {
  test("are told in full, the gravest first, each with an anchor", () => {
    const page = pageOf(sample);
    const articles = byClass(page, "finding");
    expect(articles.map(({ attributes }) => attributes.get("id"))).toEqual([1, 2, 3, 4, 5].map((n) => `finding-${n}`));
    const told = verdicts.checks.flatMap(({ findings }) => findings);
    for (const { says, why, fix, grade, blames, witness } of told) {
      const article = articles.map(textOf).find((text) => text.includes(says));
      expect(article).toContain(why);
      expect(article).toContain(fix);
      expect(article).toContain(`${grade} ${grade === "info" ? "about" : "of"} the ${blames}`);
      for (const event of witness.events) expect(article).toContain(event);
    }
    expect(articles.map((article) => textOf(byClass(article, "badge")[0]!).split(" ")[1])).toEqual([
      "violation",
      "violation",
      "violation",
      "weakness",
      "info",
    ]);
  });

  test("show their ops on a timeline: attempts, exchanges, effects, and the fault behind", () => {
    const story = byId(pageOf(sample), "finding-1-op-1");
    const [table] = byName(story, "table");
    expect(
      rowsOf(table!)
        .slice(1)
        .map(([what, came]) => `${what} | ${came}`),
    ).toEqual([
      "op | ok 1.043s",
      "attempt 1 | timeout 1s",
      "attempt 2 | ok 42ms",
      "POST /limit-requests cloud->cloud-api | eaten 201 27ms",
      "POST /limit-requests cloud->cloud-api | answered 201 25ms",
      "effect ledger row 131 | committed +9ms, within 22ms",
      "effect ledger row 132 | committed +1.01s, within 21ms",
    ]);
    expect(byClass(story, "band").length).toBeGreaterThan(0);
    expect(textOf(story)).toContain("Behind: C lost-answer");
  });

  test("an op that two findings name is told once", () => {
    const [first, second, ...others] = verdicts.checks;
    const shared = { ...second!.findings[0]!, witness: first!.findings[0]!.witness };
    const page = pageOf(resultWith({ verdicts: { checks: [first!, { ...second!, findings: [shared] }, ...others] } }));
    expect(textOf(byId(page, "finding-2"))).toContain("Told above: 14fe4f65.planner.1.141.3 under #1");
    expect(byClass(byId(page, "finding-2"), "story")).toEqual([]);
  });

  test("a stream that was lost is told with every request for the rest of it, and what that brought", () => {
    const [story, ...others] = figures.stories;
    const [attempt, ...more] = story!.attempts;
    const lostStream = {
      afterUs: 14_479,
      events: 2,
      resumptions: [
        { afterUs: 115_104, came: "refused" as const, status: 503, events: 0 },
        { afterUs: 216_000, came: "answer" as const, status: 200, events: 3, twice: 1, foreign: 2 },
      ],
    };
    const told = { ...story!, attempts: [{ ...attempt!, lostStream }, ...more] };
    const page = pageOf(resultWith({ figures: { stories: [told, ...others] } }));
    const rows = textOf(byId(page, "finding-1-op-1"));
    expect(rows).toContain("its event stream lost after 2 events 14.48ms");
    expect(rows).toContain("asked for the rest refused 503 +115.1ms, 0 events");
    expect(rows).toContain("asked for the rest answer 200 +216ms, 3 events, 1 for the second time, 2 of other streams");
    expect(textOf(byId(pageOf(resultWith({})), "finding-1-op-1"))).not.toContain("event stream");
  });

  test("an op that never ended and one that was never tried are told as that", () => {
    const [story] = figures.stories;
    const { endUs: _, ...open } = story!;
    const page = pageOf(resultWith({ figures: { stories: [open, ...figures.stories.slice(1)] } }));
    expect(textOf(byId(page, "finding-1-op-1"))).toContain("never ended");
    expect(textOf(byId(page, "finding-4-op-2"))).toContain("the budget of 1.55s is spent");
    expect(textOf(byId(page, "finding-4-op-2"))).toContain("Nothing was sent for it");
  });
});

describe("charts", () => {
  const charts = ["latency", "outcomes", "load"];

  test.each(charts)(
    "%s has a band for each window of each fault, lines for its edges, and the phases by name",
    (id) => {
      const chart = byId(pageOf(sample), id);
      for (const kind of ["band", "lane"]) {
        expect(byClass(chart, kind).length - byClass(chart, kind, "unseen").length).toBe(figures.faults.length);
      }
      // One was seen only a while after it was requested; until then it is drawn as what it was: not seen.
      expect(byClass(chart, "band", "unseen")).toHaveLength(1);
      for (const edge of ["requested", "observed", "healed"]) {
        expect(byClass(chart, "event", edge)).toHaveLength(figures.faults.length);
      }
      expect(byClass(chart, "mark")).toHaveLength(figures.marks.length);
      expect(byClass(chart, "phase").map(textOf)).toEqual(figures.phases.map(({ phase }) => phase));
      // Each fault in a lane of its own.
      expect(new Set(byClass(chart, "lane").map(({ attributes }) => attributes.get("y"))).size).toBe(3);
    },
  );

  test("many faults one after another share rows, so that each keeps its letter; those that overlap do not", () => {
    const [fault] = figures.faults;
    const many = (apartUs: number): Element => {
      const faults = Array.from({ length: 12 }, (_, n) => ({
        ...fault!,
        fault: `outage.${n}`,
        requestedUs: n * apartUs,
        observedUs: n * apartUs,
        healedUs: n * apartUs + 1_000_000,
      }));
      return byId(pageOf(resultWith({ figures: { faults } })), "latency");
    };
    const rows = (chart: Element): number =>
      new Set(byClass(chart, "lane").map(({ attributes }) => attributes.get("y"))).size;
    expect(rows(many(2_000_000))).toBe(1);
    expect(byClass(many(2_000_000), "letter").map(textOf)).toEqual("ABCDEFGHIJKL".split(""));
    expect(rows(many(10_000))).toBe(12);
  });

  test("a fault that grew has a stroke for each step, and the key says how far it came", () => {
    const [fault, ...others] = figures.faults;
    const grown = { ...fault!, steps: [5.5, 6].map((at) => ({ atUs: at * 1e6, says: `delay: ${at}s` })) };
    const page = pageOf(resultWith({ figures: { faults: [grown, ...others] } }));
    expect(byClass(byId(page, "latency"), "step")).toHaveLength(2);
    expect(textOf(byClass(page, "fault-key")[0]!)).toContain("2 steps, the last to delay: 6s");
    expect(textOf(byClass(page, "edges-key")[0]!)).toContain("a step of what grows");
  });

  test("a fault of the plan that never came about counts among those that could have been seen", () => {
    const top = headline(pageOf(resultWith({ figures: { faultsPlanned: 5 } })));
    expect(top).toContain("2 never injected");
  });

  test("the key of faults says when each was on, and what nothing showed", () => {
    expect(byClass(pageOf(sample), "fault-key")[0]!.children.map(textOf)).toEqual([
      "A egress-block on cloud->cloud-api outage.0, 5.01s to 7.49s, seen after 30ms",
      "B latency on cloud->cloud-api slow.0, 10.01s to 12.48s, seen after 210ms",
      "C lost-answer on cloud->cloud-api lost-answers.0, 4 windows, 14.55s to 16.7s",
    ]);
    const cut = pageOf(cutOff);
    expect(byClass(cut, "fault-key")[0]!.children.map(textOf)).toEqual([
      "A egress-block on cloud->cloud-api outage.0, from 5.01s, not seen to heal, seen after 30ms",
      "B latency on planner@cloud outage.1, from 5.4s, not seen to heal, nothing at the tap showed it",
    ]);
    expect(byClass(byId(cut, "latency"), "lane", "unseen", "h1")).toHaveLength(1);
    expect(byClass(byId(cut, "latency"), "lane", "h1")).toHaveLength(1);
    expect(byClass(byId(cut, "latency"), "event", "healed")).toEqual([]);
    expect(textOf(byClass(pageOf(controlOfTwoSeconds), "fault-key")[0]!)).toContain("not injected: a control run");
  });

  test("every op is a point, its form told in the legend", () => {
    const chart = byId(pageOf(sample), "latency");
    const points = byName(byClass(chart, "inner")[0]!, "use");
    expect(points).toHaveLength(figures.points.length);
    const legend = byClass(chart, "legend")[0]!.children.map(textOf);
    expect(legend).toEqual([
      "ok",
      "failed: HTTP",
      "failed: tool error",
      "unknown: connection",
      "unknown: timeout",
      "not run",
      "p50 of ok ops",
      "p95 of ok ops",
      "an op of the finding with this number",
    ]);
    expect(textOf(points.find(({ text }) => text.includes("timeout"))!)).toMatch(
      /^\w+: unknown \(timeout\) in [\d.]+m?s at [\d.]+s$/,
    );
  });

  test("the ops of findings are links to their story", () => {
    const hrefs = byClass(pageOf(sample), "witnessed").map(({ attributes }) => attributes.get("href"));
    expect(hrefs).toEqual([
      "#finding-1-op-1",
      "#finding-1-op-2",
      "#finding-1-op-3",
      "#finding-2-op-1",
      "#finding-2-op-2",
      "#finding-3-op-1",
      "#finding-3-op-2",
      "#finding-4-op-1",
    ]);
  });

  test("what they show stands in a table too, and nothing is lost on the way", () => {
    const rows = rowsOf(byId(pageOf(sample), "moments")).slice(1);
    const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column]), 0);
    const { buckets } = figures.series;
    expect(sum(4)).toBe(buckets.reduce((total, { offered }) => total + offered, 0));
    expect(sum(9)).toBe(buckets.reduce((total, { attempts }) => total + attempts, 0));
    expect(rows.some((row) => row[3] === "A")).toBe(true);
  });

  test("without any op there is nothing to draw, and it says so", () => {
    const page = pageOf(nothingHappened);
    expect(byClass(page, "chart")).toEqual([]);
    expect(textOf(page)).toContain("No op was recorded, so there is nothing to draw.");
    expect(textOf(page)).toContain("No fault was injected.");
  });

  test("a fault that flaps a thousand times is drawn with as many bands as can be told apart", () => {
    const [fault] = figures.faults;
    const faults = Array.from({ length: 1000 }, (_, window) => ({
      ...fault!,
      window,
      requestedUs: 5e6 + window * 10_000,
      observedUs: 5e6 + window * 10_000 + 100,
      healedUs: 5e6 + window * 10_000 + 5000,
    }));
    const page = pageOf(resultWith({ figures: { faults } }));
    const bands = byClass(byId(page, "latency"), "band").length;
    expect(bands).toBeGreaterThan(0);
    expect(bands).toBeLessThanOrEqual(120);
    expect(textOf(byClass(page, "fault-key")[0]!)).toContain("1000 windows");
  });
});

describe("figures", () => {
  test("amplification stands side by side, with the baseline's ratio as a line", () => {
    const [table] = byClass(pageOf(sample), "hop");
    expect(textOf(byName(table!, "caption")[0]!)).toBe("planner@cloud attempts per op");
    expect(rowsOf(table!)[1]).toEqual(["baseline", "", "1.00×", "106 for 106"]);
    expect(byClass(table!, "reference")).toHaveLength(7);
    expect(textOf(pageOf(sample))).toContain("cloud->redis not counted");
  });

  test("ops against effects mark what must not be, by word and not by colour alone", () => {
    const [table] = byClass(pageOf(sample), "effect-table");
    expect(
      rowsOf(table!)
        .slice(1)
        .map((row) => row.slice(1)),
    ).toEqual([
      ["0 lost", "81 ✓", "3 ✗ duplicated"],
      ["9 ✓", "0 orphaned", "0 orphaned"],
      ["6 ✓", "8 i recovered", "0 duplicated"],
      ["5 ✓", "0 orphaned", "0 orphaned"],
    ]);
    expect(byClass(table!, "illegal").map(textOf)).toEqual(["3 ✗ duplicated"]);
  });

  test("nothing is called lost before the ledger has come to rest", () => {
    const page = pageOf(cutOff);
    expect(byClass(page, "illegal")).toEqual([]);
    expect(textOf(byId(page, "effects"))).toBe("Ops against effects");
    expect(textOf(page)).toContain("2 ? not yet seen");
    expect(textOf(page)).toContain("was not seen to come to rest");
  });

  test("a percentile of too few is absent and says why", () => {
    const rows = rowsOf(byClass(pageOf(sample), "tools")[0]!);
    expect(rows[0]).toEqual(
      "group,tool,phase,ops,ok,failed,unknown,not-run,attempts,p50,p95,p99,max,service p50,service p95,attempts not ok".split(
        ",",
      ),
    );
    expect(rows[1]?.slice(0, 3)).toEqual(["planner", "cloud.FetchResources", "baseline"]);
    expect(rows[1]?.slice(10, 12)).toEqual(["too few", "too few"]);
    const [tool] = figures.tools;
    const noTime = { response: { samples: 0 }, service: { samples: 12, p50Us: 4000 } };
    const none = pageOf(resultWith({ figures: { tools: [{ ...tool!, ...noTime }] } }));
    const times = ["none ok", "none ok", "none ok", "–", "4ms", "too few", "–"];
    expect(rowsOf(byClass(none, "tools")[0]!)[1]?.slice(9)).toEqual(times);
  });

  test("why ops were not sent stands over the tools and beside each, and nothing where all were", () => {
    const [first, ...others] = figures.tools;
    const held = { notRun: { "breaker open": 4, "<b>no input</b>": 1 }, heldBack: { "retry budget spent": 2 } };
    const page = pageOf(resultWith({ figures: { tools: [{ ...first!, ...held }, ...others] } }));
    expect(textOf(page)).toContain("5 ops were never sent: breaker open (4), <b>no input</b> (1).");
    expect(textOf(page)).toContain("2 ops were not sent again: retry budget spent (2).");
    const [head, row, other] = rowsOf(byClass(page, "tools")[0]!);
    expect(head?.at(-1)).toBe("not sent, and why");
    expect(row?.at(-1)).toBe("breaker open (4), <b>no input</b> (1), not again: retry budget spent (2)");
    expect(other?.at(-1)).toBe("–");
    expect(textOf(pageOf(sample))).not.toContain("not sent");
  });

  test("a time to recovery that is not known says why", () => {
    expect(textOf(pageOf(sample))).toContain("lost-answers 16.7s ? fewer than 20 ops were offered");
  });
});

const enumerations = new Set(
  "schema mode verdict grade blames role outcome class plane form failOn ended effects".split(" "),
);

/** The same result with other texts, wherever a text is free: equal ones stay equal. */
function retold<T>(value: T, tell: (text: string) => string): T {
  return JSON.parse(JSON.stringify(value), (key, inside: unknown) =>
    typeof inside === "string" && !enumerations.has(key) ? tell(inside) : inside,
  ) as T;
}

/** All of a page but its texts. */
function skeleton(element: Element): unknown {
  const kept = new Set(["id", "class", "href", "d", "x", "y", "width"]);
  return [
    element.name,
    [...element.attributes].map(([name, value]) => (kept.has(name) ? [name, value] : name)),
    element.children.map(skeleton),
  ];
}

const hostile = fc.oneof(
  fc.constantFrom(
    `<script>alert(1)</script>`,
    `</title></style></script><img src=x onerror=alert(1)>`,
    `"><svg onload=alert(1)>`,
    `' onmouseover='alert(1)`,
    `<!-- --> ]]> &amp; &#x3c;b&#x3e; <![CDATA[`,
    `javascript:alert(1)`,
    `\u202Edesrever\u2066 \u200B\uFEFF\u0000\u001B[2J\u0007\u009B31m`,
    `\uD800 \uDFFF \uFFFF \u2028 \r\n\t`,
    `\${alert(1)} {{7*7}} url(http://evil.test/) @import`,
    "",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);

describe("no text of a server can become markup", () => {
  test("whatever names, words and errors hold, the page keeps its shape", () => {
    const shape = JSON.stringify(skeleton(pageOf(sample)));
    fc.assert(
      fc.property(hostile, (nasty) => {
        const page = pageOf(retold(sample, (text) => `${text}x${nasty}`));
        expect(JSON.stringify(skeleton(page)) === shape).toBe(true);
      }),
      { seed: 42, numRuns: rounds(40, 10) },
    );
  });

  test("nothing is in it that hides or turns round text", () => {
    const nasty = "\u202E\u2066\u200B\uFEFF\u0000\u001B[2J\u009B\u2028\u{E0041}\uD800\u00AD";
    for (const result of Object.values(samples)) {
      const text = render(retold(result, (told) => `${told}${nasty}`));
      expect(text).not.toMatch(
        // oxlint-disable-next-line no-control-regex, no-misleading-character-class
        /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E0FFF}]/u,
      );
      expect(text.isWellFormed()).toBe(true);
    }
  });
});

describe("the load generator", () => {
  const section = (result: RunResult): string => {
    const found = byName(pageOf(result), "section").find(
      ({ attributes }) => attributes.get("aria-labelledby") === "generator",
    );
    return textOf(found!);
  };

  test("that kept up says so, and shows what the run cost the machine", () => {
    const said = section(sample);
    expect(said).toContain("It kept up with its plan");
    expect(said).toContain("p99 start lag 2ms · p99 loop delay 3ms · 34% of a core of 4 · 209 MB at most");
    expect(said).toContain("cloud, at most 113 MB");
    const [, path] = byClass(byId(pageOf(sample), "memory"), "vital-1");
    // A level for each second, up to the top, which is the least y.
    const levels = [...(path?.attributes.get("d") ?? "").matchAll(/[ML][\d.]+,([\d.]+)/g)].map(([, y]) => Number(y));
    expect(levels).toHaveLength(20);
    expect(levels.toSorted((a, b) => b - a)).toEqual(levels);
  });

  test("that fell behind says how, and what to change", () => {
    const says = "the load generator fell behind: 14% of starts were more than 100ms late; lower the rate";
    const said = section(resultWith({ verdicts: { gaps: [{ gap: "generator-behind", says }] } }));
    expect(said).toContain(says);
    expect(said).not.toContain("It kept up");
  });

  test("of a run that was cut off left no account, and what was seen of the machine is still drawn", () => {
    const { generator: _, ...rest } = figures;
    const page = section({ ...sample, figures: rest });
    expect(page).toContain("It left no account of itself.");
    expect(page).toContain("Processor");
    expect(section(nothingHappened)).not.toContain("Processor");
  });
});

describe("no figure can break the page", () => {
  const anyNumber = fc.oneof(
    fc.constantFrom(0, -1, 1, 5_000_000, 2 ** 31, Number.MAX_SAFE_INTEGER, -1e12),
    fc.integer({ min: 0, max: 30_000_000 }),
  );

  test("whatever the numbers are, it is well formed and holds no number that is none", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(samples)),
        fc.array(anyNumber, { minLength: 1, maxLength: 50 }),
        (result, numbers) => {
          let n = 0;
          const wild = JSON.parse(JSON.stringify(result.figures), (_, value: unknown) =>
            typeof value === "number" ? numbers[(n += 1) % numbers.length] : value,
          ) as Figures;
          const text = render({ ...result, figures: wild });
          const page = readMarkup(text);
          const values = all(page).flatMap(({ attributes }) => [...attributes.values()]);
          expect(values.filter((value) => /NaN|Infinity|undefined/.test(value))).toEqual([]);
          expect(textOf(byName(page, "main")[0]!)).not.toMatch(/NaN|Infinity|undefined|\[object/);
          expect(text.length).toBeLessThan(1_500_000);
        },
      ),
      { seed: 42, numRuns: rounds(60, 15) },
    );
  });

  test("parts may be absent, one by one", () => {
    const lists = ["phases", "faults", "marks", "tools", "hops", "effects", "episodes", "points", "stories"] as const;
    for (const list of lists) expect(byName(pageOf(resultWith({ figures: { [list]: [] } })), "h2")).toHaveLength(11);
    const noBuckets = pageOf(resultWith({ figures: { series: { ...figures.series, buckets: [] } } }));
    const charts = byClass(noBuckets, "chart").map(({ attributes }) => attributes.get("id"));
    expect(charts).toEqual(["latency", "cpu", "memory", "loop-delay"]);
  });
});

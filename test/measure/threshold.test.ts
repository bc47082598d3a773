import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keeps } from "../../src/measure/bounded.ts";
import { placeThreshold, takesIn, type Terrain } from "../../src/measure/scope.ts";
import {
  aboutThresholds,
  comparators,
  metrics,
  parseThreshold,
  type Comparator,
  type Metric,
} from "../../src/measure/threshold.ts";
import { formatDuration } from "../../src/units.ts";
import { declared } from "../literal-history.ts";

const unitText = { ms: "ms", "%": "%", "/s": "/s", ratio: "", count: "" } as const;
const names: Metric[] = [
  "p50",
  "p90",
  "p95",
  "p99",
  "max",
  "mean",
  "error-rate",
  "goodput",
  "amplification",
  "requests",
  "requests-per-op",
  "time-to-recovery",
];

test("every metric is tried here, and told where people write them", () => {
  expect(names.toSorted()).toEqual(Object.keys(metrics).toSorted());
  for (const name of names) expect(aboutThresholds).toContain(name);
});

describe("a threshold", () => {
  const parts = fc.record({
    metric: fc.constantFrom(...names),
    names: fc.array(fc.constantFrom("planner", "cloud.Fetch-Resources_2", "planner@cloud", "cloud->cloud-api"), {
      maxLength: 2,
    }),
    comparator: fc.constantFrom(...comparators),
    value: fc.integer({ min: 1, max: 999 }),
    tolerance: fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined }),
    of: fc.constantFrom(undefined, "baseline", "planner@cloud"),
    withinMs: fc.option(fc.integer({ min: 1, max: 999 }), { nil: undefined }),
    samplesMin: fc.option(fc.integer({ min: 500, max: 9999 }), { nil: undefined }),
    space: fc.constantFrom("", " ", "  "),
  });

  test("is read as it was written, whatever the spaces", () => {
    fc.assert(
      fc.property(
        parts,
        ({ metric, names, comparator, value, tolerance: off, of: asked, withinMs: within, samplesMin, space }) => {
          const of = metrics[metric].toBaseline ? asked : undefined;
          const tolerance = comparator === "=" ? off : undefined;
          const withinMs = metric === "goodput" ? within : undefined;
          const unit = of !== undefined ? "%" : metrics[metric].unit;
          const text = [
            `${space}${metric}${space}(${space}${names.join(`${space},${space}`)})${space}${comparator}${space}${value}${unitText[unit]}`,
            ...(tolerance === undefined ? [] : [`${space === "" ? "±" : "+-"}${space}${tolerance}${unitText[unit]}`]),
            ...(of === undefined ? [] : [`of ${of}`]),
            ...(withinMs === undefined ? [] : [`within ${formatDuration(withinMs)}`]),
            ...(samplesMin === undefined ? [] : [`from at least ${samplesMin} samples`]),
          ].join(` ${space}`);
          expect(parseThreshold(text)).toEqual({
            metric,
            names,
            comparator,
            bound: {
              value,
              unit,
              ofBaseline: of === "baseline",
              ...(tolerance === undefined ? {} : { tolerance }),
              ...(of === undefined || of === "baseline" ? {} : { ofScope: of }),
            },
            ...(withinMs === undefined ? {} : { withinMs }),
            ...(samplesMin === undefined ? {} : { samplesMin }),
          });
        },
      ),
    );
  });

  test("that is none says what was expected, and never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^(p95|goodput)\([a-z, ]*\) ?[<>=]*[0-9a-z%/. ]*$/)),
        (text) => {
          const parsed = parseThreshold(text);
          if ("says" in parsed) expect(parsed.says.length).toBeGreaterThan(0);
          else expect(Number.isFinite(parsed.bound.value)).toBe(true);
        },
      ),
    );
  });
});

test("what is expected is met between both ends of its tolerance, and nowhere else", () => {
  const hundredths = fc.integer({ min: 0, max: 100_000 }).map((value) => value / 100);
  fc.assert(
    fc.property(hundredths, hundredths, hundredths, (figure, value, tolerance) => {
      const met = (comparator: Comparator, bound: number, off?: number): boolean => {
        const told = {
          value: bound,
          unit: "ratio",
          ofBaseline: false,
          ...(off === undefined ? {} : { tolerance: off }),
        } as const;
        return keeps(figure, { comparator, bound: told });
      };
      const hundredth = (sum: number): number => Math.round(sum * 100) / 100;
      const between = met(">=", hundredth(value - tolerance)) && met("<=", hundredth(value + tolerance));
      expect(met("=", value, tolerance)).toBe(between);
      expect(met("=", value)).toBe(figure === value);
    }),
  );
});

describe("names in a threshold", () => {
  const place = (inside: string, metric: Metric = "goodput", terrain: Terrain = declared) =>
    placeThreshold(`${metric}(${inside}) >= 1${unitText[metrics[metric].unit]}`, terrain);
  const all = ["baseline", "outage", "outage.recovery"];

  test.each([
    ["", {}, all],
    ["planner", { group: "planner" }, all],
    ["cloud", { server: "cloud" }, all],
    ["agents->cloud", { server: "cloud" }, all],
    ["agents → cloud", { server: "cloud" }, all],
    ["cloud.FetchResources", { server: "cloud", tool: "FetchResources" }, all],
    ["planner@cloud", { group: "planner", server: "cloud" }, all],
    ["planner@cloud.FetchResources", { group: "planner", server: "cloud", tool: "FetchResources" }, all],
    ["recovery", {}, ["outage.recovery"]],
    ["outage", {}, ["outage"]],
    ["cloud, fault", { server: "cloud" }, ["outage"]],
    ["planner, baseline", { group: "planner" }, ["baseline"]],
  ])("%j mean what people would think", (inside, scope, phases) => {
    expect(place(inside)).toMatchObject({ scope, phases });
  });

  test("a role means all of its phases, and beats a phase of its name", () => {
    const phases = [
      { phase: "baseline", role: "baseline" },
      { phase: "fault", role: "fault" },
      { phase: "fault.recovery", role: "recovery" },
      { phase: "fault-2", role: "fault" },
      { phase: "final", role: "final" },
    ] as const;
    const terrain = { ...declared, phases };
    expect(place("planner, fault", "goodput", terrain)).toMatchObject({ phases: ["fault", "fault-2"] });
    expect(place("fault-2", "goodput", terrain)).toMatchObject({ phases: ["fault-2"] });
    expect(place("", "time-to-recovery", terrain)).toMatchObject({ episodes: ["fault", "fault-2"] });
    expect(place("final", "goodput", terrain)).toMatchObject({ says: expect.stringContaining("there is no") });
  });

  test("a name that says two things is asked about", () => {
    const steps = [{ group: "cloud", server: "cloud", tool: "Echo" }];
    expect(place("cloud", "goodput", { ...declared, steps })).toMatchObject({
      says: '"cloud" is a group and also a server',
    });
    const named = [{ group: "outage", server: "cloud", tool: "Echo" }];
    expect(place("outage", "goodput", { ...declared, steps: named })).toMatchObject({
      says: '"outage" is both a group and a phase',
    });
    expect(place("outage, outage", "goodput", { ...declared, steps: named })).toMatchObject({
      scope: { group: "outage" },
    });
  });

  test("an episode is looked at as a whole, whichever of its phases is named", () => {
    for (const name of ["outage", "outage.recovery", "fault", "recovery", "planner, outage", "planner"]) {
      expect(place(name, "time-to-recovery")).toMatchObject({
        episodes: ["outage"],
        phases: ["outage", "outage.recovery"],
      });
    }
  });
});

test("what stands in for a step is counted at its own server and tool, and not again for its group", () => {
  const standIn = { group: "planner", server: "backup", tool: "Find", insteadOf: 0 };
  expect(takesIn({}, standIn)).toBe(false);
  expect(takesIn({ group: "planner" }, standIn)).toBe(false);
  expect(takesIn({ server: "backup" }, standIn)).toBe(true);
  expect(takesIn({ group: "planner", server: "backup", tool: "Find" }, standIn)).toBe(true);
});

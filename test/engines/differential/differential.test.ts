/** Every stimulus against the embedded engine beside each real one: the same observations. */
import { afterAll, describe, test, vi } from "vitest";
import { bestOf, isAlikeAt, lateIn, unlikeIn, withReal, wrongIn } from "./compare.ts";
import { differences, differencesPage, realShows, sameWords } from "./differences.ts";
import { openFleet, references, subject, type Fleet } from "./engines.ts";
import { expectationOf, type Expectation, type Observation } from "./observation.ts";
import { play } from "./runner.ts";
import type { Stimulus } from "./stimulus.ts";
import { stimuli } from "./stimuli/registry.ts";

vi.setConfig({ maxConcurrency: 6 });

/** A delay that is there shows every time; one that the machine made does not. */
const playsMax = 10;

interface Side {
  readonly name: string;
  readonly fleet: Fleet;
  readonly expected: Expectation;
  readonly best: Observation["measures"];
}

const own = openFleet(subject);
const fleets = references.map((reference) => ({ ...reference, fleet: openFleet(reference) }));
type Reference = (typeof fleets)[number];
afterAll(async () => {
  await Promise.all([own, ...fleets.map(({ fleet }) => fleet)].map((fleet) => fleet.stop()));
});

/** Differences that were looked for, and those that were seen. */
const tried = new Set<string>();
const seenToDiffer = new Set<string>();

for (const reference of fleets) {
  describe.skipIf(reference.absent)(`the embedded engine beside ${reference.name}`, () => testAll(reference));
}
// Where it is compared with another it shows this too.
if (references.every(({ absent }) => absent)) describe("the embedded engine alone", () => testAll());

function testAll(reference?: Reference): void {
  describe.concurrent("several at a time", () => {
    for (const stimulus of stimuli.filter(({ alone }) => alone !== true)) testOn(stimulus, reference);
  });
  describe("one at a time", () => {
    for (const stimulus of stimuli.filter(({ alone }) => alone === true)) testOn(stimulus, reference);
  });
}

function testOn(stimulus: Stimulus, reference?: Reference): void {
  test(stimulus.name, { timeout: 60_000 }, async ({ expect }) => {
    const expected = expectationOf(stimulus);
    let sides: readonly Side[] = [{ name: subject.name, fleet: own, expected, best: {} }];
    if (reference !== undefined) {
      const { name, fleet } = reference;
      sides = [...sides, { name, fleet, expected: withReal(expected, realShows(stimulus.name)), best: {} }];
    }
    for (let plays = 1; ; plays += 1) {
      // At the same moment, so that the machine is as busy for the one as for the other.
      const seen = await Promise.all(sides.map(({ fleet }) => fleet.lend((url) => play(stimulus, url))));
      noteDifferences(stimulus, seen);
      const wrong = sides.flatMap((side, nth) =>
        wrongIn(side.expected, seen[nth]!).map((says) => `${side.name}: ${says}`),
      );
      sides = sides.map((side, nth) => ({ ...side, best: bestOf(side.best, seen[nth]!.measures) }));
      const late = sides.flatMap((side) => lateIn(side.expected, side.best).map((says) => `${side.name}: ${says}`));
      const [first, ...others] = sides;
      const unlike = others.flatMap((side) =>
        unlikeIn([first!.expected, side.expected], [first!.best, side.best]).map((says) => `${side.name}: ${says}`),
      );
      const excused = canRace(stimulus) ? wrong : [];
      if (plays === playsMax || excused.length + late.length + unlike.length === 0) {
        expect([...wrong, ...late, ...unlike]).toEqual([]);
        return;
      }
      if (excused.length === 0) expect(wrong).toEqual([]);
    }
  });
}

/** A port that was given up may be a stranger's a moment later: on a busy machine others take them all the time. */
function canRace({ races, steps }: Stimulus): boolean {
  return races !== undefined || steps.some((step) => step.do === "isRefused" && step.sees);
}

function noteDifferences(stimulus: Stimulus, [ours, ...theirs]: readonly Observation[]): void {
  for (const { what, shows, overlooks } of differences) {
    const real = shows?.[stimulus.name];
    for (const seen of theirs) {
      if (real !== undefined) {
        tried.add(what);
        if (!isAlikeAt(expectationOf(stimulus), real, seen)) seenToDiffer.add(what);
      }
      if (overlooks === undefined) continue;
      tried.add(what);
      const differs = Object.entries(seen.exact).some(([label, value]) => {
        const here = ours?.exact[label];
        const same = JSON.stringify(sameWords(value)) === JSON.stringify(sameWords(here ?? null));
        return same && JSON.stringify(value) !== JSON.stringify(here);
      });
      if (differs) seenToDiffer.add(what);
    }
  }
}

test("sixty stimuli are promised, each under a name of its own", ({ expect }) => {
  expect(stimuli.length).toBeGreaterThanOrEqual(60);
  expect(new Set(stimuli.map(({ name }) => name)).size).toBe(stimuli.length);
});

describe("the list of differences", () => {
  test("names only what still differs", ({ expect }) => {
    expect([...tried].filter((what) => !seenToDiffer.has(what))).toEqual([]);
  });

  test("speaks of stimuli that there are", ({ expect }) => {
    const names = new Set(stimuli.map(({ name }) => name));
    const spokenOf = differences.flatMap(({ shows }) => Object.keys(shows ?? {}));
    expect(spokenOf.filter((name) => !names.has(name))).toEqual([]);
  });

  test("is what docs/toxiproxy.md says", async ({ expect }) => {
    await expect(differencesPage()).toMatchFileSnapshot("../../../docs/toxiproxy.md");
  });
});

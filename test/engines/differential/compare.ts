/** Whether an engine showed what was to be seen: pure, so that the judge of the suite can be tried itself. */
import { isDeepStrictEqual } from "node:util";
import { sameWords } from "./differences.ts";
import type { Expectation, Observation, Share } from "./observation.ts";
import type { Json } from "./stimulus.ts";

/** What no repetition excuses: something else was seen, or something came early. */
export function wrongIn(expected: Expectation, seen: Observation): readonly string[] {
  const labels = new Set([...Object.keys(expected.exact), ...Object.keys(seen.exact)]);
  const exact = [...labels].flatMap((label) => {
    const [wanted, got] = [expected.exact[label], seen.exact[label]].map((value) => sameWords(value ?? "nothing"));
    return isDeepStrictEqual(wanted, got)
      ? []
      : [`${label}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`];
  });
  const early = Object.entries(expected.measures).flatMap(([label, { atLeast }]) => {
    const got = seen.measures[label];
    return got === undefined || got >= atLeast ? [] : [`${label}: expected at least ${atLeast}, got ${got}`];
  });
  const shares = Object.entries(expected.shares).flatMap(([label, probability]) => {
    const got = seen.shares[label];
    if (got !== undefined && isLikely(got, probability)) return [];
    return [`${label}: expected a share of ${probability}, got ${got?.hits} of ${got?.of}`];
  });
  return [...exact, ...early, ...shares];
}

/** What a machine under load may cause; each figure is the best of a few plays. */
export function lateIn(expected: Expectation, best: Observation["measures"]): readonly string[] {
  return Object.entries(expected.measures).flatMap(([label, { atMost }]) => {
    const got = best[label];
    return got !== undefined && got <= atMost ? [] : [`${label}: expected at most ${atMost}, got ${got}`];
  });
}

/** Engines' best times side by side; those that differ on purpose are left out. */
export function unlikeIn(
  [one, other]: readonly [Expectation, Expectation],
  [bestOfOne, bestOfOther]: readonly [Observation["measures"], Observation["measures"]],
): readonly string[] {
  return Object.entries(one.measures).flatMap(([label, bounds]) => {
    if (!bounds.alike || !isDeepStrictEqual(bounds, other.measures[label])) return [];
    const [a = 0, b = 0] = [bestOfOne[label], bestOfOther[label]];
    return Math.abs(a - b) <= 10 + 0.05 * Math.max(a, b) ? [] : [`${label}: ${a} and ${b} are not alike`];
  });
}

export function bestOf(one: Observation["measures"], other: Observation["measures"]): Observation["measures"] {
  const labels = new Set([...Object.keys(one), ...Object.keys(other)]);
  const least = (label: string): number => Math.min(one[label] ?? Infinity, other[label] ?? Infinity);
  return Object.fromEntries([...labels].map((label) => [label, least(label)]));
}

// Both tails together, with a few dozen shares in the suite: a right engine fails less than once in a million runs.
const tailMin = 1e-9;

export function isLikely({ hits, of }: Share, probability: number): boolean {
  const sum = (from: number, to: number): number => {
    let total = 0;
    for (let count = from; count <= to; count += 1) total += binomial(count, of, probability);
    return total;
  };
  return sum(0, hits) > tailMin && sum(hits, of) > tailMin;
}

function binomial(hits: number, of: number, probability: number): number {
  if (probability === 0) return hits === 0 ? 1 : 0;
  if (probability === 1) return hits === of ? 1 : 0;
  let log = hits * Math.log(probability) + (of - hits) * Math.log(1 - probability);
  for (let nth = 1; nth <= hits; nth += 1) log += Math.log((of - hits + nth) / nth);
  return Math.exp(log);
}

export function withReal(expected: Expectation, real: Partial<Expectation>): Expectation {
  return {
    exact: { ...expected.exact, ...real.exact },
    measures: { ...expected.measures, ...real.measures },
    shares: { ...expected.shares, ...real.shares },
  };
}

/** Whether the real engine shows what the embedded one shows, at every place that a difference names. */
export function isAlikeAt(expected: Expectation, real: Partial<Expectation>, seen: Observation): boolean {
  const exact = Object.keys(real.exact ?? {}).every((label) => {
    const words = (value: Json | undefined): Json => sameWords(value ?? "nothing");
    return isDeepStrictEqual(words(expected.exact[label]), words(seen.exact[label]));
  });
  const measures = Object.keys(real.measures ?? {}).every((label) => {
    const { atLeast, atMost } = expected.measures[label] ?? { atLeast: Infinity, atMost: 0 };
    const got = seen.measures[label] ?? 0;
    return got >= atLeast && got <= atMost;
  });
  const shares = Object.keys(real.shares ?? {}).every((label) => {
    const [share, probability] = [seen.shares[label], expected.shares[label]];
    return share !== undefined && probability !== undefined && isLikely(share, probability);
  });
  return exact && measures && shares;
}

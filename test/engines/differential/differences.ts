/**
 * Where the embedded engine differs from Toxiproxy on purpose, each with its reason. The comparison goes by it, and
 * docs/toxiproxy.md is written from it.
 */
import type { Expectation } from "./observation.ts";
import type { Json } from "./stimulus.ts";
import { badBody } from "./stimulus.ts";

export interface Difference {
  readonly what: string;
  readonly embedded: string;
  readonly real: string;
  readonly why: string;
  /** What the real one shows instead, by stimulus; absent where trying it would kill or block the real one. */
  readonly shows?: Readonly<Record<string, Partial<Expectation>>>;
  /** These words of answers count as the same. */
  readonly overlooks?: RegExp;
}

export const differences: readonly Difference[] = [];

/** The same answer in the words that both have. */
export function sameWords(value: Json): Json {
  if (typeof value === "string") {
    return differences.reduce(
      (text, { overlooks }) => (overlooks === undefined ? text : text.replace(overlooks, "$1…")),
      value,
    );
  }
  if (Array.isArray(value)) return value.map(sameWords);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sameWords(inner)]));
}

export function realShows(stimulus: string): Partial<Expectation> {
  const found = differences.flatMap(({ shows }) => shows?.[stimulus] ?? []);
  return {
    exact: Object.assign({}, ...found.map(({ exact }) => exact)),
    measures: Object.assign({}, ...found.map(({ measures }) => measures)),
    shares: Object.assign({}, ...found.map(({ shares }) => shares)),
  };
}

/** What a figure is: something measured beside its peer, with a bar that it must reach. */
import type { Lab } from "./lab.ts";

export interface Figure {
  readonly name: string;
  /** One sentence: what is measured, and against what. */
  readonly about: string;
  /** One figure may have several bars; each has a line of its own, and a name. */
  readonly bars: Readonly<Record<string, Bar>>;
  measure(lab: Lab): Promise<Readonly<Record<string, Measured>>>;
}

export interface Bar {
  /** As a person reads it: `≥ 0.4 × autocannon`. */
  readonly says: string;
  readonly unit: string;
  holds(value: number): boolean;
}

export interface Measured {
  /** One for each round; the figure is their median. */
  readonly values: readonly number[];
  /** What else was seen, for whoever wants to know why. */
  readonly says?: readonly string[];
  /** Why it does not count, whatever the values are. */
  readonly wrong?: readonly string[];
}

export function atLeast(bar: number, unit: string): Bar {
  return { says: `≥ ${bar} ${unit}`, unit, holds: (value) => value >= bar };
}

export function atMost(bar: number, unit: string): Bar {
  return { says: `≤ ${bar} ${unit}`, unit, holds: (value) => value <= bar };
}

export function below(bar: number, unit: string): Bar {
  return { says: `< ${bar} ${unit}`, unit, holds: (value) => value < bar };
}

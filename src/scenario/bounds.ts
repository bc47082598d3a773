/** What a scenario bounds, and which of it ends the run early. */
import type { DeclaredAbort, DeclaredStop } from "../history/declared.ts";
import type { ScenarioOutput } from "./schema.ts";

export interface ScenarioBounds {
  /** As written; they are read where figures are measured. */
  readonly thresholds: readonly string[];
  readonly aborts: readonly DeclaredAbort[];
  readonly stops: readonly DeclaredStop[];
}

// Of the first few ops, one that fails would break most bounds.
const graceMs = 10_000;

export function boundsOf({ thresholds, stop }: ScenarioOutput): ScenarioBounds {
  const written = thresholds.map((bound) => (typeof bound === "string" ? { expect: bound } : bound));
  return {
    thresholds: written.map(({ expect }) => expect),
    aborts: written.flatMap((bound) =>
      "abortOnFail" in bound && bound.abortOnFail
        ? [{ expression: bound.expect, graceMs: bound.grace ?? graceMs }]
        : [],
    ),
    stops: stop.map(({ when, for: forMs }) => ({ when, forMs })),
  };
}

/** A chain as a person wrote it, right or wrong: its steps in their order, and what each asks for. */
import { textIn, valuesIn, type Aim, type Values } from "../steps/kinds.ts";
import { stepKindsIn } from "../steps/registry.ts";
import { courseOf, type Course } from "./course.ts";
import type { Path } from "./mistakes.ts";

/** One turn of it: the others are the same. */
export function writtenCourse(chain: unknown, path: Path): Course<Values, true> {
  return courseOf<Values, true>(
    entriesIn(chain),
    { path, turns: 1 },
    {
      pauseIn: (entry) => (isPause(entry) ? true : undefined),
      parallelIn: ({ parallel }) => (Array.isArray(parallel) ? entriesIn(parallel) : undefined),
      standInOf: (entry) => {
        const standIn = valuesIn(entry, "otherwise");
        return stepKindsIn(standIn).length > 0 ? standIn : undefined;
      },
    },
  );
}

export function entriesIn(chain: unknown): readonly Values[] {
  return Array.isArray(chain) ? chain.map((entry: unknown) => valuesIn({ entry }, "entry")) : [];
}

/** One that is a step, or holds some, at the same time is looked at as that. */
export function isPause(entry: Values): boolean {
  return entry["pause"] !== undefined && entry["parallel"] === undefined && stepKindsIn(entry).length === 0;
}

export function aimIn(step: Values): Aim | undefined {
  const [kind] = stepKindsIn(step);
  if (kind === undefined || typeof step[kind.key] !== "string") return undefined;
  return kind.aimOf(textIn(step, kind.key), step);
}

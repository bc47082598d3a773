/** The kinds of steps. To add one: a file beside this one, and its line here. */
import { call } from "./call.ts";
import type { StepKind } from "./kinds.ts";
import { list } from "./list.ts";
import { prompt } from "./prompt.ts";
import { read } from "./read.ts";
import { task } from "./task.ts";

export const stepKinds = [call, read, prompt, list, task] as const satisfies readonly StepKind[];

const named: ReadonlyMap<string, StepKind> = new Map(stepKinds.map((kind) => [kind.key, kind]));

/** Of ops, where the kind is not said if it is a tool's call. */
export function stepKindNamed(key: string = call.key): StepKind {
  const found = named.get(key);
  if (found === undefined) throw new Error(`no kind of step ${key}`);
  return found;
}

/** The kinds that a step is written as: one, unless something is wrong with it. */
export function stepKindsIn(step: Readonly<Record<string, unknown>>): readonly StepKind[] {
  return stepKinds.filter(({ key }) => step[key] !== undefined);
}

/** A chain as the rest of Squall knows it: its steps by number, and how they are walked. */
import type { ReadPolicy } from "../agents/written.ts";
import { answersOf, type Answers } from "../steps/answers.ts";
import { textIn } from "../steps/kinds.ts";
import { stepKindsIn } from "../steps/registry.ts";
import { courseOf } from "./course.ts";
import type { ChainEntry, WrittenChain } from "./step-schema.ts";
import { timeSpanOf, type TimeSpan } from "./time-span.ts";

export interface ScenarioStep {
  readonly server: string;
  /** What it calls; of other kinds, what they are called by. */
  readonly tool: string;
  /** Absent: a tool's call. */
  readonly kind?: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** What else its kind has to know. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** In place of the shape of its arguments. */
  readonly argsShape?: string;
  readonly save: readonly { readonly name: string; readonly path: string }[];
  readonly effect?: string;
  readonly timeoutMs?: number;
  readonly mayBeEmpty: boolean;
  /** It asks to be told how far it is. Absent: as its group has it. */
  readonly progress?: boolean;
  /** What it gives as well where its tool is listed with it, values not yet filled in. */
  readonly knows?: Readonly<Record<string, unknown>>;
  /** Other names that its tool may be listed by. */
  readonly alsoNamed?: readonly string[];
  /** JSONPath → what the answer must hold there, values not yet filled in. */
  readonly echo?: Readonly<Record<string, unknown>>;
  /** What its server gets to hear that asks something back, values not yet filled in. */
  readonly answers?: Answers;
  readonly otherwise?: Otherwise;
  /** The number of the step that it stands in for, when that is not ok. */
  readonly insteadOf?: number;
}

export interface ScenarioTurn {
  readonly pauseMs?: TimeSpan;
  /** Steps by their numbers: those of one stretch run at once. */
  readonly stretches: readonly (readonly number[])[];
}

/** What an agent goes on with when a step is not ok. */
export type Otherwise =
  | { readonly is: "step"; readonly step: number }
  | { readonly is: "cached" }
  | { readonly is: "values"; readonly values: Readonly<Record<string, unknown>> };

export interface Chain {
  readonly steps: readonly ScenarioStep[];
  readonly turns: readonly ScenarioTurn[];
}

export function chainOf({ chain, turns, pause, answers }: WrittenChain): Chain {
  const written = { path: [], turns, between: pause ?? 0 };
  const course = courseOf<ChainEntry, NonNullable<ChainEntry["pause"]>>(chain, written, {
    pauseIn: (entry) => entry.pause,
    parallelIn: (entry) => entry.parallel,
    standInOf: ({ otherwise }) =>
      otherwise !== undefined && stepKindsIn(otherwise).length > 0 ? otherwise : undefined,
  });
  return {
    steps: course.steps.map(({ entry, insteadOf }, number) => ({
      ...stepOf(entry, { answers, save: course.steps[insteadOf ?? number]?.entry.save }),
      ...otherwiseOf(entry, number),
      ...(insteadOf === undefined ? {} : { insteadOf }),
    })),
    turns: course.turns.map(({ pause: before, stretches }) => ({
      ...(before === undefined ? {} : { pauseMs: timeSpanOf(before) }),
      stretches,
    })),
  };
}

function otherwiseOf({ otherwise }: ChainEntry, number: number): Pick<ScenarioStep, "otherwise"> {
  if (otherwise === undefined) return {};
  if (otherwise.cached === true) return { otherwise: { is: "cached" } };
  if (otherwise.values !== undefined) return { otherwise: { is: "values", values: otherwise.values } };
  // What stands in for a step has the number behind its own.
  return { otherwise: { is: "step", step: number + 1 } };
}

type Patience = Pick<ReadPolicy, "timeoutMs" | "progressMostMs">;

/** At most, for one attempt. */
export function patienceMs(
  step: Pick<ScenarioStep, "timeoutMs" | "progress"> | undefined,
  { timeoutMs, progressMostMs = 0 }: Patience,
): number {
  const own = step?.timeoutMs ?? timeoutMs;
  return step?.progress === true ? Math.max(own, progressMostMs) : own;
}

/** At most, for a walk in which all goes its way. */
export function walkMsOf(
  turns: readonly ScenarioTurn[],
  about: { readonly steps: readonly ScenarioStep[]; readonly policy: Patience; readonly budgetMs: number | undefined },
): number {
  const { steps, policy, budgetMs } = about;
  const stretchMs = (numbers: readonly number[]): number =>
    Math.max(...numbers.map((number) => patienceMs(steps[number], policy)));
  return turns.reduce((sum, { pauseMs, stretches }) => {
    const turnMs = budgetMs ?? stretches.reduce((all, stretch) => all + stretchMs(stretch), 0);
    return sum + (pauseMs?.most ?? 0) + turnMs;
  }, 0);
}

/** What stands in for a step saves what that would, unless it says what. */
function stepOf(
  step: ChainEntry,
  { save, answers: ofGroup }: { readonly save: ChainEntry["save"]; readonly answers: WrittenChain["answers"] },
): ScenarioStep {
  const written = { ...ofGroup, ...step.answers };
  const answers = Object.keys(written).length === 0 ? undefined : answersOf(written);
  const [kind] = stepKindsIn(step);
  if (kind === undefined) throw new Error("a step of no kind got as far as being resolved");
  const settings = kind.settingsOf?.(step);
  return {
    ...kind.aimOf(textIn(step, kind.key), step),
    ...(kind.key === "call" ? {} : { kind: kind.key }),
    args: kind.argsOf(step),
    ...(kind.shapeOf === undefined ? {} : { argsShape: kind.shapeOf(step) }),
    ...(settings === undefined ? {} : { settings }),
    save: Object.entries(step.save ?? save ?? {}).map(([name, path]) => ({ name, path })),
    ...(step.effect === undefined ? {} : { effect: step.effect }),
    ...(step.timeout === undefined ? {} : { timeoutMs: step.timeout }),
    mayBeEmpty: step.mayBeEmpty,
    ...(step.progress === undefined ? {} : { progress: step.progress }),
    ...(step.knows === undefined ? {} : { knows: step.knows }),
    ...(step.alsoNamed === undefined ? {} : { alsoNamed: step.alsoNamed }),
    ...(step.echo === undefined ? {} : { echo: step.echo }),
    ...(answers === undefined ? {} : { answers }),
  };
}

/** What a tool's answers always hold when nothing is broken: learned from the baseline, never guessed. */
import { leavesOf, type Shape } from "../history/shape.ts";
import type { Forms } from "./answer-forms.ts";

export interface Samples {
  /** With how often each half of the baseline saw them. */
  readonly forms: Forms<{ readonly shape: Shape; readonly halves: [number, number] }>;
  total: number;
  /** Of forms that there was no room for any more. */
  unkept: number;
}

export type Contract =
  | { readonly is: "too-few" }
  | { readonly is: "too-many-forms" }
  /** Answers that hold nothing in the baseline can lose nothing later. */
  | { readonly is: "nothing-to-lose" }
  /** The baseline contradicts itself: one half, taken as the rule, condemns the other. */
  | { readonly is: "unsteady" }
  | {
      readonly is: "learned";
      /** What the answer lacks of what every baseline answer held; undefined where nothing is amiss. */
      readonly lostIn: (shape: Shape) => readonly string[] | undefined;
    };

export const samplesMin = 6;

export function learn(samples: Samples): Contract {
  if (samples.total < samplesMin) return { is: "too-few" };
  if (samples.unkept > 0) return { is: "too-many-forms" };
  const shapes = [...samples.forms.all.values()];
  const first = shapes.filter(({ halves }) => halves[0] > 0);
  const second = shapes.filter(({ halves }) => halves[1] > 0);
  if (fires(first, second) || fires(second, first)) return { is: "unsteady" };
  const always = alwaysIn(shapes);
  if (always.leaves.size === 0) return { is: "nothing-to-lose" };
  return { is: "learned", lostIn: (shape) => lostIn(always, shape) };
}

interface Always {
  /** Parts that held something in every sample. */
  readonly filled: ReadonlySet<string>;
  /** Those of them that hold a value of their own. */
  readonly leaves: ReadonlySet<string>;
}

type Seen = readonly { readonly shape: Shape }[];

function alwaysIn(seen: Seen): Always {
  const [first, ...others] = seen.map(({ shape }) => shape);
  if (first === undefined) return { filled: new Set(), leaves: new Set() };
  const inAll = (path: string): boolean => others.every(({ filled }) => filled.includes(path));
  return { filled: new Set(first.filled.filter(inAll)), leaves: new Set(leavesOf(first).filter(inAll)) };
}

function fires(rule: Seen, answers: Seen): boolean {
  const always = alwaysIn(rule);
  return always.leaves.size > 0 && answers.some(({ shape }) => lostIn(always, shape) !== undefined);
}

/**
 * An answer has lost something if none of the values is there that always were, or if a list that always had entries
 * is there and empty. Another part that is empty or absent while the rest is there may be optional.
 */
function lostIn(always: Always, { filled, hollow, cut }: Shape): readonly string[] | undefined {
  if (cut === true) return undefined;
  const emptied = hollow.filter((path) => always.filled.has(path) && always.filled.has(`${path}[]`));
  if (emptied.length > 0) return emptied;
  const kept = filled.some((path) => always.leaves.has(path));
  return kept ? undefined : [...always.leaves];
}

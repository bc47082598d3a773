/** Which answers a link eats: the rules that are on, and how many answers each has taken. */
import type { AnswerRule } from "../faults/handles.ts";

/** What a rule looks at, known once the whole request has passed. */
export interface AskedFor {
  readonly method: string;
  readonly path: string;
  readonly tool?: string;
}

/** One rule at work. */
export interface Eater {
  readonly rule: AnswerRule;
  readonly on: boolean;
  /** The answer was not eaten after all, so it does not count. */
  giveBack(): void;
}

export interface AnswerRules {
  add(rule: AnswerRule): { readonly eater: Eater; readonly off: () => void };
  /** The oldest rule that shall eat the answer to this request; it counts from now on. */
  take(asked: AskedFor): Eater | undefined;
}

interface Working extends Eater {
  on: boolean;
  taken: number;
}

export function createAnswerRules(): AnswerRules {
  const working = new Set<Working>();
  return {
    add: (rule) => {
      const eater: Working = {
        rule,
        on: true,
        taken: 0,
        giveBack: () => {
          eater.taken -= 1;
        },
      };
      working.add(eater);
      const off = (): void => {
        eater.on = false;
        working.delete(eater);
      };
      return { eater, off };
    },
    take: (asked) => {
      for (const eater of working) {
        if (eater.taken >= (eater.rule.count ?? Number.POSITIVE_INFINITY) || !matches(eater.rule, asked)) continue;
        eater.taken += 1;
        return eater;
      }
      return undefined;
    },
  };
}

function matches({ tool, method, path }: AnswerRule, asked: AskedFor): boolean {
  return (
    (tool === undefined || tool === asked.tool) &&
    (method === undefined || method.toUpperCase() === asked.method) &&
    (path === undefined || asked.path.startsWith(path))
  );
}

/** The rules that are on at a link, which requests they are for, and how many each has taken. */
import type { Chance, Deed, Question, Rule } from "../faults/handles.ts";

/** One rule at work. */
export interface Work {
  readonly rule: Rule;
  readonly on: boolean;
  /** A number from [0, 1) for what the deed leaves open. */
  draw(): number;
  /** Nothing was done after all, so it does not count. */
  giveBack(): void;
}

export interface Rules {
  add(rule: Rule, chance: Chance): { readonly work: Work; readonly off: () => void };
  /** The oldest rule that shall do something about this; it counts from now on. */
  take(asked: Question, request: { readonly held: boolean }): Work | undefined;
  readonly any: boolean;
  /** Some rule is for requests, so they must be held until they are known. */
  readonly holdRequests: boolean;
}

interface Working extends Work {
  on: boolean;
  met: number;
  taken: number;
}

export function createRules(): Rules {
  const working = new Set<Working>();
  let ofRequests = 0;
  return {
    add: (rule, chance) => {
      const work: Working = {
        rule,
        on: true,
        met: 0,
        taken: 0,
        draw: chance,
        giveBack: () => {
          work.taken -= 1;
        },
      };
      working.add(work);
      if (isOfRequests(rule)) ofRequests += 1;
      const off = (): void => {
        work.on = false;
        if (working.delete(work) && isOfRequests(rule)) ofRequests -= 1;
      };
      return { work, off };
    },
    take: (asked, { held }) => {
      for (const work of working) {
        const { rule } = work;
        // What has gone on cannot be taken back: a rule that came meanwhile begins with the next one.
        if ((!held && isOfRequests(rule)) || !isFor(rule, asked)) continue;
        if (work.taken >= (rule.count ?? Number.POSITIVE_INFINITY)) continue;
        work.met += 1;
        if (work.met <= (rule.after ?? 0)) continue;
        if (rule.probability !== undefined && work.draw() >= rule.probability) continue;
        work.taken += 1;
        return work;
      }
      return undefined;
    },
    get any() {
      return working.size > 0;
    },
    get holdRequests() {
      return ofRequests > 0;
    },
  };
}

function isOfRequests({ deed: { does } }: Rule): boolean {
  return does !== "lose-answer" && does !== "delay-answer" && does !== "replace-answer";
}

function isFor({ tool, rpc = "tools/call", method, path }: Rule, asked: Question): boolean {
  return (
    (asked.rpc === undefined || rpc === asked.rpc) &&
    (tool === undefined || tool === asked.tool) &&
    (method === undefined || method.toUpperCase() === asked.method) &&
    (path === undefined || asked.path.startsWith(path))
  );
}

export function delayOf({ delayMs, jitterMs }: Extract<Deed, { delayMs: number }>, work: Work): number {
  return jitterMs === 0 ? delayMs : Math.max(0, delayMs + (2 * work.draw() - 1) * jitterMs);
}

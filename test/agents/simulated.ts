/** Ops against a server that is only a rule, in pure time: what parts of a policy do to load and success. */
import { decide, type Ask, type Guard, type Policy, type Say, type Seen } from "../../src/agents/policy.ts";
import type { Random } from "../../src/world.ts";

/** The states of a policy's guards at one place. */
export function openGuards({ guards }: Pick<Policy, "guards">) {
  const states = guards.map(({ start }) => start);
  const askOne = (guard: Guard<unknown>, index: number, ask: Ask): Say => {
    const { state, say } = guard.ask(states[index], ask);
    states[index] = state;
    return say;
  };
  return {
    states,
    /** How to tell what became of the attempt; undefined where it is held back. */
    ask: (ask: Ask): ((nowMs: number, seen?: Seen) => void) | undefined => {
      const stamps: number[] = [];
      const settle = (nowMs: number, seen?: Seen): void => {
        for (const [index, stamp] of stamps.entries()) {
          const came = { nowMs, isFirst: ask.isFirst, stamp, ...(seen === undefined ? {} : { seen }) };
          states[index] = guards[index]?.came(states[index], came);
        }
      };
      for (const [index, guard] of guards.entries()) {
        const say = askOne(guard, index, ask);
        if (say.do !== "go") {
          settle(ask.nowMs);
          return undefined;
        }
        stamps.push(say.stamp ?? 0);
      }
      return settle;
    },
  };
}

export interface SimulatedOp {
  readonly ok: boolean;
  readonly attempts: number;
}

/** One op whose attempts take no time; waits do. */
export function simulateOp(
  policy: Policy,
  guards: ReturnType<typeof openGuards>,
  about: { readonly nowMs: number; readonly random: Random; readonly answer: (nowMs: number) => Seen },
): SimulatedOp {
  const { random } = about;
  const seen: Seen[] = [];
  let { nowMs } = about;
  let waitedMs = 0;
  for (;;) {
    const last = seen.at(-1);
    const settle = guards.ask({ nowMs, random, isFirst: seen.length === 0, ...(last === undefined ? {} : { last }) });
    if (settle === undefined) return { ok: false, attempts: seen.length };
    const came = about.answer(nowMs);
    settle(nowMs, came);
    const [first, ...rest] = [...seen, came];
    if (came.outcome === "ok") return { ok: true, attempts: seen.length + 1 };
    const decision = decide(policy, [first, ...rest], { random, waitedMs, isSafe: false });
    seen.push(came);
    if (decision.do === "stop") return { ok: false, attempts: seen.length };
    waitedMs = decision.afterMs;
    nowMs += waitedMs;
  }
}

/** A policy at work: the states of its guards, for one agent, and who waits for one of them. */
import type { Ask, Guard, Place, Policy, Say, Seen } from "../agents/policy.ts";
import type { World } from "../world.ts";

/** What an attempt is for. */
export interface Called {
  readonly server: string;
  readonly tool: string;
}

export interface LetThrough {
  readonly is: "let-through";
  /** To be told what became of it: without anything seen, it was not sent after all. */
  readonly settle: (nowMs: number, seen?: Seen) => void;
}

/** Let through, to be settled with what it came to; or held back. */
export type Passage = LetThrough | { readonly is: "held"; readonly because: string; readonly fallsBack: boolean };

export interface Asking extends Omit<Ask, "nowMs"> {
  /** Nobody waits longer to be let through. */
  readonly leftMs: number;
}

export interface AgentPolicy {
  readonly policy: Policy;
  /** At once where nothing guards. */
  readonly admit: (called: Called, asking: Asking, until: AbortSignal) => Passage | Promise<Passage>;
  /** What later steps may go on with where a guard holds an op back. */
  readonly lastAnswers?: Map<string, unknown>;
}

export interface AgentPolicyOptions {
  readonly nowMs: () => number;
  readonly world: World;
}

export function openAgentPolicy(policy: Policy, options: AgentPolicyOptions): AgentPolicy {
  const posts = policy.guards.map((guard) => openPost(guard, options));
  const freely: Passage = { is: "let-through", settle: () => {} };

  const throughAll = async (called: Called, asking: Asking, until: AbortSignal): Promise<Passage> => {
    const passed: LetThrough["settle"][] = [];
    const settle: LetThrough["settle"] = (nowMs, seen) => passed.forEach((each) => each(nowMs, seen));
    for (const pass of posts) {
      const passage = await pass(called, asking, until);
      if (passage.is === "held") {
        settle(options.nowMs());
        return passage;
      }
      passed.push(passage.settle);
    }
    return { is: "let-through", settle };
  };

  return {
    policy,
    admit: (...asked) => (posts.length === 0 ? freely : throughAll(...asked)),
    ...(policy.guards.some((guard) => guard.fallsBack === true) ? { lastAnswers: new Map<string, unknown>() } : {}),
  };
}

type Post = (called: Called, asking: Asking, until: AbortSignal) => Promise<Passage>;

function openPost<State>(guard: Guard<State>, { nowMs, world }: AgentPolicyOptions): Post {
  const states = new Map<string, State>();
  const waiting = new Map<string, Set<() => void>>();

  const askedAt = (place: string, asking: Asking): Say => {
    const { state, say } = guard.ask(states.get(place) ?? guard.start, { ...asking, nowMs: nowMs() });
    states.set(place, state);
    return say;
  };

  const passage = (place: string, say: Exclude<Say, { do: "wait" }>, { isFirst }: Asking): Passage => {
    if (say.do === "hold") return { is: "held", because: say.because, fallsBack: guard.fallsBack === true };
    const { stamp = 0 } = say;
    const settle: LetThrough["settle"] = (atMs, seen) => {
      states.set(place, guard.came(states.get(place) ?? guard.start, { nowMs: atMs, isFirst, stamp, seen }));
      // Whoever has waited longest asks next.
      const [next] = waiting.get(place) ?? [];
      next?.();
    };
    return { is: "let-through", settle };
  };

  /** False when nobody has left in time. */
  const anotherLeaves = async (place: string, forMs: number, until: AbortSignal): Promise<boolean> => {
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    const queue = waiting.get(place) ?? new Set();
    waiting.set(place, queue.add(wake));
    await world.sleep(Math.max(0, forMs), AbortSignal.any([until, woken.signal]));
    queue.delete(wake);
    return woken.signal.aborted;
  };

  return async (called, asking, until) => {
    const place = placeOf(guard.per, called);
    const fromMs = nowMs();
    const { leftMs: mostMs } = asking;
    for (;;) {
      const say = askedAt(place, asking);
      if (say.do !== "wait") return passage(place, say, asking);
      const leftMs = fromMs + Math.min(say.atMostMs, mostMs) - nowMs();
      if (!(await anotherLeaves(place, leftMs, until))) {
        return { is: "held", because: say.because, fallsBack: guard.fallsBack === true };
      }
    }
  };
}

function placeOf(per: Place, { server, tool }: Called): string {
  switch (per) {
    case "agent":
      return "";
    case "server":
      return server;
    case "tool":
      return `${server}.${tool}`;
    default:
      return per satisfies never;
  }
}

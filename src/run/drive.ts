/** Starting walks when the plan wants them: open groups whatever happens, closed groups one walk after another. */
import { preparePolicy } from "../agents/written.ts";
import {
  closedStarts,
  inFlightMax,
  openArrivals,
  thinkMsAfter,
  type PlannedArrivals,
  type PlannedClosed,
  type PlannedOpen,
  type Start,
  type Stripe,
} from "../plan/arrivals.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { lagBudgetUs } from "./health.ts";
import { openThreadHealth, type ThreadHealth } from "./health-thread.ts";
import { openAgentPolicy, type AgentPolicy } from "./agent-policy.ts";
import type { AgentSessions } from "./sessions.ts";
import { usualTimesFor } from "./step-deadline.ts";
import { walkChain, type Walk, type WalkContext } from "./walk.ts";

export interface DrivenGroup {
  readonly group: ScenarioGroup;
  readonly arrivals: PlannedArrivals;
  /** Those of the stripe, by their number in the group. */
  readonly agents: ReadonlyMap<number, AgentSessions>;
}

type Begin = (agent: number, walk: number, intendedUs: number) => Promise<void>;

const restEveryUs = 10_000;

/** Resolves when every walk that was begun has ended. */
export async function drive(
  context: WalkContext,
  groups: readonly DrivenGroup[],
  { originUs, stripe, thread }: { readonly originUs: number; readonly stripe: Stripe; readonly thread: string },
): Promise<ThreadHealth> {
  const { world, recorder, seed } = context;
  const health = openThreadHealth(world, { thread, recorder, budgetUs: lagBudgetUs(groups.map(({ group }) => group)) });
  // A walk that throws is a defect of ours. It must be heard at once, not when the last arrival has come.
  const broken = Promise.withResolvers<never>();

  const prepared = groups.map((driven) => {
    const { policies, usual } = openPolicies(driven, context);
    const cacheOf = cachesOf(driven.group);
    const beginNow: Begin = (agent, walk, intendedUs) => {
      const sessions = driven.agents.get(agent);
      const policy = policies.get(agent);
      if (sessions === undefined || policy === undefined) throw new Error(`no agent ${driven.group.name}.${agent}`);
      health.onStart(recorder.nowUs() - intendedUs);
      const cache = cacheOf(agent);
      const of = { group: driven.group, policy, usual, sessions, agent, walk, intendedUs, cache };
      return walkChain(context, of).catch(broken.reject);
    };
    // What the disk cannot take must not begin; how late it begins then is told as any lag is.
    const begin: Begin = (...walk) => recorder.pressure?.()?.then(() => beginNow(...walk)) ?? beginNow(...walk);
    return { arrivals: driven.arrivals, begin };
  });

  const until = (atUs: number): boolean | Promise<boolean> => {
    const leftMs = (atUs - context.recorder.nowUs()) / 1000;
    return leftMs <= 0 ? !context.stopping.aborted : context.world.sleep(leftMs, context.stopping);
  };

  const driveOpen = async (arrivals: PlannedOpen, begin: Begin): Promise<void> => {
    const walks = countWalks(broken.reject);
    const most = inFlightMax(arrivals, stripe);
    let restedUs = context.recorder.nowUs();
    for (const { atMs, agent, walk } of openArrivals(arrivals, { seed, stripe })) {
      const intendedUs = originUs + atMs * 1000;
      const nowUs = context.recorder.nowUs();
      // Starts that are late follow one another without a pause, and answers must come in all the same.
      const atUs = nowUs - restedUs < restEveryUs ? intendedUs : Math.max(intendedUs, nowUs + 1);
      if (!(await until(atUs))) break;
      if (atUs > nowUs) restedUs = context.recorder.nowUs();
      if (walks.underWay() >= most) {
        health.dropped(1);
        continue;
      }
      walks.add(begin(agent, walk, intendedUs));
    }
    await walks.ended();
  };

  const driveClosed = async (arrivals: PlannedClosed, begin: Begin, { agent, atMs }: Start): Promise<void> => {
    const { iterations = Number.POSITIVE_INFINITY, endMs } = arrivals;
    const endUs = originUs + endMs * 1000;
    let intendedUs = originUs + atMs * 1000;
    for (let walk = 0; walk < iterations && intendedUs < endUs; walk += 1) {
      if (!(await until(intendedUs))) return;
      await begin(agent, walk, intendedUs);
      // A walk that ended at once must not become a busy loop.
      intendedUs = context.recorder.nowUs() + Math.max(1, thinkMsAfter(arrivals, { seed, agent, walk })) * 1000;
    }
  };

  const running = prepared.flatMap(({ arrivals, begin }) =>
    arrivals.is === "open"
      ? [driveOpen(arrivals, begin)]
      : [...closedStarts(arrivals, stripe)].map((from) => driveClosed(arrivals, begin, from)),
  );

  try {
    await Promise.race([Promise.all(running), broken.promise]);
  } finally {
    health.end();
  }
  return health.end();
}

/** They are only counted: thousands begin each second, and what is kept for each is felt. */
function countWalks(onBroken: (error: unknown) => void) {
  let underWay = 0;
  let last: PromiseWithResolvers<void> | undefined;
  const leave = (): void => {
    underWay -= 1;
    if (underWay === 0) last?.resolve();
  };
  return {
    underWay: () => underWay,
    add: (walking: Promise<void>): void => {
      underWay += 1;
      walking.then(leave, onBroken);
    },
    /** Once no more are added. */
    ended: async (): Promise<void> => {
      if (underWay === 0) return;
      last = Promise.withResolvers();
      await last.promise;
    },
  };
}

/** Each agent keeps states of its own. */
function openPolicies({ group, agents }: DrivenGroup, { recorder, world }: WalkContext) {
  const policy = preparePolicy(group.policy);
  const nowMs = (): number => recorder.nowUs() / 1000;
  const policies = new Map<number, AgentPolicy>();
  for (const agent of agents.keys()) policies.set(agent, openAgentPolicy(policy, { nowMs, world }));
  return { policies, usual: usualTimesFor(policy) };
}

/** What each agent had last, where a step of its chain may go on with that. */
function cachesOf({ steps }: ScenarioGroup): (agent: number) => Walk["cache"] {
  if (!steps.some(({ otherwise }) => otherwise?.is === "cached")) return () => undefined;
  const caches = new Map<number, Map<string, unknown>>();
  return (agent) => {
    const cache = caches.get(agent) ?? new Map<string, unknown>();
    caches.set(agent, cache);
    return cache;
  };
}

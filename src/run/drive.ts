/** Starting walks when the plan wants them: open groups whatever happens, closed groups one walk after another. */
import { policyKindNamed } from "../agents/registry.ts";
import type { Unstamped } from "../history/events.ts";
import { openArrivals, type PlannedArrivals } from "../plan/arrivals.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import type { AgentSessions } from "./sessions.ts";
import { walkChain, type WalkContext } from "./walk.ts";

export interface DrivenGroup {
  readonly group: ScenarioGroup;
  readonly arrivals: PlannedArrivals;
  readonly agents: readonly AgentSessions[];
}

export interface Drive {
  /** Resolves when every walk that was begun has ended. */
  readonly done: Promise<void>;
  readonly health: () => Extract<Unstamped, { type: "generator" }>;
}

export function drive(
  context: WalkContext,
  groups: readonly DrivenGroup[],
  { originUs, durationMs }: { readonly originUs: number; readonly durationMs: number },
): Drive {
  const lagsUs: number[] = [];
  // A walk that throws is a defect of ours. It must be heard at once, not when the last arrival has come.
  const broken = Promise.withResolvers<never>();

  const prepared = groups.map((driven) => {
    const policy = policyKindNamed(driven.group.policy.kind).prepare(driven.group.policy.attributes);
    const begin = async (agent: number, walk: number, intendedUs: number): Promise<void> => {
      const sessions = driven.agents[agent];
      if (sessions === undefined) throw new Error(`no agent ${driven.group.name}.${agent}`);
      lagsUs.push(context.recorder.nowUs() - intendedUs);
      const walking = walkChain(context, { group: driven.group, policy, sessions, agent, walk, intendedUs });
      await walking.catch(broken.reject);
    };
    return { arrivals: driven.arrivals, begin };
  });

  const until = async (atUs: number): Promise<boolean> => {
    const leftMs = (atUs - context.recorder.nowUs()) / 1000;
    return leftMs <= 0 ? !context.stopping.aborted : context.world.sleep(leftMs, context.stopping);
  };

  const driveOpen = async (
    arrivals: Extract<PlannedArrivals, { is: "open" }>,
    begin: (agent: number, walk: number, intendedUs: number) => Promise<void>,
  ): Promise<void> => {
    const walks = new Set<Promise<void>>();
    for (const { atMs, agent, walk } of openArrivals(arrivals, durationMs)) {
      const intendedUs = originUs + atMs * 1000;
      if (!(await until(intendedUs))) break;
      const begun = begin(agent, walk, intendedUs).finally(() => walks.delete(begun));
      walks.add(begun);
    }
    await Promise.all(walks);
  };

  const driveClosed = async (
    { iterations = Number.POSITIVE_INFINITY, thinkTimeMs, staggerMs }: Extract<PlannedArrivals, { is: "closed" }>,
    begin: (agent: number, walk: number, intendedUs: number) => Promise<void>,
    agent: number,
  ): Promise<void> => {
    const endUs = originUs + durationMs * 1000;
    let intendedUs = originUs + agent * staggerMs * 1000;
    for (let walk = 0; walk < iterations && intendedUs < endUs; walk += 1) {
      if (!(await until(intendedUs))) return;
      await begin(agent, walk, intendedUs);
      // A walk that ended at once must not become a busy loop.
      intendedUs = context.recorder.nowUs() + Math.max(1, thinkTimeMs) * 1000;
    }
  };

  const running = prepared.flatMap(({ arrivals, begin }) =>
    arrivals.is === "open"
      ? [driveOpen(arrivals, begin)]
      : Array.from({ length: arrivals.agents }, (_, agent) => driveClosed(arrivals, begin, agent)),
  );

  return {
    done: Promise.race([Promise.all(running).then(() => undefined), broken.promise]),
    health: () => healthOf(lagsUs, lagBudgetUs(groups)),
  };
}

/** How late a start may be: a tenth of the shortest patience, so that lateness cannot pass for a server's slowness. */
function lagBudgetUs(groups: readonly DrivenGroup[]): number {
  const patiencesMs = groups.flatMap(({ group }) => [
    group.policy.timeoutMs,
    ...group.steps.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs])),
  ]);
  return Math.min(500, Math.max(100, Math.min(...patiencesMs) / 10)) * 1000;
}

function healthOf(lagsUs: readonly number[], budgetUs: number): Extract<Unstamped, { type: "generator" }> {
  const sorted = lagsUs.toSorted((a, b) => a - b);
  const lagP99Us = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
  return {
    type: "generator",
    starts: sorted.length,
    lagMaxUs: Math.round(sorted.at(-1) ?? 0),
    lagP99Us: Math.round(lagP99Us),
    healthy: lagP99Us <= budgetUs,
  };
}

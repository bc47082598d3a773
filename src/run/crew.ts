/**
 * A crew: agents of a run that share a thread. They have their sessions opened before the phases begin, walk when the
 * plan wants them to, and tell what their ops come to. Of several crews each has every n-th agent of a group.
 */
import { preparePolicy } from "../agents/written.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import type { PlannedArrivals, Stripe } from "../plan/arrivals.ts";
import type { PlannedPhase } from "../plan/plan.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { wires } from "../wire/registry.ts";
import type { World } from "../world.ts";
import { drive } from "./drive.ts";
import { openAgentSessions } from "./churning.ts";
import { offersIn } from "./offers.ts";
import type { ThreadHealth } from "./health-thread.ts";
import type { OpWatch } from "./op-news.ts";
import type { SessionTarget } from "./session-target.ts";
import type { AgentSessions } from "./sessions.ts";
import { unlessStopped } from "./unless-stopped.ts";

export interface Crew {
  /** Opens the sessions; rejects with a UserError where a server opens none. */
  open(stopping: AbortSignal): Promise<void>;
  drive(start: CrewStart): CrewDrive;
  close(): Promise<void>;
}

export interface CrewStart {
  /** When the phases begin, on the history's clock. */
  readonly originUs: number;
  /** No op begins any more. */
  readonly stopping: AbortSignal;
  /** No answer is awaited any more. */
  readonly cutOff: AbortSignal;
}

export interface CrewDrive {
  /** Resolves when every walk that was begun has ended, to how each thread kept up. */
  readonly done: Promise<readonly ThreadHealth[]>;
  /** Resolves when all that has happened until now has been told to who watches. */
  tellAll(): Promise<void>;
}

export interface CrewGroup {
  readonly group: ScenarioGroup;
  readonly arrivals: PlannedArrivals;
  readonly targets: readonly SessionTarget[];
}

export interface CrewOptions {
  readonly groups: readonly CrewGroup[];
  readonly stripe: Stripe;
  /** As its writer is called. */
  readonly thread: string;
  readonly phases: readonly PlannedPhase[];
  readonly nonce: string;
  readonly seed: number;
  readonly tracer: Tracer;
  readonly recorder: Recorder;
  readonly watch: OpWatch;
  readonly world: World;
}

const openTimeoutMs = 10_000;
const openAtOnce = 16;
// Starting processes wears a machine out faster than opening connections.
const startAtOnce = 4;
const closeAtOnce = 64;

export function openCrew(options: CrewOptions): Crew {
  const { groups, stripe, thread, phases, nonce, seed, tracer, recorder, watch, world } = options;
  const crewed = groups.map((member) => ({ ...member, agents: agentsOf(member, options) }));

  return {
    open: async (stopping) => {
      for (const { targets, agents } of crewed) {
        const atOnce = targets.some(({ startsProcesses }) => startsProcesses) ? startAtOnce : openAtOnce;
        // Who has a session for each walk or call has none before.
        const lasting = [...agents.values()].filter(({ churn }) => churn === undefined);
        await inTurn(lasting, atOnce, async (agent) => {
          const opened = await unlessStopped(
            stopping,
            Promise.all(targets.map(async ({ server }) => agent.open(server))),
          );
          // A server that loses what it has just opened is there, and what becomes of its sessions is the run's news.
          for (const session of opened)
            if ("failed" in session && session.isLoss !== true) throw unreachable(session.failed);
        });
      }
    },
    drive: ({ originUs, stopping, cutOff }) => {
      const phaseAt = phaseFinder(phases, originUs);
      const context = { world, recorder, tracer, nonce, seed, env: world.env, phaseAt, stopping, cutOff, watch };
      const done = drive(context, crewed, { originUs, stripe, thread }).then((health) => [health]);
      return { done, tellAll: () => Promise.resolve() };
    },
    close: async () => {
      for (const { agents } of crewed) await inTurn([...agents.values()], closeAtOnce, (agent) => agent.close());
    },
  };
}

function agentsOf(
  { group, arrivals, targets }: CrewGroup,
  { stripe, recorder, world }: CrewOptions,
): ReadonlyMap<number, AgentSessions> {
  const openSession = wires[group.wire];
  const policy = preparePolicy(group.policy);
  const common = {
    group: group.name,
    targets,
    openSession,
    recorder,
    world,
    timeoutMs: openTimeoutMs,
    offersTo: offersIn(group),
  };
  const agents = new Map<number, AgentSessions>();
  for (let agent = stripe.index; agent < arrivals.agents; agent += stripe.of) {
    agents.set(agent, openAgentSessions({ ...common, agent }, policy));
  }
  return agents;
}

/** Some at a time, in order; the first failure keeps those behind it from being begun. */
async function inTurn<T>(all: readonly T[], atOnce: number, each: (one: T) => Promise<void>): Promise<void> {
  const waiting = all.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const one of waiting) {
      if (failed) return;
      await each(one).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, work));
}

function phaseFinder(phases: readonly PlannedPhase[], originUs: number): (intendedUs: number) => string {
  return (intendedUs) => {
    const atMs = (intendedUs - originUs) / 1000;
    const phase = phases.find(({ endMs }) => atMs < endMs);
    return phase?.phase ?? phases.at(-1)?.phase ?? "final";
  };
}

export function unreachable(says: string): UserError {
  return new UserError(says, { exitCode: exitCodes.unreachable });
}

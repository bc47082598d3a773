/**
 * All agents of a run, in crews: those that speak HTTP in threads of their own, as many as their load asks for; those
 * over stdio with the supervisor, who holds the pipes of their processes.
 */
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Declared } from "../history/declared.ts";
import type { HistoryWriter } from "../history/segments.ts";
import type { Tracer } from "../history/ids.ts";
import type { Masks } from "../masks.ts";
import { peakOf } from "../plan/moments.ts";
import type { Plan } from "../plan/plan.ts";
import type { World } from "../world.ts";
import { openCrew, type Crew, type CrewDrive, type CrewGroup } from "./crew.ts";
import type { BriefedGroup } from "./crew-messages.ts";
import { startCrewThread } from "./crew-thread.ts";
import { lagBudgetUs } from "./health.ts";
import { openThreadHealth, type ThreadHealth } from "./health-thread.ts";
import type { TokenDesk } from "./token-desk.ts";
import type { OpWatch } from "./op-news.ts";

export interface CrewsOptions {
  readonly plan: Pick<Plan, "phases" | "seed" | "arrivals"> & {
    readonly declared: Pick<Declared, "steps" | "phases">;
  };
  readonly threaded: readonly BriefedGroup[];
  readonly local: readonly CrewGroup[];
  /** How many threads, where a person has said so. */
  readonly threads?: number;
  /** The run's own. */
  readonly directory: string;
  readonly nonce: string;
  readonly masks: Pick<Masks, "known">;
  /** Absent: no identity is granted any. */
  readonly tokens?: TokenDesk;
  readonly tracer: Tracer;
  readonly recorder: HistoryWriter;
  readonly watch: OpWatch;
  readonly onUnwritten: (error: Error) => void;
  /** A thread's part of the history is closed, and holds so many events. */
  readonly onWritten: (writer: string, events: number) => void;
  readonly world: World;
}

// In a rush most of what an op allocates outlives a collection or two. V8 concludes that it always will, and allocates it
// from then on where it is collected late; there it keeps alive what it points to, and until the run is over each
// collection takes twenty milliseconds in place of two, in which nobody is answered.
const allocateYoung = "--no-allocation-site-pretenuring";

export function openCrews(options: CrewsOptions): Crew {
  // For all threads, those that are started later among them; the taps are on this one.
  setFlagsFromString(allocateYoung);
  const { plan, threaded, local, directory, nonce, masks, tokens, tracer, recorder, watch, world } = options;
  const { phases, declared, seed } = plan;
  const common = { phases, nonce, seed };
  const threads = threaded.length === 0 ? 0 : (options.threads ?? threadsFor(threaded, world.parallelism));
  const crews: Crew[] = Array.from({ length: threads }, (_, index) =>
    startCrewThread(
      {
        ...common,
        stripe: { index, of: threads },
        groups: threaded,
        declared: { steps: declared.steps, phases: declared.phases },
        groupNames: plan.arrivals.map(({ group }) => group),
        env: world.env,
        secrets: masks.known(),
        granted: tokens?.held() ?? [],
        history: {
          directory: join(directory, "history"),
          writer: `w${index + 1}`,
          originUs: recorder.originUs,
          number: recorder.number,
        },
      },
      options,
    ),
  );
  if (local.length > 0) {
    crews.push(
      openCrew({ ...common, stripe: { index: 0, of: 1 }, thread: "m", groups: local, tracer, recorder, watch, world }),
    );
  }
  return {
    open: (stopping) => all(crews.map((crew) => crew.open(stopping))),
    drive: (start) => {
      const driving = together(crews.map((crew) => crew.drive(start)));
      // Where no agent is with the supervisor, its thread is watched all the same: the taps are on it.
      return local.length > 0 ? driving : { ...driving, done: watched(driving.done, options) };
    },
    close: () => all(crews.map((crew) => crew.close())),
  };
}

function together(drives: readonly CrewDrive[]): CrewDrive {
  return {
    done: Promise.all(drives.map(({ done }) => done)).then((parts) => parts.flat()),
    tellAll: () => all(drives.map((drive) => drive.tellAll())),
  };
}

/** With how the supervisor's own thread kept up meanwhile. */
async function watched(
  done: CrewDrive["done"],
  { recorder, world, threaded }: CrewsOptions,
): Promise<readonly ThreadHealth[]> {
  const budgetUs = lagBudgetUs(threaded.map(({ group }) => group));
  const health = openThreadHealth(world, { thread: "m", recorder, budgetUs });
  try {
    const threads = await done;
    return [health.end(), ...threads];
  } finally {
    health.end();
  }
}

/** Waits for every one, whatever becomes of the others; then the first that failed is told. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(works);
  for (const work of settled) if (work.status === "rejected") throw work.reason;
}

// What one thread can do with ease; beyond it a second one keeps both punctual.
const callsOfThread = 4000;
const sessionsOfThread = 2000;
const quickCallMs = 5;

/** As many as the load may need, and no more than can run at once. */
export function threadsFor(groups: readonly Pick<BriefedGroup, "arrivals" | "group">[], parallelism: number): number {
  let calls = 0;
  let sessions = 0;
  for (const { arrivals, group } of groups) {
    const steps = group.steps.length;
    sessions += arrivals.agents * new Set(group.steps.map(({ server }) => server)).size;
    const walksPerSecond =
      arrivals.is === "open"
        ? peakOf(arrivals.model, arrivals.endMs - arrivals.startMs)
        : (arrivals.agents * 1000) / (arrivals.thinkTimeMs.least + steps * quickCallMs);
    calls += walksPerSecond * steps;
  }
  const wanted = Math.ceil(Math.max(calls / callsOfThread, sessions / sessionsOfThread));
  return Math.max(1, Math.min(parallelism, wanted));
}
